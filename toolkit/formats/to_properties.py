"""Data as a file of Java properties."""

from collections.abc import Iterator, Mapping
from typing import Any

EVERYWHERE = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f"}
IN_NAMES = EVERYWHERE | {character: "\\" + character for character in " :=#!"}


def _escaped(text: str, escapes: Mapping[str, str]) -> str:
    """What Java's reader takes for this text; beyond ASCII by number, because its file is Latin-1."""
    units = ("".join(escapes.get(character, character) for character in text)).encode("utf-16-be")
    codes = [int.from_bytes(units[place : place + 2]) for place in range(0, len(units), 2)]
    return "".join(chr(code) if 32 <= code < 127 else f"\\u{code:04x}" for code in codes)


def _value(name: str, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, (str, int, float)):
        raise ValueError(f"{name} is neither a text nor a number nor true or false")
    text = _escaped(str(value), EVERYWHERE)
    return "\\" + text if text.startswith(" ") else text


def _lines(data: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    for key, value in data.items():
        name = ".".join((*path, str(key)) if key != "" else path)
        if isinstance(value, dict):
            yield from _lines(value, (*path, str(key)))
        else:
            yield name, f"{_escaped(name, IN_NAMES)}={_value(name, value)}\n"


def to_properties(data: Mapping[str, Any]) -> str:
    """Return the data as lines of Java properties.

    Raises ValueError for a name that stands twice and for a value that is no text, number or truth value.
    """
    if not isinstance(data, Mapping):
        raise ValueError("needs a mapping")
    lines = list(_lines(data))
    names = [name for name, _ in lines]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)} stands twice")
    return "".join(line for _, line in lines)
