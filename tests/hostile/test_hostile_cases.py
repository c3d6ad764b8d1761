"""Every hostile case by itself: refused with its sentence, nothing executed, no traceback, no hang, no secret."""

import pytest
from hostile import tried
from hostile_cases import CASES


def test_there_are_cases_of_every_kind():
    assert len(CASES) > 600
    assert len({case.kind for case in CASES}) == 11


@pytest.mark.parametrize("case", CASES, ids=lambda case: ascii(f"{case.kind}: {case.name[:60]}"))
def test_a_hostile_folder_is_refused(case):
    outcome = tried(case)
    assert outcome.faults == [], outcome.said
