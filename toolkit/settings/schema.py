"""The schema of the settings, read from the files in schema/."""

import functools
from pathlib import Path
from typing import Any

import yaml

type Schema = dict[str, Any]

FOLDER = Path(__file__).parent / "schema"
# In the order in which documents show them and errors are told.
PARTS = (
    "conference",
    "users",
    "rooms",
    "page",
    "media",
    "stream",
    "recording",
    "telephone",
    "software",
    "cloud",
)
TYPES = "#/$defs/"
# What parts have besides settings; joined for the whole.
LISTS = ("required", "allOf")


def _read(name: str) -> Schema:
    content: Schema = yaml.load((FOLDER / f"{name}.yml").read_text(), Loader=yaml.CSafeLoader)
    return content


@functools.cache
def named_types() -> dict[str, Schema]:
    """Name to schema of each type that several settings have."""
    types: dict[str, Schema] = _read("types")["$defs"]
    return {name: _expanded(schema, types) for name, schema in types.items()}


def _expanded(node: Any, types: dict[str, Schema]) -> Any:
    """The same with the named types in place of their names."""
    if isinstance(node, list):
        return [_expanded(item, types) for item in node]
    if not isinstance(node, dict):
        return node
    named = _expanded(types[node["$ref"].removeprefix(TYPES)], types) if "$ref" in node else {}
    return named | {key: _expanded(value, types) for key, value in node.items() if key != "$ref"}


@functools.cache
def parts() -> tuple[Schema, ...]:
    """The parts: each with its title and its settings (properties), named types in place of their names."""
    types = named_types()
    return tuple(_expanded(_read(name), types) for name in PARTS)


@functools.cache
def whole() -> Schema:
    """The schema of all settings together. Nobody may change what this returns."""
    joined: Schema = {"type": "object", "additionalProperties": False}
    for name in LISTS:
        joined[name] = [item for part in parts() for item in part.get(name, [])]
    joined["properties"] = {name: setting for part in parts() for name, setting in part["properties"].items()}
    return joined


@functools.cache
def defaults() -> dict[str, Any]:
    """Name to default of each setting that has one."""
    return {name: setting["default"] for name, setting in whole()["properties"].items() if "default" in setting}


@functools.cache
def secrets() -> frozenset[str]:
    """Names of the settings that stand in vault.yml and are never shown."""
    return frozenset(name for name, setting in whole()["properties"].items() if setting.get("writeOnly"))


@functools.cache
def former_names() -> dict[str, str]:
    """Former name of a setting to its present one."""
    return {old: name for name, setting in whole()["properties"].items() for old in setting.get("x-formerly", [])}


def renamed(name: object) -> str:
    """The present name of a setting that was called so; empty for other names."""
    return former_names().get(name, "") if isinstance(name, str) else ""
