import base64
import re
import struct
import zlib

import pytest
from picture import picture

SVG = '<svg xmlns="http://www.w3.org/2000/svg" {}>{}</svg>'


def png(width, height):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + b"\0" * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


JPEG = b"\xff\xd8\xff\xe0\0\x04JF\xff\xc0\0\x11\x08" + struct.pack(">HH", 30, 40) + b"\x03" + b"\0" * 9 + b"\xff\xd9"
WEBP = {
    b"VP8X": b"\x10\0\0\0" + b"\0\0\0\0" + (39).to_bytes(3, "little") + (29).to_bytes(3, "little"),
    b"VP8L": b"\x10\0\0\0\x2f" + (39 | 29 << 14).to_bytes(4, "little") + b"\0" * 8,
    b"VP8 ": b"\x10\0\0\0\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 40, 30) + b"\0" * 4,
}


@pytest.fixture
def look(tmp_path):
    def look(data, *limits):
        file = tmp_path / "logo.gif"  # the name says nothing
        file.write_bytes(data if isinstance(data, bytes) else data.encode())
        return picture(str(file), *limits)

    return look


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (png(40, 30), "image/png"),
        (JPEG, "image/jpeg"),
        *((b"RIFF\0\0\0\0WEBP" + kind + rest, "image/webp") for kind, rest in WEBP.items()),
        (SVG.format('width="40" height="30px"', "<path/>"), "image/svg+xml"),
        (SVG.format('viewBox="0 0 40 30"', '<use href="#a" fill="url(#b)"/>'), "image/svg+xml"),
    ],
    ids=["png", "jpeg", "vp8x", "vp8l", "vp8", "svg", "svg box"],
)
def test_knows_a_picture_by_its_content(look, data, kind):
    seen = look(data)
    assert (seen["type"], seen["width"], seen["height"], seen["faults"]) == (kind, 40, 30, [])
    assert base64.b64decode(seen["base64"]) == (data if isinstance(data, bytes) else data.encode())
    assert re.fullmatch(r"[0-9a-f]{16}\.(png|jpg|webp|svg)", seen["name"])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("GIF89a", "is no picture"),
        ("", "is no picture"),
        (png(40, 30)[:40], "is no picture"),
        (b"\xff\xd8\xff", "is no picture"),
        (b"RIFF\0\0\0\0WEBP", "is no picture"),
        ("<html><body/></html>", "is no picture"),
        ("<svg", "is no picture"),
        (SVG.format("", "<script>alert(1)</script>"), "has scripts or foreign objects inside"),
        (SVG.format('onload="x()"', ""), "has scripts or foreign objects inside"),
        (SVG.format('ONLOAD="x()"', ""), "has scripts or foreign objects inside"),
        (SVG.format("", '<use href="data:text/html,x"/>'), "has links to other files inside"),
        (SVG.format("", '<image href="https://elsewhere.example/a.png"/>'), "has links to other files inside"),
        (
            SVG.format("", "<style>@import 'https://elsewhere.example/a.css';</style>"),
            "has links to other files inside",
        ),
        (SVG.format("", '<rect style="fill: url(https://elsewhere.example/a)"/>'), "has links to other files inside"),
        (SVG.format("", '<x xmlns="http://www.w3.org/1999/xhtml"><script>a()</script></x>'), "has scripts or foreign"),
        (SVG.format("", "<iframe/>"), "has scripts or foreign objects inside"),
        (SVG.format('xmlns:a="b" a:onload="x()"', ""), "has scripts or foreign objects inside"),
        (SVG.format("", "<style>@IMPORT 'a.css';</style>"), "has links to other files inside"),
        (SVG.format("", '<rect style="fill: URL(a)"/>'), "has links to other files inside"),
        (SVG.format("", '<rect style="fill: \\75rl(a)"/>'), "has links to other files inside"),
        (SVG.format("", '<rect style="fill: image-set(&quot;a&quot; 1x)"/>'), "has links to other files inside"),
        (SVG.format("", '<rect style="fill: url(data:text/html,x)"/>'), "has links to other files inside"),
        ('<?xml version="1.0" encoding="foo"?>' + SVG.format("", ""), "is no picture"),
        ('<!DOCTYPE svg [<!ENTITY a "b">]>' + SVG.format("", "&a;"), "has entities or style sheets of its own inside"),
    ],
)
def test_refuses_what_is_none(look, data, said):
    [fault] = look(data)["faults"]
    assert f"logo.gif {said}" in fault


@pytest.mark.parametrize("box", ["0 0 inf inf", "0 0 nan 1", f"0 0 {'9' * 400} 1", "0 0 1.2.3 4", "a", "0 0 1e999 1"])
def test_sides_that_are_no_numbers_are_unknown(look, box):
    seen = look(SVG.format(f'viewBox="{box}"', ""))
    assert (seen["width"], seen["height"], seen["faults"]) == (0, 0, [])
    assert look(SVG.format(f'width="{box.split()[-1]}" height="{box.split()[-1]}"', ""))["faults"] == []


def test_refuses_what_is_too_large(look, tmp_path):
    assert look(png(40, 30), 1000, 40)["faults"] == []
    assert "is too large (0.1 kB, at most 0 kB)" in look(png(40, 30), 50)["faults"][0]
    assert "is 40 x 30 pixels: make it at most 39" in look(png(40, 30), 1000, 39)["faults"][0]
    assert "cannot be read (No such file" in picture(str(tmp_path / "none.png"))["faults"][0]
