"""Hostile files that a customer's settings name: pictures, texts, and paths that lead nowhere."""

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from folders import Case, Folder
from PIL import Image

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10">{}</svg>'
REFUSED = {
    "has scripts or foreign objects inside": [
        "<script>alert(1)</script>",
        '<script xmlns="http://www.w3.org/1999/xhtml"/>',
        '<x:ScRiPt xmlns:x="http://www.w3.org/1999/xhtml"/>',
        "<foreignObject/>",
        '<path onload="x"/>',
        '<path ONCLICK="x"/>',
        '<iframe xmlns="http://www.w3.org/1999/xhtml"/>',
        '<embed xmlns="http://www.w3.org/1999/xhtml"/>',
        "<handler/>",
        '<g><g><g onmouseover="x"/></g></g>',
    ],
    "has links to other files inside": [
        '<image href="https://a.example/x.png"/>',
        '<use href="other.svg#a"/>',
        '<a href="javascript:alert(1)"/>',
        '<image xmlns:x="http://www.w3.org/1999/xlink" x:href="file:///etc/passwd"/>',
        '<image href="data:image/svg+xml;base64,AA=="/>',
        '<image href="data:text/html,x"/>',
        '<path style="fill: URL(https://a.example)"/>',
        '<path style="fill: \\75rl(x)"/>',
        "<style>@IMPORT 'https://a.example'</style>",
        "<style>@import url(x)</style>",
        '<path fill="url(https://a.example#x)"/>',
        "<path style=\"background: image-set('x' 1x)\"/>",
        '<set href="//a.example"/>',
        '<path style="fill: url( &quot;x&quot;)"/>',
    ],
}
BROKEN = "is no picture, or a broken one"


def _pixels(kind: str, **more: object) -> bytes:
    file = BytesIO()
    Image.new("RGB", (40, 30), "red").save(file, kind, **more)
    return file.getvalue()


def pictures() -> Iterator[Case]:
    def case(name: str, says: str, data: str | bytes, setting: str = "jitsi_pictures: {lobby: %s}") -> Case:
        def make(folder: Folder, _canary: Path) -> None:
            folder.write("picture", data)
            folder.choose(setting % "picture")

        return Case("pictures and texts", name, says, make)

    for says, drawings in REFUSED.items():
        for drawing in drawings:
            yield case(drawing, says, SVG.format(drawing))
    for entity in (
        '<!ENTITY a "b">',
        '<!ENTITY a SYSTEM "file:///etc/passwd">',
        '<!ENTITY % a SYSTEM "https://a.example">',
    ):
        yield case(entity, "has entities inside", f"<!DOCTYPE svg [{entity}]>" + SVG.format("&a;"))
    laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    yield case(
        "billion laughs", "has entities inside", f'<!DOCTYPE svg [<!ENTITY a0 "ha">{laughs}]>' + SVG.format("&a11;")
    )
    yield case("5000 groups in groups", "levels deep", SVG.format("<g>" * 5000 + "</g>" * 5000))
    for data in (
        "<svg",
        "<svg></svg>",
        SVG.format("<g>"),
        '<?xml version="1.0" encoding="foo"?><svg/>',
        "<html><svg/></html>",
        "<svg xmlns='x'/>",
        "",
        "GIF89a",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"\0" * 1000,
        "# Text",
        "%PDF-1.4",
    ):
        yield case(repr(data[:60]), BROKEN, data)
    for kind in ("PNG", "JPEG", "WEBP"):
        for part in (0.3, 0.6):
            data = _pixels(kind)
            yield case(f"{part} of {kind}", BROKEN, data[: int(len(data) * part)])
    yield case("TIFF", BROKEN, _pixels("TIFF"))
    yield case("BMP", BROKEN, _pixels("BMP"))
    head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
    yield case("2**31 pixels", BROKEN, head + b"\x7f\xff\xff\xff\x7f\xff\xff\xff\x08\x02\0\0\0" + b"\0" * 40)
    yield case("9000 pixels", "make it at most 4096", SVG.replace('"10"', '"9000"').format(""))
    yield case("too large", "is too large", b"\x89PNG\r\n\x1a\n" + b"\0" * 2_000_000)
    yield case("too large a logo", "is too large", SVG.format("<path/>" * 5000), "jitsi_logo_file: %s")
    for text, says in {
        "": "is empty",
        "Text": "has no title",
        "# T": "has no text below its title",
        "#\n\nText": "has an empty title",
        "# T\n\n<script>alert(1)</script>": "HTML is refused",
        "# T\n\n<!--#include virtual=x -->": "HTML is refused",
        "# <b>T</b>\n\nx": "HTML is refused",
        "# T\n\na <img src=x onerror=y> b": "HTML is refused",
        "# T\n\n![x](https://a.example/x.png)": "pictures are refused",
        "# T\n\n[x](//a.example)": "a link leads to",
        "# T\n\n[x](x.html)": "a link leads to",
        "# T\n\n<ftp://a.example>": "a link leads to",
        "# T\n\n# U": "there is a second title",
        "# T\n\n" + "x " * 6000: "is too long as a page",
        "# T\n\n" + "[" * 60_000: "it has more than 50 kB",
    }.items():
        yield case(text[:60], says, text, "jitsi_consent_texts: {en: %s}")
    yield case("Latin-1", "is no UTF-8", b"# T\n\n\xe9", "jitsi_consent_texts: {en: %s}")


def _circle(folder: Folder, setting: str) -> None:
    (folder.path / "circle").symlink_to("circle")
    folder.choose(setting % "circle")


def named_files() -> Iterator[Case]:
    """Paths that lead nowhere, or where nothing may be read."""
    for setting in (
        "jitsi_logo_file: %s",
        "jitsi_pictures: {favicon: %s}",
        "jitsi_consent_texts: {en: %s}",
        "jitsi_directory: {kind: ldap, servers: ['ldaps://a.example'], base: dc=a, bind_dn: cn=a, ca_file: %s}",
        "jitsi_certificate: {mode: acme, acme_ca_file: %s}",
        "jitsi_directory: {kind: openldap, ldif_file: %s}",
    ):
        name = re.split(r"[:{]", setting)[0]
        yield Case("named files", f"{name} circle", name, lambda folder, _, text=setting: _circle(folder, text))
        for path in (
            "/dev/zero",
            "/nowhere",
            "/dev",
            "~nosuchuser/x",
            "a" * 5000,
            "a" * 300,
            "/proc/self/mem",
            '"a\\0b"',
            "/dev/tty",
            "../" * 200,
        ):
            yield Case(
                "named files",
                f"{name} {path[:40]}",
                f"{name}",
                lambda folder, _, text=setting % path: folder.choose(text),
            )
