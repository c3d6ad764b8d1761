"""The journal: a file for each run in the state folder, its beginning in the first line and its end in the second."""

import fcntl
import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path

from toolkit.runs.entry import End, Entry, now

RUNS = "runs"


class Record:
    """The file of a run that goes on; locked, so that readers know that it does."""

    def __init__(self, folder: Path, entry: Entry) -> None:
        (folder / RUNS).mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{entry['process']}.json"
        self._file = os.open(folder / RUNS / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        fcntl.lockf(self._file, fcntl.LOCK_EX)
        self._began = time.monotonic()
        self._write(entry)

    def end(self, result: str) -> None:
        """Write how the run ended."""
        end: End = {"ended": now(), "seconds": round(time.monotonic() - self._began), "result": result}
        self._write(end)
        os.close(self._file)

    def _write(self, line: Entry | End) -> None:
        os.write(self._file, f"{json.dumps(line)}\n".encode())
        os.fsync(self._file)
