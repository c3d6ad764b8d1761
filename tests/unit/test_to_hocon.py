import json
import subprocess

import pytest
from corpus import examples, first_difference, texts
from hypothesis import strategies as st
from pyhocon import ConfigFactory

from toolkit.formats.to_hocon import to_hocon

WORDS = texts("\"'\\${}[]:=,+#/.?\n\t")
SCALARS = st.one_of(WORDS, WORDS, st.integers(-(2**63), 2**63 - 1), st.booleans())
DATA = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=5,
)
VALUES = examples(DATA)
# Reads a file by Ruby's port of the library that Jitsi's daemons read theirs with.
READER = "require 'hocon'; require 'json'; print JSON.generate(Hocon.parse(STDIN.read))"


def test_typesafes_parser_reads_back_what_was_written():
    written = {f"v{number}": value for number, value in enumerate(VALUES)}
    done = subprocess.run(
        ["ruby", "-Eutf-8", "-e", READER], input=to_hocon(written), text=True, capture_output=True, check=True
    )
    read = json.loads(done.stdout)
    assert first_difference(VALUES, [read[name] for name in written]) is None


def test_pyhocon_reads_the_same_texts():
    plain = [value for value in VALUES if isinstance(value, str)]
    written = {f"v{number}": value for number, value in enumerate(plain)}
    read = ConfigFactory.parse_string(to_hocon(written))
    assert first_difference(plain, [read[name] for name in written]) is None


@pytest.mark.parametrize("wrong", [2**63, float("nan"), {1: 2}, "\ud800", {"a": [{"\ud800": 1}]}])
def test_refuses_what_java_would_read_otherwise(wrong):
    with pytest.raises(ValueError, match=r"HOCON|JSON|surrogates"):
        to_hocon({"a": wrong})
