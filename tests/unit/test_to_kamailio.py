import pytest
from corpus import UNPRINTABLE

from toolkit.formats.to_kamailio import to_kamailio


# Thousands of texts, read by Kamailio itself, are in tests/telephone/test_texts.py.
def test_what_means_something_is_escaped():
    assert to_kamailio('a"b\\c$d') == r'"a\"b\\c$$d"'
    assert to_kamailio("a$b", plain=True) == '"a$b"'
    assert to_kamailio(5060) == '"5060"'


@pytest.mark.parametrize("wrong", [*UNPRINTABLE, None])
def test_refuses_what_is_not_one_line(wrong):
    with pytest.raises(ValueError, match="Kamailio"):
        to_kamailio(wrong)
