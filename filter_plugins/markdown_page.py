"""Filter markdown_page: a customer's text as a piece of a web page, and what keeps it from being one."""

import re
import sys
from pathlib import Path

from markdown_it import MarkdownIt

sys.path.append(str(Path(__file__).parents[1]))
from toolkit.files import content

DOCUMENTATION = r"""
name: markdown_page
short_description: Turn a customer's Markdown file into title and HTML
description:
  - The first line is the title, C(# Title). What follows may have headings of lower rank, paragraphs, lists, emphasis
    and links; there is no way to bring in scripts, pictures or other things of HTML.
  - Reads the file on the controller. Errors come back instead of ending the run, so that all can be listed together.
positional: _input
options:
  _input:
    description: The Markdown file (CommonMark, UTF-8).
    type: path
    required: true
"""

EXAMPLES = r"""
page: "{{ 'consent/de.md' | markdown_page }}"
"""

RETURN = r"""
_value:
  description: C(title) (text), C(html) (what follows the title) and C(errors) (one sentence each, with its fix).
  type: dict
"""

# What a visitor reads before anything else must arrive at once: the whole page has 30 kB, logo included.
LARGEST_HTML = 9000
SCHEMES = r"(?:https?://[^/]|mailto:|tel:)"
# html: understood as a browser would, so that it can be refused; never printed.
PARSER = MarkdownIt("commonmark", {"html": True})


def _tokens(tokens):
    for token in tokens:
        yield token
        yield from _tokens(token.children or [])


def _element_errors(tokens) -> list[str]:
    errors = []
    for token in _tokens(tokens):
        line = f", line {token.map[0] + 1}" if token.map else ""
        if token.type in ("html_block", "html_inline"):
            seen = " ".join(token.content.split())[:40]
            errors.append(f"HTML is refused ({seen}{line}): write it in Markdown.")
        elif token.type == "image":
            errors.append(f"pictures are refused ({token.attrs['src'][:40]}): take it out; the logo is chosen apart.")
        elif token.type == "link_open" and not re.match(SCHEMES, token.attrs["href"], re.IGNORECASE):
            fix = "write an address that begins with https://, http://, mailto: or tel:."
            errors.append(f"a link leads to {token.attrs['href'][:40]!r}: {fix}")
        elif token.type == "heading_open" and token.tag == "h1":
            errors.append(f"there is a second title{line}: write ## for headings below it.")
    return errors


def _result(title: str = "", html: str = "", *errors: str) -> dict:
    return {"title": title, "html": html, "errors": list(errors)}


def markdown_page(file: str) -> dict:
    """Return title, html and errors of the file."""
    try:
        text = content(Path(file).expanduser()).decode("utf-8-sig")
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
    title, rest = (
        "".join(t.content for t in _tokens(tokens[1].children) if t.type in ("text", "code_inline")),
        tokens[3:],
    )
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


class FilterModule:
    """Makes markdown_page known to Ansible."""

    def filters(self):
        return {"markdown_page": markdown_page}
