"""Runs other programs without showing what they print."""

import subprocess
from typing import IO

from .errors import DeliveryError


def run(
    *words: str,
    given: bytes = b"",
    stdin: IO[bytes] | None = None,
    environment: dict[str, str] | None = None,
) -> bytes:
    """Return what a command prints, with the bytes given, or the open file stdin, as its standard input.

    Raises DeliveryError when the command fails, without its messages, because those name rooms.
    """
    source = None if stdin else given
    done = subprocess.run(words, stdin=stdin, input=source, capture_output=True, check=False, env=environment)
    if done.returncode:
        raise DeliveryError(f"{words[0]} ended with {done.returncode}")
    return done.stdout
