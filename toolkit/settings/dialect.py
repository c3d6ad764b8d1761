"""JSON Schema as settings are judged by it.

Stricter than the standard, because roles receive a value as it was written: 2.0 is no whole number, a pattern matches
the whole text in ASCII, texts have no control characters (but line breaks where x-multiline is set) and nothing that
looks like a secret, and no list is longer than LONGEST_LIST. Errors have no message: the library would put the value
into it.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

from ..forms import FORMS
from ..sentences import looks_secret
from .schema import Schema

LONGEST_LIST = 1000  # items; the largest plan has 40 seats
# What is judged with the type, under names of its own.
UNPRINTABLE, TOO_LONG, LIKE_A_SECRET = "unprintable", "too long", "like a secret"


@dataclass(frozen=True)
class Violation:
    """What a value violates.

    path: the keys and numbers of items that lead to it; ends with the key where one is missing or unknown. keyword: of
    the schema, or one of the three above. schema: the part of it that has the keyword. is_name: the value is a key of
    what stands at path.
    """

    path: tuple[Any, ...]
    keyword: str
    value: Any
    schema: Schema
    is_name: bool


def violations(schema: Schema, settings: dict[str, Any]) -> Iterator[Violation]:
    """What settings violate, in the order of the schema; one value may violate several keywords."""
    for error in _Settings(schema).iter_errors(settings):
        is_name = "propertyNames" in error.absolute_schema_path
        yield Violation(tuple(error.absolute_path), error.validator, error.instance, error.schema, is_name)


type Keyword = Callable[[Validator, Any, Any, Schema], Iterator[ValidationError]]


def _keyword(types: type | tuple[type, ...], holds: Callable[[Any, Any], bool]) -> Keyword:
    """The keyword that judges values of these types by holds(limit, value), and passes over others."""

    def judge(validator: Validator, limit: Any, value: Any, schema: Schema) -> Iterator[ValidationError]:
        if isinstance(value, types) and not holds(limit, value):
            yield ValidationError("")

    return judge


def _has_form(name: str, text: str) -> bool:
    try:
        FORMS[name](text)
    except ValueError:
        return False
    return True


def _is_unique(wanted: bool, items: list[Any]) -> bool:
    return len(items) > LONGEST_LIST or not any(item in items[:number] for number, item in enumerate(items))


def _type(validator: Validator, name: str, value: Any, schema: Schema) -> Iterator[ValidationError]:
    if not validator.is_type(value, name):
        yield ValidationError("")
    elif isinstance(value, str):
        visible = value.replace("\n", "") if schema.get("x-multiline") else value
        if not visible.isprintable():
            yield ValidationError("", validator=UNPRINTABLE)
        elif not schema.get("writeOnly") and looks_secret(value):
            yield ValidationError("", validator=LIKE_A_SECRET)
    elif isinstance(value, (list, tuple)) and len(value) > LONGEST_LIST:
        yield ValidationError("", validator=TOO_LONG)


def _items(validator: Validator, items: Schema, value: Any, schema: Schema) -> Iterator[ValidationError]:
    if isinstance(value, (list, tuple)) and len(value) <= LONGEST_LIST:
        for number, item in enumerate(value):
            yield from validator.descend(item, items, path=number)


def _required(validator: Validator, names: list[str], value: Any, schema: Schema) -> Iterator[ValidationError]:
    for name in names if isinstance(value, dict) else ():
        if name not in value:
            yield ValidationError("", path=[name])


def _further(validator: Validator, further: Any, value: Any, schema: Schema) -> Iterator[ValidationError]:
    """additionalProperties: false, or the schema of what stands under free keys."""
    for key in value if isinstance(value, dict) else ():
        if key in schema.get("properties", {}):
            continue
        if further is False:
            yield ValidationError("", path=[key])
        elif isinstance(key, str):
            yield from validator.descend(value[key], further, path=key)


def _names(validator: Validator, names: Schema, value: Any, schema: Schema) -> Iterator[ValidationError]:
    for key in value if isinstance(value, dict) else ():
        yield from validator.descend(key, names)


def _any_of(validator: Validator, schemas: list[Schema], value: Any, schema: Schema) -> Iterator[ValidationError]:
    """The errors by the last schema, which is the general one, unless another one holds."""
    errors: list[ValidationError] = []
    for each in schemas:
        errors = list(validator.descend(value, each))
        if not errors:
            return
    yield from errors


def _one_of(validator: Validator, schemas: list[Schema], value: Any, schema: Schema) -> Iterator[ValidationError]:
    if sum(validator.evolve(schema=each).is_valid(value) for each in schemas) != 1:
        yield ValidationError("")


KEYWORDS: dict[str, Keyword] = {
    "type": _type,
    "enum": _keyword(object, lambda names, value: isinstance(value, str) and value in names),
    "const": _keyword(object, lambda wanted, value: bool(value == wanted)),
    "pattern": _keyword(str, lambda pattern, text: re.fullmatch(pattern, text, re.ASCII) is not None),
    "format": _keyword(str, _has_form),
    "minLength": _keyword(str, lambda least, text: len(text) >= least),
    "minimum": _keyword(int, lambda least, number: number >= least),
    "maximum": _keyword(int, lambda most, number: number <= most),
    "minItems": _keyword((list, tuple), lambda least, items: len(items) >= least),
    "uniqueItems": _keyword((list, tuple), _is_unique),
    "items": _items,
    "required": _required,
    "additionalProperties": _further,
    "propertyNames": _names,
    "anyOf": _any_of,
    "oneOf": _one_of,
}
_TYPES = Draft202012Validator.TYPE_CHECKER.redefine_many(
    {
        "integer": lambda checker, value: isinstance(value, int) and not isinstance(value, bool),
        "array": lambda checker, value: isinstance(value, (list, tuple)),
    }
)
_Settings = extend(Draft202012Validator, KEYWORDS, type_checker=_TYPES)
