"""A customer's text as a piece of a web page, and what keeps it from being one."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypedDict

from markdown_it import MarkdownIt
from markdown_it.token import Token

from toolkit.files import content
from toolkit.sentences import name_of

# What a visitor reads before anything else must arrive at once: the whole page has 30 kB, logo included.
LARGEST_HTML = 9000
# Of the file, compared before it is read as Markdown: links and comments make it larger than its page.
LARGEST = 50_000
SCHEMES = r"(?:https?://[^/]|mailto:|tel:)"
# html: understood as a browser would, so that it can be refused; never printed.
PARSER = MarkdownIt("commonmark", {"html": True})


class Page(TypedDict):
    """A text as a page: its title, the HTML below it, and what is wrong, one sentence each."""

    title: str
    html: str
    errors: list[str]


def _tokens(tokens: Iterable[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _tokens(token.children or [])


def _element_errors(tokens: Iterable[Token]) -> list[str]:
    errors = []
    for token in _tokens(tokens):
        line = f", line {token.map[0] + 1}" if token.map else ""
        if token.type in ("html_block", "html_inline"):
            seen = name_of(" ".join(token.content.split())[:40].strip())
            errors.append(f"HTML is refused ({seen}{line}): write it in Markdown.")
        elif token.type == "image":
            seen = name_of(str(token.attrs["src"])[:40])
            errors.append(f"pictures are refused ({seen}): take it out; the logo is chosen apart.")
        elif token.type == "link_open" and not re.match(SCHEMES, str(token.attrs["href"]), re.IGNORECASE):
            fix = "write an address that begins with https://, http://, mailto: or tel:."
            errors.append(f"a link leads to {str(token.attrs['href'])[:40]!r}: {fix}")
        elif token.type == "heading_open" and token.tag == "h1":
            errors.append(f"there is a second title{line}: write ## for headings below it.")
    return errors


def _result(title: str = "", html: str = "", *errors: str) -> Page:
    return {"title": title, "html": html, "errors": list(errors)}


def markdown_page(file: str) -> Page:
    """Return title, html and errors of the file."""
    try:
        text = content(Path(file).expanduser(), LARGEST).decode("utf-8-sig")
    except UnicodeDecodeError:
        return _result("", "", f"{file} is no UTF-8: save it in this encoding.")
    except (OSError, ValueError, RuntimeError) as error:  # no such file, no such name, no such user's home
        reason = getattr(error, "strerror", None) or error
        return _result("", "", f"{file} cannot be read ({reason}): give a Markdown file on this machine.")
    if not text.strip():
        return _result("", "", f"{file} is empty: write the text, its first line being the title (# Title).")
    tokens = PARSER.parse(text.lstrip())
    if [token.type for token in tokens[:1]] != ["heading_open"] or tokens[0].tag != "h1":
        return _result("", "", f"{file} has no title: begin it with a line such as # Before you enter.")
    words, rest = _tokens(tokens[1].children or []), tokens[3:]
    title = "".join(token.content for token in words if token.type in ("text", "code_inline"))
    errors = [f"{file}: {error}" for error in _element_errors([*tokens[1:2], *rest])]
    if not title.strip():
        errors.append(f"{file} has an empty title: write one in its first line.")
    if not rest:
        errors.append(f"{file} has no text below its title: write what people agree to.")
    html = "" if errors else PARSER.renderer.render(rest, PARSER.options, {})
    if len(html.encode()) > LARGEST_HTML:
        size = f"{len(html.encode()) / 1000:.1f} kB, at most {LARGEST_HTML / 1000:.0f} kB"
        errors.append(f"{file} is too long as a page ({size}): shorten it and link to the rest.")
    return _result(title, html, *errors)
