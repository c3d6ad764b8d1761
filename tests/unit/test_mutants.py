"""The list of small changes that tests notice (scripts/mutants) keeps up with the product."""

from pathlib import Path

import pytest
from mutants import changes

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("mutant", changes(), ids=lambda mutant: mutant["file"])
def test_a_change_can_be_made(mutant):
    assert (ROOT / mutant["file"]).read_text().count(mutant["from"]) == 1
    assert mutant["from"] != mutant["to"]
