"""A text as what a map of nginx compares with."""

import re

from .texts import line_of
from .to_nginx import quoted

SPECIAL = re.compile(r"[\\^$.|?*+(){}\[\]]")
END = r"\z"


def to_nginx_key(value: object, after: str = END) -> str:
    """Return a key of a map that only this text matches, letter by letter: nginx's plain keys know no upper case.

    after: regular expression of what follows the text, nothing when left out.
    Raises ValueError for line breaks and other control characters, and for what is too long.
    """
    text = SPECIAL.sub(r"\\\g<0>", line_of(value, "nginx"))
    if text + after == END:
        return '""'  # with which nginx compares no regular expression
    return quoted(f"~^{text}{after}")
