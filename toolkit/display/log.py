"""The log of a run: Ansible's own output, whole, in one file that only its owner reads."""

import os
from pathlib import Path

MOST = 64 * 1024 * 1024  # bytes; one run has about one million
BEFORE, BEHIND = 6, 20  # lines around a failure


class RunLog:
    """FOLDER/run.log; the one of the run before is run.log.1. What cannot be written is no reason to end a run."""

    def __init__(self, most: int = MOST) -> None:
        self.path: Path | None = None
        self.error = "the run did not get that far, or no folder is known for it"
        self.size = self.lines = 0
        self._file, self._most = -1, most

    def open(self, folder: Path | None) -> None:
        """Begin in the folder, unless it has begun."""
        if folder and not self.path:
            self.path, self.error = folder / "run.log", ""
            try:
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                if self.path.exists():
                    self.path.replace(self.path.with_name("run.log.1"))
                self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            except OSError as error:
                self.error = f"{error.strerror}: {error.filename}"

    @property
    def shown(self) -> Path | None:
        """Its path, as short as it can be written here."""
        here = Path.cwd()
        return self.path.relative_to(here) if self.path and self.path.is_relative_to(here) else self.path

    def write(self, text: str) -> None:
        """One message with its line's end, at once: what runs beside this process may write, too."""
        if self._file < 0 or self.size >= self._most:
            return
        raw = text.encode(errors="replace")
        if self.size + len(raw) > self._most:
            raw, self.size = b"The log ends here, for it has reached its size.\n", self._most
        try:
            os.write(self._file, raw)
        except OSError as error:
            self.error, self._file = str(error.strerror), -1
        self.size += len(raw)
        self.lines += raw.count(b"\n")

    def around(self, since: int, size: int, lines: int) -> list[tuple[int, str]]:
        """Lines with their numbers around where the log had this size and so many lines; none from before since."""
        if self._file < 0:
            return []
        ahead, behind = self._read(max(since, size - 2000), size), self._read(size, min(self.size, size + 4000))
        ahead = ahead[-BEFORE:]
        return list(enumerate(ahead + behind[:BEHIND], lines - len(ahead) + 1))

    def _read(self, first: int, last: int) -> list[str]:
        return os.pread(self._file, last - first, first).decode(errors="replace").splitlines()
