"""What a server says is installed on it (roles/sbom/files/installed). No server is believed."""

import json
from collections.abc import Mapping
from typing import Any, TypedDict

from jsonschema import Draft202012Validator

from toolkit.sentences import quote


class Archive(TypedDict):
    """An apt archive, as its Release file and its address name it."""

    origin: str
    label: str
    site: str


class Package(TypedDict):
    """An installed package. listed: its archives have this version; otherwise they have another one."""

    name: str
    architecture: str
    version: str
    source: str
    source_version: str
    listed: bool
    archives: list[Archive]


class File(TypedDict):
    """A file of a program that no package brought. rendered: a role of the toolkit wrote it from settings."""

    path: str
    sha256: str
    rendered: bool


class System(TypedDict):
    """The server's Debian."""

    name: str
    codename: str


class Installed(TypedDict):
    """A server's answer. changed: when a package was last changed, in seconds since 1970."""

    system: System
    changed: int
    packages: list[Package]
    files: list[File]


class AnswerError(Exception):
    """What in a server's answer is not as the program writes it."""


def _text(what: str, pattern: str) -> dict[str, Any]:
    return {"description": what, "type": "string", "maxLength": 300, "pattern": rf"\A{pattern}\Z"}


def _mapping(what: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    form = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return form | {"description": f"{what} with {', '.join(properties)} and nothing else"}


def _list(what: str, items: Mapping[str, Any], least: int = 0) -> dict[str, Any]:
    return {"description": f"a list of {what}", "type": "array", "items": items, "minItems": least, "maxItems": 50_000}


# Neither control characters nor those that change the direction of a text, nor halves of a character.
_PRINTABLE = r"[^\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]*"
_NAME = r"[a-z0-9][a-z0-9+.-]*"
_VERSION = r"[0-9A-Za-z][0-9A-Za-z.+:~-]*"
_YES_OR_NO = {"description": "true or false", "type": "boolean"}
_ARCHIVE = _mapping("an archive", {key: _text("a printable text", _PRINTABLE) for key in ("origin", "label", "site")})
_PACKAGE = _mapping(
    "a package",
    {
        "name": _text("a package's name", _NAME),
        "architecture": _text("an architecture", r"[a-z0-9-]+"),
        "version": _text("a package's version", _VERSION),
        "source": _text("a source package's name", _NAME),
        "source_version": _text("a source package's version", _VERSION),
        "listed": _YES_OR_NO,
        "archives": _list("archives", _ARCHIVE),
    },
)
_FILE = _mapping(
    "a file",
    {
        "path": _text("a path in /usr/local", f"/usr/local/{_PRINTABLE}"),
        "sha256": _text("a SHA-256", "[0-9a-f]{64}"),
        "rendered": _YES_OR_NO,
    },
)
_SYSTEM = _mapping(
    "a system", {"name": _text("a printable text", _PRINTABLE), "codename": _text("a release's name", _NAME)}
)
_CHANGED = {"description": "a time in seconds since 1970", "type": "integer", "minimum": 0, "maximum": 253402300799}
_ANSWER = _mapping(
    "a mapping",
    {
        "system": _SYSTEM,
        "changed": _CHANGED,
        "packages": _list("packages", _PACKAGE, least=1),
        "files": _list("files", _FILE),
    },
)


def installed(text: str) -> Installed:
    """The answer, in which each package and each file is named once. Raises AnswerError."""
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        raise AnswerError(f"the answer is {quote(text)} and not JSON") from None
    for error in Draft202012Validator(_ANSWER).iter_errors(answer):
        place = error.json_path.removeprefix("$.").replace("$", "the answer")
        raise AnswerError(f"{place} is {quote(error.instance)} and not {error.schema['description']}")
    checked: Installed = answer
    names = [f"package {package['name']} ({package['architecture']})" for package in checked["packages"]]
    seen: set[str] = set()
    for name in [*names, *(f"file {file['path']}" for file in checked["files"])]:
        if name in seen:
            raise AnswerError(f"{name} is named twice")
        seen.add(name)
    return checked
