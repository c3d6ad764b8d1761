import base64
import os
import re
import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from toolkit.page.picture import picture

SVG = '<svg xmlns="http://www.w3.org/2000/svg" {}>{}</svg>'


def png(width, height):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + b"\0" * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def drawn(kind, mode="RGB", **more):
    """A picture of 40 x 30 pixels as Pillow writes it."""
    file = BytesIO()
    Image.new(mode, (40, 30), 200).save(file, kind, **more)
    return file.getvalue()


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
        (drawn("JPEG"), "image/jpeg"),
        (drawn("WEBP"), "image/webp"),
        (drawn("WEBP", lossless=True), "image/webp"),
        (SVG.format('width="40" height="30px"', "<path/>"), "image/svg+xml"),
        (SVG.format('viewBox="0 0 40 30"', '<use href="#a" fill="url(#b)"/>'), "image/svg+xml"),
    ],
    ids=["png", "jpeg", "webp", "webp lossless", "svg", "svg box"],
)
def test_knows_a_picture_by_its_content(look, data, kind):
    seen = look(data)
    assert (seen["type"], seen["width"], seen["height"], seen["errors"]) == (kind, 40, 30, [])
    assert re.fullmatch(r"[0-9a-f]{16}\.(png|jpg|webp|svg)", seen["name"])
    assert look(base64.b64decode(seen["base64"]))["type"] == kind


def pixels(data):
    with Image.open(BytesIO(data)) as image:
        return image.convert("RGBA").tobytes()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_what_came_along_in_the_file_is_gone(look, kind):
    exif = Image.Exif()
    exif[0x010F] = "a camera of somebody's"
    data = drawn(kind, exif=exif, icc_profile=b"a profile" * 20, comment="somebody was here")
    assert b"somebody" in data
    written = base64.b64decode(look(data)["base64"])
    assert b"somebody" not in written
    assert b"a profile" not in written
    # Lossy kinds lose a little each time.
    assert max(abs(one - other) for one, other in zip(pixels(written), pixels(data), strict=True)) <= 4


def test_a_photograph_stands_as_the_camera_was_held(look):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    seen = look(drawn("JPEG", exif=exif))
    assert (seen["width"], seen["height"]) == (30, 40)


def test_a_transparent_colour_stays_transparent(look):
    file, image = BytesIO(), Image.new("P", (40, 30), 1)
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.save(file, "PNG", transparency=1)
    data = file.getvalue()
    assert pixels(data)[3] == 0
    assert pixels(base64.b64decode(look(data)["base64"])) == pixels(data)


def test_an_svg_keeps_what_is_drawn_and_nothing_else(look):
    drawing = '<g transform="scale(2)"><path d="M0 0" style="fill: red" fill="url(#a)"/></g><text>a &amp; b</text>'
    more = '<metadata>anna</metadata><x xmlns="urn:x">anna</x>'
    data = SVG.format('viewBox="0 0 40 30" data-author="anna"', more + drawing)
    seen = look(f"<?xml version='1.0'?><?note anna?><!-- by anna -->{data}")
    written = base64.b64decode(seen["base64"]).decode()
    assert "anna" not in written
    assert written == SVG.format('viewBox="0 0 40 30"', drawing)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("GIF89a", "is no picture"),
        ("", "is no picture"),
        (png(40, 30)[:40], "is no picture"),
        (b"\xff\xd8\xff", "is no picture"),
        (b"RIFF\0\0\0\0WEBP", "is no picture"),
        (drawn("JPEG")[:-200], "is no picture"),
        (drawn("WEBP")[:-20], "is no picture"),
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
        ('<!DOCTYPE svg [<!ENTITY a "b">]>' + SVG.format("", "&a;"), "has entities inside"),
    ],
)
def test_refuses_what_is_none(look, data, said):
    [error] = look(data)["errors"]
    assert f"logo.gif {said}" in error


@pytest.mark.parametrize("box", ["0 0 inf inf", "0 0 nan 1", f"0 0 {'9' * 400} 1", "0 0 1.2.3 4", "a", "0 0 1e999 1"])
def test_sides_that_are_no_numbers_are_unknown(look, box):
    seen = look(SVG.format(f'viewBox="{box}"', ""))
    assert (seen["width"], seen["height"], seen["errors"]) == (0, 0, [])
    assert look(SVG.format(f'width="{box.split()[-1]}" height="{box.split()[-1]}"', ""))["errors"] == []


def test_refuses_what_is_too_large(look, tmp_path):
    assert look(png(40, 30), 1000, 40)["errors"] == []
    assert "is too large (0.1 kB, at most 0 kB)" in look(png(40, 30), 50)["errors"][0]
    assert "is 40 x 30 pixels: make it at most 39" in look(png(40, 30), 1000, 39)["errors"][0]
    assert "is no regular file" in picture("/dev/zero")["errors"][0]
    os.mkfifo(tmp_path / "pipe")
    assert "is no regular file" in picture(str(tmp_path / "pipe"))["errors"][0]
    assert "cannot be read (No such file" in picture(str(tmp_path / "none.png"))["errors"][0]
