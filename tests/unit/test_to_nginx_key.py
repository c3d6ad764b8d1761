import pytest
from corpus import UNPRINTABLE, examples, first_difference, texts
from nginx import answers

from toolkit.formats.to_nginx import to_nginx
from toolkit.formats.to_nginx_key import to_nginx_key

VALUES = examples(texts("\"'\\$;{}#~^.|?*+()[]aA", longest=20))


def matches(folder, pairs):
    """Whether nginx finds each key, which is a directive's word, in a map that compares with the text beside it."""
    maps = "\n".join(
        f"map {to_nginx(text)} $found{number} {{ {key} yes; default no; }}" for number, (key, text) in enumerate(pairs)
    )
    said = answers(folder, maps, [f'return 200 "$found{number}";' for number in range(len(pairs))])
    return [one == "yes" for one in said]


def test_a_key_matches_its_text(tmp_path):
    assert (
        first_difference([True] * len(VALUES), matches(tmp_path, [(to_nginx_key(each), each) for each in VALUES]))
        is None
    )


def test_a_key_matches_nothing_else(tmp_path):
    others = [(to_nginx_key(each), other) for each in VALUES for other in (f"x{each}", f"{each}x", each.swapcase())]
    others = [(key, other) for key, other in others if key != to_nginx_key(other)]
    assert len(others) > 2000
    found = matches(tmp_path, others)
    assert [pair for pair, match in zip(others, found, strict=True) if match] == []


def test_what_follows_can_be_a_regular_expression(tmp_path):
    key = to_nginx_key("https://meet.acme.example", "(?:[:/]|$)")
    sites = [
        "https://meet.acme.example",
        "https://meet.acme.example:1/x",
        "https://meet.acme.example.org",
        "https://meetXacme.example",
    ]
    assert matches(tmp_path, [(key, site) for site in sites]) == [True, True, False, False]


@pytest.mark.parametrize("wrong", [*UNPRINTABLE, "x" * 5000])
def test_refuses_what_nginx_has_no_form_for(wrong):
    with pytest.raises(ValueError, match="nginx"):
        to_nginx_key(wrong)
