"""What claims of a provider say of a person. A claim is named by its path, for example context.user.id."""

import re
from collections.abc import Mapping
from typing import Any

LONGEST_LOGIN = 255


def claim(claims: Mapping[str, Any], path: str) -> Any:
    """Return the claim at a path, None where there is none. A name with dots (a URL) is one key, too."""
    if path in claims:
        return claims[path]
    value: Any = claims
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def login_of(claims: Mapping[str, Any], path: str) -> str:
    """Return the login, lower case; empty when the claim is no login."""
    value = claim(claims, path)
    if isinstance(value, str) and re.fullmatch(r"[^\x00-\x1f\x7f]+", value) and len(value) <= LONGEST_LOGIN:
        return value.lower()
    return ""


def is_moderator(claims: Mapping[str, Any], path: str, wanted: str) -> bool:
    """Return whether the claim is, or has in its list, the wanted text; without one it has to be true."""
    value = claim(claims, path)
    if not wanted:
        return value is True or value == "true"
    return wanted in (value if isinstance(value, list) else [value])
