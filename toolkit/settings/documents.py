"""What is printed from the schema: the defaults, the reference page, and the schema for editors."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from .schema import Schema, former_names, parts, secrets, whole
from .wording import expected

LONGEST_LINE = 120
ROOT = Path(__file__).parents[2]


def defaults_yml() -> str:
    """Every default as Ansible reads it, in the order of the parts."""
    lines = [
        "---",
        "# Printed by scripts/settings from toolkit/settings/schema: change that. The defaults of all settings, whose",
        "# meaning is in docs/settings.md. A customer's own values stand in group_vars/jitsi/main.yml of a folder.",
    ]
    for part in parts():
        lines += ["", f"# {part['title']}"]
        for name, setting in part["properties"].items():
            lines += _lines(name, setting["default"]) if "default" in setting else ()
    return "\n".join(lines) + "\n"


def _lines(name: str, value: object, margin: str = "") -> Iterator[str]:
    """The setting as YAML, on several lines where one would be too long."""
    line = f"{margin}{name}: {_flow(value)}"
    if len(line) <= LONGEST_LINE or not isinstance(value, (dict, list)):
        yield line
        return
    yield f"{margin}{name}:"
    for inner in value:
        if isinstance(value, dict):
            yield from _lines(inner, value[inner], f"{margin}  ")
        else:
            yield f"{margin}  - {_flow(inner)}"


HEAD = """<!-- Printed by scripts/settings from toolkit/settings/schema: change that. -->

# Settings

What a customer can set in `group_vars/jitsi/main.yml` of the customer's folder. What is **required** must stand there,
everything else has a default. Secrets stand in the encrypted `group_vars/jitsi/vault.yml` beside it. `make validate`
refuses what is not listed here. A path that begins with neither `/` nor `~` is looked for in the customer's folder.

`NAME[]` is every item of a list, `NAME.*` every entry of a mapping whose keys are free.
"""
RENAMED = """## Renamed settings

A former name is refused with the present one.

| Former name | Name |
| --- | --- |"""


def reference_md() -> str:
    """The reference page: per part a table of its settings."""
    lines = [HEAD]
    for part in parts():
        lines += [f"## {part['title']}", "", "| Setting | Value | Default | Meaning |", "| --- | --- | --- | --- |"]
        for name, setting in part["properties"].items():
            lines += [f"| {' | '.join(row)} |" for row in _rows(name, setting, name in part.get("required", []))]
        lines.append("")
    lines.append(RENAMED)
    lines += [f"| `{old}` | `{name}` |" for old, name in former_names().items()]
    return "\n".join(lines) + "\n"


def _rows(name: str, setting: Schema, is_required: bool) -> Iterator[tuple[str, str, str, str]]:
    """Name, value, default and meaning of a setting and of all that it contains."""
    default = "**required**" if is_required else f"`{_flow(setting['default'])}`" if "default" in setting else ""
    if "properties" in setting and isinstance(setting.get("default"), dict):
        default = ""  # each key has its own below
    yield f"`{name}`", _value(setting), default, setting.get("description", "").replace("|", "\\|")
    if "properties" in setting.get("items", {}):
        yield from _keys(f"{name}[]", setting["items"], {})
    if isinstance(setting.get("additionalProperties"), dict):
        yield from _keys(f"{name}.*", setting["additionalProperties"], {})
    if "properties" in setting:
        yield from _keys(name, setting, setting.get("default", {}))


def _keys(name: str, setting: Schema, defaults: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    for key, inner in setting["properties"].items():
        inner = inner | ({"default": defaults[key]} if key in defaults else {})
        yield from _rows(f"{name}.{key}", inner, key in setting.get("required", []) and key not in defaults)


def _value(setting: Schema) -> str:
    """What may be written."""
    if "enum" in setting and "x-fix" not in setting:
        text = ", ".join(f"`{name}`" for name in setting["enum"])
    elif "x-key-of" in setting:
        text = f"a key of `{setting['x-key-of']}`"
    elif "properties" in setting:
        text = "a mapping"
    else:
        text = _plain(expected(setting))
    if "items" in setting and "properties" not in setting["items"]:
        text += f"; each {_value(setting['items'])}"
    if setting.get("anyOf", [{}])[0] == {"const": ""} and '""' not in text:
        text += ", or empty"
    return f"secret: {text}" if setting.get("writeOnly") else text


def _plain(text: str) -> str:
    """Characters that Markdown would read in its own way, escaped."""
    for character in "\\|<>*":
        text = text.replace(character, f"\\{character}")
    return text


def _flow(value: object) -> str:
    """The value as YAML on one line."""
    text = yaml.safe_dump([value], default_flow_style=True, width=10_000, allow_unicode=True, sort_keys=False)
    return text.strip()[1:-1]


def editor_json() -> str:
    """The schema for editors of main.yml: without what stands in other files of the customer's folder."""
    elsewhere = secrets() | {name for name, setting in whole()["properties"].items() if "x-file" in setting}
    schema = whole() | {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": "Printed by scripts/settings from toolkit/settings/schema: change that.",
        "title": "Settings of a customer",
        "required": [name for name in whole()["required"] if name not in elsewhere],
        "properties": {name: setting for name, setting in whole()["properties"].items() if name not in elsewhere},
    }
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


EDITOR = ROOT / "docs/settings.schema.json"
# File to what prints it.
DOCUMENTS: dict[Path, Callable[[], str]] = {
    ROOT / "group_vars/all/settings.yml": defaults_yml,
    ROOT / "docs/settings.md": reference_md,
    EDITOR: editor_json,
}
