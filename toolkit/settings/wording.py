"""How the schema is put into words: what to write, what a setting means, where a value stands."""

import re
from collections.abc import Iterable

from ..sentences import name_of
from .schema import Schema

MOST_NAMES = 20  # of those that may be written
WORDS = {
    "string": "a text",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}


def expected(schema: Schema) -> str:
    """What to write, as the end of a sentence."""
    if "x-fix" in schema:
        return str(schema["x-fix"])
    if "anyOf" in schema:
        return expected(schema["anyOf"][-1])
    if "enum" in schema:
        return f"one of {names(schema['enum'])}"
    if schema.get("type") == "integer":
        return _number(schema)
    if "properties" in schema:
        return f"a mapping of {', '.join(schema['properties'])}"
    return WORDS[schema["type"]]


def names(words: Iterable[str]) -> str:
    """The first names, in a row."""
    known = list(words)
    return ", ".join(map(name_of, known[:MOST_NAMES])) + (" ..." if len(known) > MOST_NAMES else "")


def _number(schema: Schema) -> str:
    """Words for a number with its unit and limits."""
    unit = f" of {schema['x-unit']}" if "x-unit" in schema else ""
    least = f" from {schema['minimum']}" if "minimum" in schema else ""
    zero = f", for {schema['x-zero']}," if "x-zero" in schema else ""
    most = f" to {schema['maximum']}" if "maximum" in schema else ""
    return f"a whole number{unit}{least}{zero}{most}"


def meaning(schema: Schema) -> str:
    """The first sentence of what it means, without Markdown's marks; empty where nothing is said."""
    first = re.split(r"\. |\.$", schema.get("description", ""), maxsplit=1)[0]
    return first.replace("`", "")


def place(path: Iterable[str | int]) -> str:
    """Where a value stands: jitsi_directory.servers[0]."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{name_of(step)}" for step in path)[1:]


def at(schema: Schema, path: Iterable[str | int]) -> Schema:
    """The schema of what stands at a place; an empty one where there is none."""
    for step in path:
        if isinstance(step, int):
            schema = schema.get("items", {})
        else:
            further = schema.get("additionalProperties") or {}
            schema = schema.get("properties", {}).get(step, further)
    return schema
