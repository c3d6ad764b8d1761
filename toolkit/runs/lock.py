"""The lock of a customer: one run at a time changes what the customer has."""

import fcntl
import json
import os
from pathlib import Path
from typing import IO

from toolkit.runs.entry import Entry

LOCK = "lock"


class LockedError(Exception):
    """Another run changes the customer; says whose."""


def hold(folder: Path, entry: Entry) -> IO[str]:
    """Hold the lock in the state folder until the file is closed. Raises LockedError where another run holds it.

    The system takes the lock from a process that ends, however it ended, and no child inherits it.
    """
    file = os.fdopen(os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600), "r+")
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        with file:
            raise LockedError(_sentence(file.read())) from None
    file.truncate()
    file.write(json.dumps(entry))
    file.flush()
    return file


def holder(folder: Path) -> str:
    """Who changes the customer now, as a sentence; nothing where nobody does."""
    try:
        with (folder / LOCK).open() as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return _sentence(file.read())
    except OSError:
        pass
    return ""


def _sentence(written: str) -> str:
    """Who holds the lock; a run that has just taken it has not written its entry yet."""
    try:
        entry: Entry = json.loads(written)
        run = f"{entry['who']} (process {entry['process']}) has been running {entry['verb']} since {entry['began']}"
    except (ValueError, KeyError, TypeError):
        run = "another run has just begun"
    return f"{run} for this customer"
