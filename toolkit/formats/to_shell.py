"""A text as one word of a shell script."""

import shlex

from .texts import line_of


def to_shell(value: object) -> str:
    """Return the text as a word that a shell takes for exactly this text.

    Raises ValueError for line breaks and other control characters.
    """
    return shlex.quote(line_of(value, "a shell script"))
