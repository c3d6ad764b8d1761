"""Texts that are hard to print: thousands of them, the same ones in every run, for a parser that is started once."""

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

HOSTILE = [
    *(
        "",
        " ",
        "plain",
        "#",
        "a # b",
        "$name",
        "${name}",
        "$(reboot)",
        "`reboot`",
        "a'b",
        'a"b',
        "\\",
        "a\\",
        '\\"',
        "a;b",
    ),
    *(
        "%h",
        "%%",
        "{{ x }}",
        "<!--#exec cmd='x' -->",
        "</script>",
        "]]",
        "--",
        "a:b",
        "=",
        "~x",
        "@",
        "default",
        "include",
    ),
    *("; } server { listen 1; ", '"; os.exit(1) --', "'; reboot; '", "x\\n", "\\x41", "\\u0041", "!", "}", "a b  c "),
    *("&amp;", "\u2028", "ä€😀"),
]


def texts(metacharacters, longest=16):
    """A text of one line, in which what means something to a language is as frequent as everything else together."""
    # Not st.text, which draws from all its characters alike.
    letters = st.one_of(
        st.sampled_from(metacharacters),
        st.sampled_from(metacharacters),
        st.sampled_from("aZ09"),
        st.characters(exclude_categories=["Cc", "Cs"]),
    )
    words = st.lists(letters, max_size=longest).map("".join)
    return st.one_of(words, words, words, words, st.sampled_from(HOSTILE))


def examples(strategy, count=2000):
    """That many examples of the strategy."""
    found = []

    @seed(16)
    @settings(
        max_examples=count, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(strategy)
    def collect(value):
        found.append(value)

    collect()
    assert len(found) >= count
    return found


def first_difference(written, read):
    """The first pair of which the second is not the first, to be shown; none when all are alike."""
    assert len(written) == len(read)
    return next(((one, other) for one, other in zip(written, read, strict=True) if one != other), None)


# What no serializer of one line takes; the messages name no value.
UNPRINTABLE = ["a\nb", "\r", "a\tb", "\0", "\x7f", "\x85", "\ud800"]
