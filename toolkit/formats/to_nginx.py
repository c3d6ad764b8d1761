"""A text as one parameter of a directive of nginx."""

import re

from .texts import in_quotes, line_of

# What means nothing to nginx, wherever it stands.
BARE = re.compile(r"[A-Za-z0-9_./:+=@,%-]+", re.ASCII)
# nginx reads its configuration through a buffer of 4096 bytes, which one parameter has to fit in.
LONGEST = 4000


def quoted(text: str) -> str:
    """The text in quotes. Variables in it are nginx's."""
    found = in_quotes(text)
    if len(found.encode()) > LONGEST:
        raise ValueError(f"nginx cannot have a text of more than {LONGEST} bytes here")
    return found


def to_nginx(value: object) -> str:
    """Return the text as a parameter that nginx takes for exactly this text.

    A $ becomes the variable $dollar (gate-http.conf and visitors-http.conf are included where that is needed), because
    nginx has no other form for it. Directives without variables have no texts with $.
    Raises ValueError for line breaks and other control characters, and for what is too long.
    """
    text = line_of(value, "nginx")
    return text if BARE.fullmatch(text) and len(text) < LONGEST else quoted(text.replace("$", "${dollar}"))
