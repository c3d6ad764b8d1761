"""The list of small changes that tests notice (scripts/mutants) keeps up with the product."""

from pathlib import Path

import pytest
from mutants import changes, together

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("mutant", changes(), ids=lambda mutant: mutant["file"])
def test_a_change_can_be_made(mutant):
    assert (ROOT / mutant["file"]).read_text().count(mutant["from"]) == 1
    assert mutant["from"] != mutant["to"]


def test_tests_are_run_together_before_any_change():
    commands = [
        "tests/unit/test_a.py",
        "tests/unit/test_b.py",
        "tests/unit/test_a.py -k one",
        'tests/unit/test_b.py -k "two and three"',
        "tests/page/test_c.py -k one",
        "busted tests/lua",
    ]
    assert together(commands) == [
        "busted tests/lua",
        "tests/page/test_c.py -k '(one)'",
        "tests/unit/test_a.py tests/unit/test_b.py",
        "tests/unit/test_a.py tests/unit/test_b.py -k '(one) or (two and three)'",
    ]
