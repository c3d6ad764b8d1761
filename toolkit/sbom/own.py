"""The toolkit's own programs as they are in this checkout, and its version."""

import hashlib
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from toolkit.formats.program_archive import PROGRAMS, archive_of

ROOT = Path(__file__).parents[2]
NAME = "jitsi-on-openstack"


class Own(NamedTuple):
    """The checkout's version, and by the SHA-256 of a file on servers what of the checkout it is."""

    version: str
    programs: dict[str, str]


def own() -> Own:
    """What this checkout would put on servers as it is, and the version of the checkout."""
    contents = {f"programs/{folder.name}": archive_of(folder.name) for folder in PROGRAMS.iterdir() if folder.is_dir()}
    contents |= {
        str(path.relative_to(ROOT)): path.read_bytes() for path in ROOT.glob("roles/*/files/**/*") if path.is_file()
    }
    programs = {hashlib.sha256(content).hexdigest(): name for name, content in sorted(contents.items())}
    return Own(f"{version(NAME)}{commit()}", programs)


def commit() -> str:
    """+COMMIT, with a mark where files differ from it; nothing in a checkout without git."""
    words = ["git", "--git-dir=.git", "describe", "--always", "--dirty=.dirty", "--exclude=*", "--abbrev=12"]
    try:
        done = subprocess.run(words, cwd=ROOT, text=True, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return f"+{done.stdout.strip()}"
