from pathlib import Path

import pytest
from figures import functions, is_python, is_typed, part_of, share


@pytest.mark.parametrize(
    ("code", "typed"),
    [
        ("def f(): ...", False),
        ("def f() -> None: ...", True),
        ("def f(a) -> None: ...", False),
        ("def f(a: int, /, *b: int, c: int, **d: int) -> None: ...", True),
        ("def f(a: int, *b) -> None: ...", False),
        ("def f(a: int, *, c) -> None: ...", False),
        ("class C:\n  async def f(self) -> None: ...", True),
        ("class C:\n  def __init__(self, a: int): ...", True),
    ],
)
def test_a_function_is_typed_when_all_it_takes_and_returns_is(code, typed):
    (function,) = functions(code)
    assert is_typed(function) is typed


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("roles/web/tasks/main.yml", "product"),
        ("tests/conference/test_page.py", "verification shipped to operators"),
        ("tests/unit/test_figures.py", "tests"),
        ("lab/packages/build", "lab"),
        ("bench/page.py", "benchmarks"),
        ("requirements-docs.txt", "lock files"),
        ("molecule/README.md", "tests"),
        ("CONTRIBUTING.md", "documents"),
    ],
)
def test_each_file_belongs_to_one_part(path, part):
    assert part_of(Path(path)) == part


def test_programs_without_a_suffix_are_python_by_their_first_line():
    assert is_python(Path("scripts/users"), "#!/usr/bin/env python3\n")
    assert not is_python(Path("scripts/lab"), "#!/usr/bin/env bash\n# python3\n")


def test_a_share_has_its_per_cent_and_nothing_is_none():
    assert share(1, 3) == "1 of 3 (33.3 %)"
    assert share(0, 0) == "none there"
