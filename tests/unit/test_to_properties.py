import javaproperties
import pytest
from corpus import examples, first_difference, texts
from hypothesis import strategies as st

from toolkit.formats.to_properties import to_properties


def test_names_are_joined_and_a_mapping_may_have_a_value_itself():
    data = {"a.b": {"acc1": {"": "acc1", "PORT": 5060, "TLS": False, "Share": 0.5}}, "c": "x y"}
    assert to_properties(data) == "a.b.acc1=acc1\na.b.acc1.PORT=5060\na.b.acc1.TLS=false\na.b.acc1.Share=0.5\nc=x y\n"


def test_what_java_would_read_otherwise_is_escaped():
    assert to_properties({"last.SIP:jigasi@host": "SIP:a=b#c!"}) == "last.SIP\\:jigasi@host=SIP:a=b#c!\n"
    assert to_properties({"a b=c": " x\\y\nz"}) == "a\\ b\\=c=\\ x\\\\y\\nz\n"
    assert to_properties({"name": "Büro 😀"}) == "name=B\\u00fcro \\ud83d\\ude00\n"


def test_the_lines_cannot_be_broken_out_of():
    assert to_properties({"password": "x\norg.jitsi.jigasi.ENABLE=true\r"}).count("\n") == 1


def test_an_encoded_secret_stays_as_it_is():
    assert to_properties({"PASSWORD": "c2VjcmV0Pz8="}) == "PASSWORD=c2VjcmV0Pz8=\n"


@pytest.mark.parametrize("wrong", [["a"], "a", None])
def test_refuses_what_is_no_mapping(wrong):
    with pytest.raises(ValueError, match="needs a mapping"):
        to_properties(wrong)


@pytest.mark.parametrize("wrong", [None, ["a"]])
def test_refuses_values_a_line_cannot_hold(wrong):
    with pytest.raises(ValueError, match=r"a\.b is neither"):
        to_properties({"a": {"b": wrong}})


def test_refuses_a_name_that_stands_twice():
    with pytest.raises(ValueError, match=r"a\.b stands twice"):
        to_properties({"a": {"b": 1}, "a.b": 2})


# What Java's reader takes, of names and of values: everything, but halves of characters.
NAMES = texts("\\:=#! \t\n\f\r.")
VALUES = examples(st.tuples(NAMES, texts("\\:=#! \t\n\f\r\"'")))


def test_a_reader_of_properties_reads_back_what_was_written():
    written = {f"n{number}{name}": value for number, (name, value) in enumerate(VALUES)}
    read = javaproperties.loads(to_properties(written))
    assert first_difference(list(written.items()), list(read.items())) is None


def test_refuses_half_a_character():
    with pytest.raises(ValueError, match="surrogates"):
        to_properties({"a": "\ud800"})
