"""What is fuzzed: for each parser of ours a function that takes any bytes.

It returns where the parser takes them, or refuses them as its callers expect. Any other exception is an error, and so
is an assertion that fails for what the parser has returned.
"""

import base64
import functools
import os
import re
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import yaml
from contract import SETTINGS, judge
from daemons import ask_mapper, call_menu, deliver

from toolkit.customer_folder import errors
from toolkit.page.markdown_page import SCHEMES, markdown_page
from toolkit.page.picture import picture
from toolkit.page.pictures import PictureError, clean
from toolkit.trust.ca_errors import file_errors
from toolkit.trust.certificate_errors import certificate_errors
from toolkit.trust.signing_key_errors import signing_key_errors
from toolkit.yaml_data import NotDataError, document, plain

ROOT = Path(__file__).parents[2]
LONGEST_SENTENCE = 600
ELEMENTS = re.compile("p|br|hr|em|strong|a|ul|ol|li|blockquote|code|pre|h[2-6]")
PLACES = ("group_vars/jitsi/main.yml", "plan.yml", "openstack.yml", "group_vars/jitsi/more.yml")


@functools.cache
def folder() -> Path:
    """A folder in memory where there is one."""
    return Path(tempfile.mkdtemp(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))  # noqa: S108 (no fixed name)


def written(name: str, data: bytes) -> Path:
    file = folder() / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return file


def are_sentences(found: list) -> None:
    for error in map(str, found):
        assert len(error) < LONGEST_SENTENCE, error
        assert error.isprintable(), error
        assert not re.search(r"Traceback|object at 0x|<class", error), error


def customer_folder(data: bytes) -> None:
    """The first byte says which file of the folder has the rest."""
    place = PLACES[data[0] % len(PLACES)] if data else PLACES[0]
    for name in PLACES:
        written(f"acme/{name}", data[1:] if name == place else b"")
    are_sentences(errors(folder() / "acme"))


def settings(data: bytes) -> None:
    """What the loader lets pass becomes the customer's settings, with all rules between them."""
    try:
        texts = plain(document(data))
        chosen = yaml.safe_load(data.decode("utf-8-sig")) if isinstance(texts, dict) else {}
    except (NotDataError, yaml.YAMLError, ValueError):  # ValueError: 2026-99-99; Ansible refuses the file
        return
    are_sentences(judge(SETTINGS | chosen))


class Allowed(HTMLParser):
    """Fails on any element but those of a text."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert ELEMENTS.fullmatch(tag), tag
        for name, value in attrs:
            assert name in ("href", "title", "start", "class"), name
            assert name != "href" or re.match(SCHEMES, value or "", re.IGNORECASE), value


def consent_text(data: bytes) -> None:
    found = markdown_page(str(written("consent.md", data)))
    are_sentences(found["errors"])
    Allowed().feed(found["html"])


def picture_file(data: bytes) -> None:
    are_sentences(picture(str(written("logo", data)))["errors"])
    try:
        seen = clean(data, 4096)
    except PictureError:
        return
    if seen.kind == "svg":
        assert clean(seen.content, 4096).content == seen.content, "written anew, an SVG is another one"
        assert not re.search(rb"<[^>]*(script|\son\w+\s*=)", seen.content, re.IGNORECASE), seen.content


def pem(kind: str, data: bytes) -> bytes:
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (kind.encode(), base64.encodebytes(data), kind.encode())


def trust(data: bytes) -> None:
    """A certificate and its key, CA certificates, a repository's signing key: as a file, or as what is in one."""
    for text, key in ((data, data), (pem("CERTIFICATE", data), pem("PRIVATE KEY", data))):
        file, key_file = str(written("server.crt", text)), str(written("server.key", key))
        are_sentences(certificate_errors(file, key_file, ["meet.acme.example"]))
        are_sentences(file_errors("jitsi_directory.ca_file", file, "its administrator", datetime.now(UTC)))
    are_sentences(signing_key_errors(data.decode(errors="replace"), "the key", []))


TARGETS: dict[str, Callable[[bytes], None]] = {
    "customer_folder": customer_folder,
    "settings": settings,
    "consent_text": consent_text,
    "picture_file": picture_file,
    "trust": trust,
    "mapper": ask_mapper,
    "menu": call_menu,
    "delivery": deliver,
}
