"""A line of LDIF."""

import base64
import re

from .texts import line_of

# RFC 2849: SAFE-STRING, and without a blank at the end.
PLAIN = re.compile(r"([!-9;=-~]([ -~]*[!-~])?)?", re.ASCII)


def to_ldif(value: object, attribute: str) -> str:
    """Return the line that says the attribute has this value.

    Raises ValueError for line breaks and other control characters.
    """
    text = line_of(value, "LDIF")
    plain = PLAIN.fullmatch(text)
    return f"{attribute}: {text}" if plain else f"{attribute}:: {base64.b64encode(text.encode()).decode()}"
