"""What a picture file is, and what keeps it from being shown."""

import base64
import hashlib
from pathlib import Path
from typing import TypedDict

from toolkit.files import content

LONGEST = 20_000_000  # bytes that are read at all, to say how large a picture is


class PictureFile(TypedDict):
    """What a picture file is; with an error everything else may be empty.

    type: MIME type. width, height: pixels, 0 where an SVG does not say. base64: the content, written anew. name: 16
    digits of its SHA-256 and the extension of its type.
    """

    type: str
    width: int
    height: int
    base64: str
    name: str
    errors: list[str]


def picture(file: str, largest: int = 1000000, widest: int = 4096) -> PictureFile:
    """Return what the file is, and its errors; largest in bytes, widest in pixels."""
    # Ansible loads every filter in each of its processes, what decodes pictures only where there is one.
    from toolkit.page.pictures import TYPES, PictureError, clean

    nothing: PictureFile = {"type": "", "width": 0, "height": 0, "base64": "", "name": "", "errors": []}

    def refuse(sentence: str) -> PictureFile:
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
