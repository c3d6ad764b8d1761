"""What every program does around its work: the environment of Ansible, signals, errors of files."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(work: Callable[[list[str]], None], refuse: Callable[[str], None]) -> None:
    """Do the work with the words of the command line; refuse is told which file cannot be read or written."""
    os.environ.setdefault("ANSIBLE_CONFIG", str(ROOT / "ansible.cfg"))  # as scripts/environment says
    # A plain kill unwinds like Ctrl-C, so that drafts and private files go, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        work(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        refuse(f"{error.filename or 'a file'} cannot be read or written: {error.strerror}.")
