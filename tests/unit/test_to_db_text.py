import pytest
from corpus import UNPRINTABLE

from toolkit.formats.to_db_text import to_db_text


# Thousands of texts, read by Kamailio itself, are in tests/telephone/test_texts.py.
def test_what_means_something_is_escaped():
    assert to_db_text(["sip:trunk.example", "a\\n", "", 300]) == r"sip\:trunk.example:a\\n::300"


@pytest.mark.parametrize("wrong", [*UNPRINTABLE, None])
def test_refuses_what_is_not_one_line(wrong):
    with pytest.raises(ValueError, match="db_text"):
        to_db_text(["a", wrong])
