"""No pattern of our own daemons tries the same text twice: strangers choose what they read, and how long it is.

A pattern that can match a text in two ways is tried in all of them when the end does not fit. So there is at most one
repetition without a limit in a pattern, and where the search may begin anywhere, nothing follows it.
"""

import ast
import re._constants as kind
import re._parser as parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAMS = [
    file
    for file in sorted(ROOT.glob("roles/*/files/*"))
    if file.is_file() and file.read_bytes().startswith(b"#!/usr/bin/python3")
] + sorted(ROOT.glob("programs/*/*.py"))
ANYWHERE = {"search", "sub", "subn", "split", "findall", "finditer"}
FUNCTIONS = ANYWHERE | {"match", "fullmatch", "compile"}


def text(node: ast.expr) -> str:
    """The pattern as it is written; what is put in stands for itself."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
    assert isinstance(node, ast.Constant), f"line {node.lineno}: a pattern is written where it is used"
    return node.value


def endless(parsed) -> list[bool]:
    """For each repetition without a limit: does anything follow it, or is it repeated itself?"""
    found = []
    items = list(parsed)
    for place, (operation, argument) in enumerate(items):
        inner = [
            part for part in (argument if isinstance(argument, tuple) else ()) if isinstance(part, parser.SubPattern)
        ]
        if operation is kind.BRANCH:
            inner = argument[1]
        below = [each for part in inner for each in endless(part)]
        follows = place + 1 < len(items)
        if operation in (kind.MAX_REPEAT, kind.MIN_REPEAT) and argument[1] is kind.MAXREPEAT:
            found += [follows] + [True] * (2 * len(below))
        else:
            found += [each or follows for each in below]
    return found


def slow(pattern: str, function: str) -> bool:
    found = endless(parser.parse(pattern))
    return len(found) > 1 or (function in ANYWHERE and any(found))


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_pattern_tries_things_twice(program):
    for node in ast.walk(ast.parse(program.read_text())):
        function = getattr(node.func, "attr", "") if isinstance(node, ast.Call) else ""
        if function in FUNCTIONS and getattr(node.func.value, "id", "") == "re":
            pattern = text(node.args[0])
            assert not slow(pattern, function), f"{program.name}:{node.lineno}: {pattern} is slow on long texts"


@pytest.mark.parametrize(
    ("pattern", "function", "expected"),
    [
        (r"\[(.*?)\](.+)", "fullmatch", True),
        (r"a+b", "search", True),
        (r"(a+)+", "match", True),
        (r"(?:a*|b)c", "search", True),
        (r"a*(?=b*)", "match", True),
        (r"data ([0-9a-f]+)", "search", False),
        (r"(\S+) b", "match", False),
        (r"[a-z]{1,63}\.[a-z]{1,63}", "search", False),
    ],
)
def test_what_is_slow(pattern, function, expected):
    assert slow(pattern, function) is expected
