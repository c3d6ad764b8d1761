import pytest
from corpus import UNPRINTABLE, examples, texts

from toolkit.formats.one_line import one_line

VALUES = examples(texts("\\ #:=\u00a0"))


def test_a_text_of_one_line_stays_as_it_is():
    fine = [value for value in VALUES if value == value.strip() and not value.endswith("\\")]
    assert len(fine) > 1000
    assert [one_line(value) for value in fine] == fine
    assert one_line(14) == "14"


def test_what_a_line_would_lose_is_refused():
    wrong = [value for value in VALUES if value != value.strip() or value.endswith("\\")]
    assert len(wrong) > 200
    for value in wrong:
        with pytest.raises(ValueError, match="this file"):
            one_line(value)


@pytest.mark.parametrize("wrong", [*UNPRINTABLE, None])
def test_refuses_what_is_not_one_line(wrong):
    with pytest.raises(ValueError, match="this file"):
        one_line(wrong)
