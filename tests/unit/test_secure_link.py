import pytest
from corpus import UNPRINTABLE, examples, texts
from nginx import answers

from toolkit.formats.secure_link import secure_link
from toolkit.formats.to_nginx import to_nginx

VALUES = examples(texts("\"'\\$;{}#~aA", longest=20))


def compared(folder, pairs):
    """What nginx says of each secret beside what a request might have instead."""
    said = answers(
        folder,
        "",
        [
            f'secure_link {secure_link(secret)}; secure_link_md5 {to_nginx(asked)}; return 200 "$secure_link";'
            for secret, asked in pairs
        ],
    )
    return {one == "1" for one in said}


def test_the_secret_is_taken(tmp_path):
    assert compared(tmp_path, [(each, each) for each in VALUES]) == {True}


def test_no_other_is(tmp_path):
    others = [(each, other) for each in VALUES for other in (f"{each}x", each.swapcase()) if each != other]
    assert len(others) > 2000
    assert compared(tmp_path, others) == {False}


@pytest.mark.parametrize("wrong", UNPRINTABLE)
def test_refuses_what_no_request_can_have(wrong):
    with pytest.raises(ValueError, match="nginx"):
        secure_link(wrong)
