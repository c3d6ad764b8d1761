"""YAML of a customer's, read as data: limits first, then each text with its line; nothing is built from it."""

import errno
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .files import content
from .sentences import shorten

BYTES = 256 * 1024  # of one file; accounts.yml with 400 people has 25 kB
NODES = 20_000  # values and names in one file
DEPTH = 20
LONGEST_NUMBER = 1000  # characters; Python's own limit is 4300 digits
# Encrypted text has !vault. Others would build something, or a number of a text that is none.
TAGS = {None, "!vault"}
# Without quotes they mean other places of the file, whose values would not be those that are judged.
SIGNS = ("<<", "=")
LOADER = yaml.CSafeLoader
RESOLVER = yaml.resolver.Resolver()


@dataclass(frozen=True)
class Error:
    """What is wrong at a place, as one sentence with the fix; line 0 is the file as a whole."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        file = self.file if self.file.isprintable() else ascii(self.file)
        return f"{file}{f', line {self.line}' if self.line else ''}: {self.text}"


class NotDataError(Exception):
    """A file that is no data a customer can give. Its text is the sentence; `line` is 0 for the whole file."""

    def __init__(self, text: str, line: int = 0) -> None:
        super().__init__(text)
        self.line = line


@dataclass(frozen=True)
class Text:
    """A text in the file: the path of names that leads to it, the text, its line, whether it is a name itself."""

    path: tuple[str, ...]
    text: str
    line: int
    is_name: bool
    tag: str | None = None


def read(path: Path) -> bytes:
    """The content, of regular files of a sensible size only. Raises NotDataError, and OSError like files.content."""
    try:
        return content(path, BYTES)
    except OSError as error:
        if error.errno != errno.EFBIG:
            raise
        raise NotDataError(f"the file has more than {BYTES // 1024} kB. Fix: keep settings only in it.") from None


def document(content: bytes) -> yaml.Node | None:
    """The one document, as nodes that know their lines; None where there is nothing. Raises NotDataError."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise NotDataError("this is no UTF-8. Fix: save the file as UTF-8.", line) from None
    try:
        _limit(text)
        return yaml.compose(text, Loader=LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "there are characters that YAML does not have"
        raise NotDataError(f"this is no YAML ({problem}). Fix: mend the line.", mark.line + 1 if mark else 0) from None


def _limit(text: str) -> None:
    """Refuse what is too deep or too large, or refers to itself, before a tree is made of it."""
    depth = nodes = 0
    for event in yaml.parse(text, Loader=LOADER):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent):
            raise NotDataError("an alias (*) stands for another place. Fix: write the value out.", line)
        if isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if not isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent)):
            continue
        nodes += 1
        depth += isinstance(event, yaml.CollectionStartEvent)
        if depth > DEPTH:
            raise NotDataError(f"this is nested more than {DEPTH} levels deep. Fix: no setting is.", line)
        if nodes > NODES:
            raise NotDataError(f"there are more than {NODES} values in the file. Fix: keep settings only in it.", line)
        if isinstance(event, yaml.ScalarEvent) and event.implicit[0]:
            _check_plain(event.value, line)
        if event.tag not in TAGS:
            raise NotDataError(f"the tag {str(event.tag)[:40]} is unknown. Fix: write the value without it.", line)


def _check_plain(text: str, line: int) -> None:
    """Refuse a text without quotes that is not what YAML takes it for: 2026-02-30 would end the run that reads it."""
    if text in SIGNS:
        raise NotDataError(f"{text} is a sign of YAML's. Fix: write the values out, or the text in quotes.", line)
    if not _can_be_built(text):
        raise NotDataError(f"{shown(text)} is no number and no date. Fix: write it in quotes.", line)


def _can_be_built(text: str) -> bool:
    if len(text) > LONGEST_NUMBER:
        return not re.match(r"[-+.]?\d", text)
    tag = RESOLVER.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    try:
        yaml.constructor.SafeConstructor().construct_object(yaml.ScalarNode(tag, text))
    except (ValueError, OverflowError):
        return False
    return True


def texts(node: yaml.Node | None, path: tuple[str, ...] = ()) -> Iterator[Text]:
    """Every text below the node. Raises NotDataError where a mapping has no text for a name, or a name twice."""
    if isinstance(node, yaml.ScalarNode):
        yield Text(path, node.value, node.start_mark.line + 1, False, node.tag)
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from texts(item, (*path, str(number)))
    elif isinstance(node, yaml.MappingNode):
        known: set[str] = set()
        for name, value in node.value:
            line, text = name.start_mark.line + 1, _name(name)
            if text in known:
                raise NotDataError(f"{shown(text)} stands here a second time. Fix: remove one of them.", line)
            known.add(text)
            yield Text((*path, text), text, line, True)
            yield from texts(value, (*path, text))


def _name(node: yaml.Node) -> str:
    """The name of an entry. Raises NotDataError where it is no text."""
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        raise NotDataError("braces begin a mapping here. Fix: write a text that begins with { in quotes.", line)
    raise NotDataError("brackets begin a list here. Fix: write a text that begins with [ in quotes.", line)


def plain(node: yaml.Node | None) -> Any:
    """The same as dictionaries, lists and texts. Raises NotDataError where a mapping has no text for a name."""
    if isinstance(node, yaml.MappingNode):
        return {_name(name): plain(value) for name, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [plain(item) for item in node.value]
    return node.value if isinstance(node, yaml.ScalarNode) else None


def is_empty(node: yaml.Node | None) -> bool:
    """Nothing, or an empty mapping."""
    return (
        node is None or node.tag == "tag:yaml.org,2002:null" or (isinstance(node, yaml.MappingNode) and not node.value)
    )


def shown_path(path: Path) -> Path:
    """The path as an operator in the working directory would write it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def shown(name: str) -> str:
    """A name as a sentence can hold it."""
    short = shorten(name)
    return short if re.fullmatch(r"[ -~]+", short) else ascii(short)
