import json
import subprocess
from html.parser import HTMLParser

import pytest
from corpus import examples, first_difference, texts
from hypothesis import strategies as st

from toolkit.formats.to_script import to_script

WORDS = texts("<>&\"'\\/!-#${}\u2028\u2029")
SCALARS = st.one_of(WORDS, WORDS, st.integers(-(2**53), 2**53), st.booleans(), st.none(), st.just("__proto__"))
DATA = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(WORDS.filter(lambda key: key != "__proto__"), inner, max_size=3)
    ),
    max_leaves=5,
)
VALUES = examples(DATA)


class Scripts(HTMLParser):
    """What an HTML parser finds in a page's scripts."""

    def __init__(self, page):
        super().__init__()
        self.found, self.others, self.inside = [], [], False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.inside = tag == "script"
        if self.inside:
            self.found.append("")
        else:
            self.others.append(tag)

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.found[-1] += data
        elif data.strip():
            self.others.append(data)


def run(scripts):
    program = "const out = [];\n" + "\n".join(scripts) + "\nprocess.stdout.write(JSON.stringify(out));"
    return json.loads(subprocess.run(["node", "-"], input=program, text=True, capture_output=True, check=True).stdout)


def test_a_browser_reads_back_what_was_written():
    page = Scripts("".join(f"<script>out.push({to_script(value)});</script>\n" for value in VALUES))
    assert page.others == []
    assert first_difference(VALUES, run(page.found)) is None


def test_nothing_in_it_means_something_to_html_or_ssi():
    assert [value for value in VALUES if {*"<>&\u2028\u2029"} & {*to_script(value)}] == []


def test_commands_that_are_named_stay():
    command = "<!--# echo var='subdomain' default='' -->"
    text = to_script({"a": f"conference.{command}meet", "b": "<!--# exec cmd='x' -->"}, [command])
    assert f'"a": "conference.{command}meet"' in text
    assert text.count("<") == 1


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), {1, 2}, b"x"])
def test_refuses_what_has_no_form(wrong):
    with pytest.raises((ValueError, TypeError), match="JSON"):
        to_script({"a": wrong})
