"""The run of this process, for the callbacks that have a part in it."""

import os
from pathlib import Path
from typing import IO

from toolkit.runs.entry import READING, Entry
from toolkit.runs.journal import Record
from toolkit.runs.lock import hold, holder


class ThisRun:
    """Where the run leaves what it leaves; once begun, its lock and its record."""

    folder: Path | None = None  # the customer's state folder
    result = "stopped"

    def __init__(self) -> None:
        self._lock: IO[str] | None = None
        self._record: Record | None = None
        self._process = 0

    def begin(self, folder: Path, entry: Entry) -> str:
        """Take the lock where the run changes something, and write its beginning. Returns what to warn of.

        Raises LockedError, and OSError where the state folder cannot be written.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        changes = "check" not in entry["arguments"] and entry["verb"] not in READING
        warning = ""
        if changes:
            self._lock = hold(folder, entry)
        elif other := holder(folder):
            warning = f"{other}: what this run sees may change meanwhile."
        self._record, self._process = Record(folder, entry), os.getpid()
        return warning

    def end(self) -> None:
        """Write its end, unless that is done, or this is one of its children."""
        if self._record and self._process == os.getpid():
            self._record.end(self.result)
            self._record = None


RUN = ThisRun()
