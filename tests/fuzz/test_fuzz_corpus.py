"""Every input of the stored corpus again: those that caused an error once, and those that reach deep into a parser."""

import time
from pathlib import Path

import pytest
from targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"
INPUTS = sorted(path for path in CORPUS.glob("*/*"))


def test_every_target_has_a_corpus_and_no_other_is_there():
    assert {path.parent.name for path in INPUTS} == set(TARGETS)


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_an_input_is_taken_or_refused(path):
    begun = time.process_time()
    TARGETS[path.parent.name](path.read_bytes())
    assert time.process_time() - begun < 5
