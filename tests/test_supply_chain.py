"""What comes from elsewhere is the same for everybody: one version, and a hash or a signature that says so."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
FILES = subprocess.run(["git", "ls-files"], cwd=ROOT, text=True, capture_output=True, check=True).stdout.splitlines()
LOCKS = [name for name in FILES if re.fullmatch(r"(.*/)?requirements.*\.txt", name)]
# What is run or read by programs; tests and documents write of what must not be.
RUN = [
    name
    for name in FILES
    if name.startswith((".ci/", "lab/", "molecule/", "playbooks/", "roles/", "group_vars/", "scripts/", "Makefile"))
    and not name.endswith((".md", ".txt"))
]


def lines(names):
    """Place and text of each command, continued lines in one."""
    for name in names:
        try:
            text = (ROOT / name).read_text()
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue
        for line in text.replace("\\\n", " ").splitlines():
            if not line.lstrip().startswith("#"):
                yield f"{name}: {line.strip()}"


def unlocked(text):
    """The entries of a lock that are no version with a hash."""
    entries = [entry.strip() for entry in text.replace("\\\n", " ").splitlines() if entry.strip()]
    pinned = re.compile(r"[A-Za-z0-9._-]+(\[[\w,]+\])?==\S+( ; [^#]+?)?( +--hash=sha256:[0-9a-f]{64})+")
    return [entry[:80] for entry in entries if not entry.startswith("#") and not pinned.fullmatch(entry)]


@pytest.mark.parametrize("name", LOCKS)
def test_every_python_package_has_one_version_and_its_hashes(name):
    assert unlocked((ROOT / name).read_text()) == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (f"a==1 --hash=sha256:{'0' * 64}", 0),
        (f"a==1 ; python_version < '4' \\\n    --hash=sha256:{'0' * 64}", 0),
        ("a==1", 1),
        (f"a>=1 --hash=sha256:{'0' * 64}", 1),
        ("a @ https://a.example/a.whl", 1),
        ("--index-url https://a.example/", 1),
    ],
)
def test_what_is_unlocked(text, number):
    assert len(unlocked(text)) == number


def test_every_installation_asks_for_hashes():
    """pip of any kind; offline it fetches nothing."""
    found = [line for line in lines(RUN) if re.search(r"\bpip\"?,? \"?(install|sync|download)\b", line)]
    assert len(found) >= 5
    assert [line for line in found if "--require-hashes" not in line and "--offline" not in line] == []


def test_nothing_is_run_from_a_registry_without_a_version():
    """Actions and hooks by their commit, images by their digest; npm and npx with a version."""
    loose = [
        r"^[^:]*: *-? *uses: (?!\./)(?!\S+@[0-9a-f]{40}\b)",
        r"\b(npx|npm (install|i|exec)|uvx|pipx)\s",
        r"^[^:]*: *image: (?!.*@sha256:[0-9a-f]{64})\S*[/:]",
        r"^[^:]*: *FROM (?!scratch)(?!.*@sha256:)",
        r"(curl|wget)\b[^|]*\|\s*(sudo )?(ba)?sh\b",
        r"\bgit clone\b.*(https?|git@)",
    ]
    workflows = [name for name in FILES if name.startswith(".github/") or name.endswith(".pre-commit-config.yaml")]
    found = [line for line in lines({*RUN, *workflows}) for pattern in loose if re.search(pattern, line)]
    assert found == []


def test_no_signature_and_no_certificate_goes_unchecked():
    """Molecule's checks ask hosts whose authority is the tests' own."""
    loose = (
        r"trusted[=:] *yes|allow[-_]?unauthenticated|AllowInsecure|apt-key\b|validate_certs: *(false|no)\b|--insecure\b"
    )
    assert [line for line in lines(RUN) if re.search(loose, line) and not line.startswith("molecule/")] == []


def test_every_collection_is_pinned():
    pins = yaml.safe_load((ROOT / "requirements.yml").read_text())["collections"]
    assert [pin["name"] for pin in pins if not re.fullmatch(r"[0-9]+(\.[0-9]+){2}", str(pin.get("version")))] == []
