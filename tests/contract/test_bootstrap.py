"""What bootstrap fetches beside requirements.txt: only files with a known hash."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile

import pytest
from contract import ROOT

MANIFEST = '{"collection_info": {"version": "1.2.3"}}'


@pytest.fixture
def wheel(tmp_path):
    """A wheel such as ansible's, with one collection, on an index of its own."""
    path = tmp_path / "index" / "ansible-14.0.0-py3-none-any.whl"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ansible_collections/acme/tools/MANIFEST.json", MANIFEST)
        archive.writestr("ansible-14.0.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: ansible\nVersion: 14.0.0\n")
        archive.writestr("ansible-14.0.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("ansible-14.0.0.dist-info/RECORD", "")
    (tmp_path / "requirements.yml").write_text("collections: [{name: acme.tools, version: 1.2.3}]\n")
    return path


def install(wheel, *hashes):
    """Install the collection of the wheel locked with these hashes; the folder of the collection, and what was said."""
    folder = wheel.parent.parent
    (folder / "lock").write_text(" ".join(["ansible==14.0.0", *(f"--hash=sha256:{digest}" for digest in hashes)]))
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/install_collections.py", "--lock", folder / "lock",
         "--python", ROOT / ".tools/bin/python", folder / "requirements.yml", folder / "collections"],
        env=os.environ | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheel.parent)},
        text=True, capture_output=True, check=False,
    )  # fmt: skip
    return folder / "collections/ansible_collections/acme/tools/MANIFEST.json", done


def test_the_wheel_with_the_locked_hash_is_unpacked(wheel):
    manifest, done = install(wheel, hashlib.sha256(wheel.read_bytes()).hexdigest())
    assert manifest.read_text() == MANIFEST, done.stderr


@pytest.mark.parametrize("hashes", [[hashlib.sha256(b"another one").hexdigest()], []], ids=["another", "none"])
def test_a_wheel_whose_hash_is_not_locked_is_refused(wheel, hashes):
    manifest, done = install(wheel, *hashes)
    assert done.returncode == 1
    assert "collections: the wheel that requirements-bootstrap.txt pins could not be fetched" in done.stderr
    assert not manifest.exists()


def test_an_installer_whose_hash_is_not_locked_never_runs(tmp_path):
    """Whoever serves the packages has another uv of the locked version."""
    for name in ("scripts/bootstrap", "requirements.txt", "requirements-bootstrap.txt", "requirements.yml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    lock = (ROOT / "requirements-bootstrap.txt").read_text()
    version = next(line for line in lock.splitlines() if line.startswith("uv==")).split()[0].removeprefix("uv==")
    index, about = tmp_path / "index", f"uv-{version}.dist-info"
    index.mkdir()
    with zipfile.ZipFile(index / f"uv-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr("exchanged.py", "def main(): open('pwned', 'w')\n")
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: uv\nVersion: {version}\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{about}/entry_points.txt", "[console_scripts]\nuv = exchanged:main\n")
        archive.writestr(f"{about}/RECORD", "")
    done = subprocess.run(
        ["scripts/bootstrap"],
        cwd=tmp_path, env=os.environ | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index)},
        text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert not (tmp_path / "pwned").exists()
    assert done.returncode == 1
    assert "DO NOT MATCH THE HASHES" in done.stderr
