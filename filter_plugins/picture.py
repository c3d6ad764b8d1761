"""Filter picture: what a picture file is, and what keeps it from being shown."""

import base64
import hashlib
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
from toolkit.files import content

LONGEST = 20_000_000  # bytes that are read at all, to say how large a picture is

DOCUMENTATION = r"""
name: picture
short_description: Look into a picture file
description:
  - Knows PNG, JPEG, WebP and SVG by their content, not by the file's name, and writes them anew
    (C(toolkit/pictures.py)).
  - Reads the file on the controller. Errors come back instead of ending the run, so that all can be listed together.
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
    - C(type) (MIME type), C(width) and C(height) in pixels (0 where an SVG does not say), C(base64) (the content,
      written anew) and C(name), which says what is in it (16 digits of its SHA-256, with the extension of its type).
    - C(errors), one sentence each with its fix. With an error everything else may be empty.
  type: dict
"""


def picture(file: str, largest: int = 1000000, widest: int = 4096) -> dict:
    """Return what the file is, and its errors."""
    # Ansible loads every filter in each of its processes, what decodes pictures only where there is one.
    from toolkit.pictures import TYPES, PictureError, clean

    nothing = {"type": "", "width": 0, "height": 0, "base64": "", "name": "", "errors": []}

    def refuse(sentence: str) -> dict:
        return {**nothing, "errors": [f"{file} {sentence}"]}

    try:
        data = content(Path(file).expanduser(), LONGEST)
    except (OSError, ValueError, RuntimeError) as error:  # no such file, no such name, no such user's home
        reason = getattr(error, "strerror", None) or error
        return refuse(f"cannot be read ({reason}): give a picture file on this machine.")
    too_large = "is too large ({:.1f} kB{}, at most {:.0f} kB): make it smaller."
    if len(data) > largest:
        return refuse(too_large.format(len(data) / 1000, "", largest / 1000))
    try:
        seen = clean(data, widest)
    except PictureError as error:
        return refuse(str(error))
    if len(seen.content) > largest:
        return refuse(too_large.format(len(seen.content) / 1000, " when it is written anew", largest / 1000))
    return {
        **nothing,
        "type": TYPES[seen.kind],
        "width": seen.width,
        "height": seen.height,
        "base64": base64.b64encode(seen.content).decode(),
        "name": f"{hashlib.sha256(seen.content).hexdigest()[:16]}.{seen.kind}",
    }


class FilterModule:
    """Makes picture known to Ansible."""

    def filters(self):
        return {"picture": picture}
