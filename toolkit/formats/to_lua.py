"""Python data as a Lua literal."""

import math
import re

INDENT = "  "
LONG = 2**63
KEYWORDS = {
    *("and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil"),
    *("not", "or", "repeat", "return", "then", "true", "until", "while"),
}


def _text(value: str) -> str:
    value.encode()  # no halves of characters
    escaped = "".join(
        f"\\{ord(c):03d}" if ord(c) < 32 or ord(c) == 127 else "\\" + c if c in '"\\' else c for c in value
    )
    return f'"{escaped}"'


def _number(value: float) -> str:
    if isinstance(value, int) and not -LONG < value < LONG:
        raise ValueError("a whole number in Lua has 64 bits")
    if not math.isfinite(value):
        raise ValueError("Lua has no literal for this number")
    return repr(value + 0)


def _key(key: object) -> str:
    if isinstance(key, str) and re.fullmatch(r"[A-Za-z_]\w*", key, re.ASCII) and key not in KEYWORDS:
        return key
    if not isinstance(key, str | int):
        raise ValueError(f"a key in Lua is a text or a whole number and not a {type(key).__name__}")
    return f"[{to_lua(key)}]"


def _table(items: list[str], depth: int) -> str:
    inner = INDENT * (depth + 1)
    return "{" + "".join(f"\n{inner}{item};" for item in items) + (f"\n{INDENT * depth}" if items else "") + "}"


def to_lua(value: object, depth: int = 0) -> str:
    """Return value as a Lua expression; depth is the level of indentation it starts on.

    Raises ValueError for what Lua has no literal for.
    """
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return _number(value)
    if isinstance(value, str):
        return _text(str(value))
    if isinstance(value, dict):
        return _table([f"{_key(k)} = {to_lua(v, depth + 1)}" for k, v in value.items()], depth)
    if isinstance(value, (list, tuple)):
        return _table([to_lua(v, depth + 1) for v in value], depth)
    raise ValueError(f"cannot print a {type(value).__name__} as Lua")
