"""Files that are changed by one program at a time and are old or new at any moment, never between."""

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def changing(folder: Path) -> Iterator[None]:
    """One change in the folder at a time: of two, one would write over what the other wrote."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def write_whole(file: Path, text: str) -> None:
    """Put the new file in the old one's place at once and whole."""
    handle, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w") as new:
            new.write(text)
            new.flush()
            os.fsync(new.fileno())
        os.chmod(draft, 0o644)
        os.rename(draft, file)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(draft)
        raise
