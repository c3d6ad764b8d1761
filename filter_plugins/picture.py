"""Filter picture: what a picture file is, and what keeps it from being shown."""

import base64
import hashlib
import re
import struct
import xml.etree.ElementTree as ET
from pathlib import Path

DOCUMENTATION = r"""
name: picture
short_description: Look into a picture file
description:
  - Knows PNG, JPEG, WebP and SVG by their content, not by the file's name.
  - Reads the file on the controller. Faults come back instead of ending the run, so that all can be listed together.
positional: _input, largest, widest
options:
  _input:
    description: The picture file.
    type: path
    required: true
  largest:
    description: Most bytes the file may have.
    type: int
    default: 1000000
  widest:
    description: Most pixels in either direction.
    type: int
    default: 4096
"""

EXAMPLES = r"""
logo: "{{ 'brand/logo.svg' | picture(10000) }}"
"""

RETURN = r"""
_value:
  description:
    - C(type) (MIME type), C(width) and C(height) in pixels (0 where an SVG does not say), C(base64) (the content) and
      C(name), which says what is in it (16 digits of its SHA-256, with the extension of its type).
    - C(faults), one sentence each with its cure. With a fault everything else may be empty.
  type: dict
"""

SVG = "{http://www.w3.org/2000/svg}"
NUMBER = r"(\d{1,6}(?:\.\d{1,20})?)"  # of an SVG's sides
TYPES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp", "svg": "image/svg+xml"}


def _png(data: bytes):
    complete = data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR" and b"IEND" in data[-12:]
    return struct.unpack(">II", data[16:24]) if complete else None


def _jpeg(data: bytes):
    if not data.startswith(b"\xff\xd8"):
        return None
    position = 2
    while position + 9 < len(data) and data[position] == 0xFF:
        marker, length = data[position + 1], struct.unpack(">H", data[position + 2 : position + 4])[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[position + 5 : position + 9])
            return width, height
        position += 2 + length
    return None


def _webp(data: bytes):
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or len(data) < 30:
        return None
    if data[12:16] == b"VP8X":
        return tuple(int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
    if data[12:16] == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return tuple(side & 0x3FFF for side in struct.unpack("<HH", data[26:30]))


def _refuse_element(element: ET.Element) -> None:
    """ValueError when the element is, or has, what a browser would run or fetch."""
    # Whatever its namespace: a browser runs XHTML's scripts, too.
    if element.tag.rpartition("}")[2].lower() in ("script", "foreignobject", "iframe", "object", "embed"):
        raise ValueError("scripts or foreign objects")
    for name, value in element.attrib.items():
        if name.rpartition("}")[2].lower().startswith("on"):
            raise ValueError("scripts or foreign objects")
        if name.lower().endswith("href") and not value.startswith(("#", "data:image/")):
            raise ValueError("links to other files")
    # CSS does not care for capitals, and \75rl( is url( to it.
    styles = " ".join([element.text or "", *element.attrib.values()])
    if re.search(r"@import|image-set|\\|url\(\s*[\"']?(?!#|data:image/)", styles, re.IGNORECASE):
        raise ValueError("links to other files")


def _svg(data: bytes):
    """Sides of an SVG; ValueError when it holds what a browser would run or fetch."""
    try:
        root = ET.fromstring(data)  # noqa: S314  # the customer's own file, and entities are refused below
    except (ET.ParseError, LookupError, ValueError):  # also an encoding that is none
        return None
    if root.tag != f"{SVG}svg":
        return None
    if b"<!ENTITY" in data or b"<?xml-stylesheet" in data:
        raise ValueError("entities or style sheets of its own")
    for element in root.iter():
        _refuse_element(element)
    sides = [re.fullmatch(rf"\s*{NUMBER}\s*(?:px)?\s*", root.get(side, "")) for side in ("width", "height")]
    if all(sides):
        return tuple(round(float(side[1])) for side in sides)
    box = re.fullmatch(r"\s*-?" + r"[\s,]+-?".join([NUMBER] * 4) + r"\s*", root.get("viewBox", ""))
    return tuple(round(float(side)) for side in box.groups()[2:]) if box else (0, 0)


READERS = {"png": _png, "jpg": _jpeg, "webp": _webp, "svg": _svg}


def _look(data: bytes):
    """Return (extension, (width, height)) of the first kind that data is; ValueError says what is wrong with it."""
    for extension, read in READERS.items():
        try:
            sides = read(data)
        except (struct.error, IndexError):
            sides = None
        if sides:
            return extension, sides
    return "", (0, 0)


def picture(file: str, largest: int = 1000000, widest: int = 4096) -> dict:
    """Return what the file is, and its faults."""
    nothing = {"type": "", "width": 0, "height": 0, "base64": "", "name": "", "faults": []}

    def refuse(sentence: str) -> dict:
        return {**nothing, "faults": [f"{file} {sentence}"]}

    try:
        data = Path(file).expanduser().read_bytes()
    except (OSError, ValueError, RuntimeError) as error:  # no such file, no such name, no such user's home
        reason = getattr(error, "strerror", None) or error
        return refuse(f"cannot be read ({reason}): give a picture file on this machine.")
    if len(data) > largest:
        return refuse(f"is too large ({len(data) / 1000:.1f} kB, at most {largest / 1000:.0f} kB): make it smaller.")
    try:
        extension, (width, height) = _look(data)
    except ValueError as error:
        return refuse(f"has {error} inside: save it as a plain SVG.")
    if not extension:
        return refuse("is no picture, or a broken one: give a PNG, JPEG, WebP or SVG file.")
    if max(width, height) > widest:
        return refuse(f"is {width} x {height} pixels: make it at most {widest} in either direction.")
    return {
        **nothing,
        "type": TYPES[extension],
        "width": width,
        "height": height,
        "base64": base64.b64encode(data).decode(),
        "name": f"{hashlib.sha256(data).hexdigest()[:16]}.{extension}",
    }


class FilterModule:
    """Makes picture known to Ansible."""

    def filters(self):
        return {"picture": picture}
