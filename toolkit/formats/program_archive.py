"""Programs for servers: a package of programs/ as one executable file (a zipapp) that Debian's own Python runs.

The same files give the same bytes, whenever and wherever they are packed, so that a second run changes nothing.
"""

import base64
import io
import zipfile
from pathlib import Path

PROGRAMS = Path(__file__).parents[2] / "programs"
INTERPRETER = b"#!/usr/bin/python3\n"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip archive can have


def archive_of(package: str) -> bytes:
    """Return the archive of a package in programs/, which begins in function main of its module main.

    Raises OSError where there is no such package.
    """
    start = f"import sys\n\nfrom {package}.main import main\n\nsys.exit(main())\n"
    files = {"__main__.py": start.encode()}
    for file in sorted((PROGRAMS / package).rglob("*.py")):
        files[file.relative_to(PROGRAMS).as_posix()] = file.read_bytes()
    if len(files) == 1:
        raise FileNotFoundError(f"{PROGRAMS / package} has no modules")
    archive = io.BytesIO(INTERPRETER)
    with zipfile.ZipFile(archive, "a") as packed:
        for name, content in files.items():
            # Not compressed: zlib's output differs from one version to the next.
            packed.writestr(zipfile.ZipInfo(name, EPOCH), content)
    return archive.getvalue()


def program_archive(package: str) -> str:
    """Return the archive of the package as archive_of does, base64."""
    return base64.b64encode(archive_of(package)).decode()
