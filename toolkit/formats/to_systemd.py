"""A text as one word of a setting in a unit of systemd."""

import re

from .texts import in_quotes, line_of

BARE = re.compile(r"[A-Za-z0-9_./:+=@,-]+", re.ASCII)


def to_systemd(value: object, command: bool = False) -> str:
    """Return the text as a word that systemd takes for exactly this text.

    command: whether it is an argument of a command line (ExecStart and its like), where $ is a variable's as well.
    Raises ValueError for line breaks and other control characters.
    """
    text = line_of(value, "a unit of systemd")
    if BARE.fullmatch(text):
        return text
    escaped = text.replace("%", "%%")
    return in_quotes(escaped.replace("$", "$$") if command else escaped)
