"""What is wrong with a customer's settings, one sentence per error."""

import re
from collections.abc import Iterable
from typing import Any

from ..sentences import looks_secret, name_of, nearest, one_of, quote
from .dialect import LIKE_A_SECRET, LONGEST_LIST, TOO_LONG, UNPRINTABLE, Violation, violations
from .schema import Schema, renamed, whole
from .wording import at, expected, meaning, place

type Path = tuple[Any, ...]

NAME = "[A-Za-z_][A-Za-z0-9_]{0,40}"
GUESSES = 20  # unknown names that are compared with the known ones, a hundredth of a second each
# Of what one value violates the first in this order is told; all else lies between.
FIRST, LAST = ("type", "enum", UNPRINTABLE, TOO_LONG), (LIKE_A_SECRET,)


def setting_errors(
    settings: dict[str, Any], unreadable: dict[str, str] | None = None, schema: Schema | None = None
) -> list[str]:
    """The errors of settings, name to value, in the order of the schema.

    unreadable: the place of what could not be evaluated, such as jitsi_page_colors.dark, to the reason; nothing else is
    said of it. schema: that of all settings unless another one is given.
    """
    report = _Report(_with_catalogues(schema or whole(), settings), settings, unreadable or {})
    sentences = [report.unread(path, reason) for path, reason in report.unreadable.items()]
    for violation in _one_per_value(violations(report.schema, settings)):
        sentences += report.sentence(violation)
    return sentences


def _with_catalogues(schema: Schema, settings: dict[str, Any]) -> Schema:
    """The schema with the keys of a catalogue as what may be written where x-key-of names that."""
    found = {}
    for name, setting in schema["properties"].items():
        catalogue = settings.get(setting.get("x-key-of"))
        if isinstance(catalogue, dict):
            found[name] = setting | {"enum": [key for key in catalogue if isinstance(key, str)]}
    return schema | {"properties": schema["properties"] | found} if found else schema


def _one_per_value(found: Iterable[Violation]) -> Iterable[Violation]:
    """The violation to tell of each value."""
    told: dict[tuple[Any, ...], Violation] = {}
    for each in found:
        name = (type(each.value), each.value) if each.is_name else ()
        # 1 and true are the same key to a dictionary, and not to those who wrote them.
        value = (*((type(step), step) for step in each.path), name)
        if value not in told or _rank(each) < _rank(told[value]):
            told[value] = each
    return told.values()


def _rank(violation: Violation) -> tuple[int, bool]:
    keyword = violation.keyword
    order = FIRST.index(keyword) if keyword in FIRST else len(FIRST) + (keyword in LAST)
    # The same may be said twice, by the type and by what holds besides; who knows the fix comes first.
    return order, "x-fix" not in violation.schema


class _Report:
    """Puts errors into words."""

    def __init__(self, schema: Schema, settings: dict[str, Any], unreadable: dict[str, str]) -> None:
        self.schema, self.settings, self.unreadable = schema, settings, unreadable
        self.guesses = 0

    def unread(self, path: str, reason: str) -> str:
        name = re.split(r"[.\[]", path)[0]
        if name not in self.schema["properties"]:
            return self.unknown((), path)
        shown = "the reason is not shown" if self.is_secret((name,)) else reason[:120]
        return f"{path} cannot be read ({shown}): write a plain value."

    def sentence(self, violation: Violation) -> list[str]:
        """The violation as a sentence; none where another one says it already."""
        path = violation.path
        if violation.keyword == "additionalProperties":
            return [self.unknown(path[:-1], path[-1])]
        if place(path) in self.unreadable:
            return []
        match violation.keyword:
            case "required":
                return [self.missing(path)]
            case "oneOf":
                return self.together(violation)
            case _:
                return [self.refused(violation)]

    def is_secret(self, path: Path) -> bool:
        return bool(at(self.schema, path[:1]).get("writeOnly"))

    def is_unshown(self, path: Path) -> bool:
        return self.is_secret(path) or bool(at(self.schema, path).get("x-unshown"))

    def unknown(self, path: Path, key: object) -> str:
        """The sentence of a key that is none below path."""
        where = place(path)
        prefix = f"{where}." if path else ""
        if not path and (name := renamed(key)):
            return f"{key} is now {name}: rename it."
        self.guesses += 1
        known = list(at(self.schema, path).get("properties", {}))
        near = nearest(key, known) if self.guesses <= GUESSES else []
        if near:
            return f"{prefix}{name_of(key)} is not a setting: write {prefix}{near[0]}."
        fix = f"{where} has {', '.join(sorted(known))}" if path else "docs/settings.md lists all of them"
        # What was pasted in place of a name may be a secret.
        if path and isinstance(key, str) and not re.fullmatch(NAME, key):
            return f"a key of {where} is not a setting: {fix}."
        return f"{prefix}{name_of(key)} is not a setting: {fix}."

    def missing(self, path: Path) -> str:
        file = "vault.yml" if self.is_secret(path) else at(self.schema, path[:1]).get("x-file", "main.yml")
        means = meaning(at(self.schema, path))
        note = f" ({means})" if means else ""
        return f"{place(path)} is missing: write it in group_vars/jitsi/{file}{note}."

    def together(self, violation: Violation) -> list[str]:
        """The error of keys of which exactly one is to be given."""
        keys = [each["required"][0] for each in violation.schema["oneOf"]]
        places = {key: place([*violation.path, key]) for key in keys}
        given = [places[key] for key in keys if key in violation.value]
        if given:
            return [f"{' and '.join(given)} exclude each other: write only one of them."]
        if any(each in self.unreadable for each in places.values()):
            return []
        return [f"{place(violation.path)} is incomplete: write {one_of(list(places.values()))}."]

    def refused(self, violation: Violation) -> str:
        where, value = f"{'a key of ' if violation.is_name else ''}{place(violation.path)}", violation.value
        state = quote(value)
        if self.is_unshown(violation.path):
            state = "refused, and not shown because it is secret"
        elif looks_secret(value):
            state = "refused, and not shown because it looks like a secret"
        return f"{where} is {state}: write {_fix(violation)}."


def _fix(violation: Violation) -> str:
    """What to write instead of a value."""
    schema, value = violation.schema, violation.value
    if violation.keyword == "type":
        return _fix_of_type(schema, value)
    if violation.keyword == "enum":
        near = nearest(value, schema["enum"])
        return near[0] if near else expected(schema)
    if violation.keyword == UNPRINTABLE:
        return f"{expected(schema)}, without control characters"
    if violation.keyword == TOO_LONG:
        return f"{LONGEST_LIST} items at most"
    return "it without what is secret" if violation.keyword == LIKE_A_SECRET else expected(schema)


def _fix_of_type(schema: Schema, value: object) -> str:
    """What to write instead of a value of another type."""
    if schema["type"] == "string" and isinstance(value, (bool, int, float)):
        return f"{schema['x-fix']}, in quotes" if "x-fix" in schema else "it in quotes, because it is a text"
    return expected(schema)
