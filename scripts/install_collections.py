"""Install the collections pinned in requirements.yml from the PyPI package "ansible".

usage: install_collections.py --lock FILE --python PIP_PYTHON REQUIREMENTS TARGET

Downloads the wheel that FILE pins, version and hashes, with PIP_PYTHON's pip, unpacks only the collections that
REQUIREMENTS names into TARGET/ansible_collections, and fails when the wheel carries other versions than those pinned.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import yaml


def install(requirements: Path, target: Path, lock: str, python: str) -> list[str]:
    """Unpack the pinned collections into target; returns "name version" of each."""
    pins = {c["name"]: c["version"] for c in yaml.safe_load(requirements.read_text())["collections"]}
    with tempfile.TemporaryDirectory() as download:
        pip = [python, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:"]
        file = Path(download, "lock.txt")
        file.write_text(Path(lock).read_text())  # a pipe of the caller's would not reach pip
        if subprocess.run([*pip, "--dest", download, "--requirement", file], check=False).returncode:
            sys.exit(
                "collections: the wheel that requirements-bootstrap.txt pins could not be fetched, nothing was changed"
            )
        (wheel,) = Path(download).glob("ansible-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            shutil.rmtree(target, ignore_errors=True)
            for name, version in pins.items():
                prefix = f"ansible_collections/{name.replace('.', '/')}/"
                members = [m for m in archive.namelist() if m.startswith(prefix)]
                if not members:
                    sys.exit(f"collections: {wheel.name} does not carry {name}")
                carried = json.loads(archive.read(prefix + "MANIFEST.json"))["collection_info"]["version"]
                if carried != version:
                    sys.exit(f"collections: requirements.yml pins {name} {version}, {wheel.name} has {carried}")
                archive.extractall(target, members)
    return [f"{name} {version}" for name, version in pins.items()]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lock", required=True)
    parser.add_argument("--python", required=True)
    parser.add_argument("requirements", type=Path)
    parser.add_argument("target", type=Path)
    args = parser.parse_args()
    print("collections:", ", ".join(install(args.requirements, args.target, args.lock, args.python)))
