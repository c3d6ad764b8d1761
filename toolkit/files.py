"""Files on the operator's machine that a customer's settings name."""

import errno
import os
import stat
from pathlib import Path

# Certificates with their chains, keys and texts: the largest list of authorities has about 250 kB.
BYTES = 1_000_000


def content(path: Path, most: int = BYTES) -> bytes:
    """What is in a regular file of so many bytes at most.

    Raises OSError, whose strerror says why not: devices and pipes are neither waited for nor read without end.
    """
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it has more than {most // 1000} kB")
    return data


def is_within(path: Path, folder: Path) -> bool:
    """Whether the path leads into the folder, links followed."""
    # Path.resolve() raises an error for links that lead in a circle.
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))
