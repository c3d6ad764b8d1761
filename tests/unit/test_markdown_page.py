from pathlib import Path

import pytest

from toolkit.page.markdown_page import markdown_page

SHIPPED = sorted((Path(__file__).parents[2] / "roles/consent_gate/files/texts").glob("*.md"))


@pytest.fixture
def page(tmp_path):
    def make(text):
        file = tmp_path / "text.md"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return markdown_page(str(file))

    return make


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_finds_nothing_in_the_shipped_texts(file):
    page = markdown_page(str(file))
    assert page["errors"] == []
    assert page["title"]
    assert "<li>" in page["html"]


def test_a_page_may_be_nearly_as_long_as_is_said(page):
    assert page("# T\n\n" + "word " * 1790)["errors"] == []


def test_a_file_may_be_too_large_to_be_read(page):
    (error,) = page("# T\n\n" + "[" * 50_000)["errors"]
    assert error.endswith("text.md cannot be read (it has more than 50 kB): give a Markdown file on this machine.")


def test_title_and_text_come_apart(page):
    made = page("# A & *B*\n\n## Why\n\nSee [there](https://a.example/?x=1&y=2), `<b>` & mail <it@a.example>.\n")
    assert made["title"] == "A & B"
    assert made["html"] == (
        "<h2>Why</h2>\n"
        '<p>See <a href="https://a.example/?x=1&amp;y=2">there</a>, <code>&lt;b&gt;</code> &amp; mail '
        '<a href="mailto:it@a.example">it@a.example</a>.</p>\n'
    )
    assert made["errors"] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        (" \n\n", "is empty"),
        ("Text first.\n\n# Title\n", "has no title"),
        ("## Title\n\nText\n", "has no title"),
        ("#\n\nText\n", "empty title"),
        ("# Title\n", "no text below"),
        ("# T\n\n<script>alert(1)</script>\n", "HTML is refused (<script>alert(1)</script>, line 3)"),
        ("# T\n\na <b onclick=x()>b</b>\n", "HTML is refused (<b onclick=x()>"),
        ("# T <i>\n\na\n", "HTML is refused (<i>"),
        ("# T\n\n<!--#include virtual='/config.js' -->\n", "HTML is refused"),
        ("# T\n\n![x](https://elsewhere.example/p.png)\n", "pictures are refused (https://elsewhere.example/p.png)"),
        ("# T\n\n[x](/rooms)\n", "a link leads to '/rooms'"),
        ("# T\n\n[x](//elsewhere.example)\n", "a link leads to '//elsewhere.example'"),
        ("# T\n\n[x](ftp://a.example)\n", "a link leads to 'ftp://a.example'"),
        ("# T\n\na\n\n# U\n", "second title, line 5"),
        ("# T\n\n" + "word " * 1800, "too long as a page (9.0 kB, at most 9 kB)"),
        (b"# T\n\n\xff\xfe", "no UTF-8"),
    ],
)
def test_refuses(page, text, said):
    made = page(text)
    assert any(said in error for error in made["errors"]), made["errors"]
    assert all("text.md" in error for error in made["errors"])


def test_a_javascript_link_is_none(page):
    assert "href" not in page("# T\n\n[x](javascript:alert)\n")["html"]


def test_says_that_a_file_is_missing(tmp_path):
    [error] = markdown_page(str(tmp_path / "no.md"))["errors"]
    assert "cannot be read (No such file" in error
