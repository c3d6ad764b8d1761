import pytest
from corpus import UNPRINTABLE, examples, first_difference, texts
from nginx import answers

from toolkit.formats.to_nginx import to_nginx

VALUES = examples(texts("\"'\\$;{}#~% \u00a0\u2028"))


def test_nginx_reads_back_what_was_written(tmp_path):
    read = answers(tmp_path, "", [f"return 200 {to_nginx(value)};" for value in VALUES])
    assert first_difference(VALUES, read) is None


@pytest.mark.parametrize("plain", ["meet.acme.example", "/etc/x/server.crt", "2001:db8::/64", "https://a.example/b%24"])
def test_what_is_harmless_stays_as_it_is(plain):
    assert to_nginx(plain) == plain


def test_a_number_is_a_text():
    assert to_nginx(14) == "14"


@pytest.mark.parametrize("wrong", [*UNPRINTABLE, None, True, ["a"], 0.5, "x" * 5000, "é" * 2000 + " "])
def test_refuses_what_nginx_has_no_form_for(wrong):
    with pytest.raises(ValueError, match="nginx"):
        to_nginx(wrong)
