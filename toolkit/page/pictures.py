"""A customer's pictures: decoded, and written anew without what came along in the file (place, camera, scripts ...).

What a picture is, its content says, not the file's name. Limits are compared before anything is decoded.
"""

import functools
import re
from dataclasses import dataclass
from io import BytesIO
from xml.etree import ElementTree as ET

import defusedxml
import defusedxml.ElementTree
from PIL import Image, ImageOps

TYPES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp", "svg": "image/svg+xml"}
# Pillow's names of the kinds, ours, and how each is written.
RASTERS: dict[str | None, tuple[str, dict[str, int | bool]]] = {
    "PNG": ("png", {"optimize": True}),
    "JPEG": ("jpg", {"quality": 90, "optimize": True}),
    "WEBP": ("webp", {"quality": 90}),
}
SVG, XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
# What drawings are made of. Other elements are left out with all that is in them, other attributes alone.
DRAWN = (
    "svg g defs symbol use switch title desc style path rect circle ellipse line polyline polygon text tspan textPath "
    "image linearGradient radialGradient stop pattern clipPath mask marker filter feBlend feColorMatrix "
    "feComponentTransfer feComposite feConvolveMatrix feDiffuseLighting feDisplacementMap feDistantLight feDropShadow "
    "feFlood feFuncA feFuncB feFuncG feFuncR feGaussianBlur feMerge feMergeNode feMorphology feOffset fePointLight "
    "feSpecularLighting feSpotLight feTile feTurbulence"
)
DRAWN_WITH = (
    "id class style transform x y x1 x2 y1 y2 cx cy r rx ry fx fy fr d points width height viewBox version "
    "preserveAspectRatio opacity color fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap "
    "stroke-linejoin stroke-miterlimit stroke-dasharray stroke-dashoffset clip-path clip-rule clipPathUnits mask "
    "maskUnits maskContentUnits mask-type filter filterUnits primitiveUnits font-family font-size font-style "
    "font-weight font-variant font-stretch text-anchor text-decoration letter-spacing word-spacing dominant-baseline "
    "alignment-baseline baseline-shift dx dy rotate textLength lengthAdjust startOffset writing-mode offset stop-color "
    "stop-opacity gradientUnits gradientTransform spreadMethod patternUnits patternContentUnits patternTransform "
    "markerWidth markerHeight markerUnits refX refY orient marker-start marker-mid marker-end href in in2 result "
    "stdDeviation values type mode operator k1 k2 k3 k4 flood-color flood-opacity lighting-color surfaceScale "
    "diffuseConstant specularConstant specularExponent azimuth elevation z pointsAtX pointsAtY pointsAtZ "
    "limitingConeAngle order kernelMatrix divisor bias targetX targetY edgeMode kernelUnitLength preserveAlpha "
    "xChannelSelector yChannelSelector scale baseFrequency numOctaves seed stitchTiles radius tableValues slope "
    "intercept amplitude exponent color-interpolation color-interpolation-filters display visibility overflow "
    "vector-effect paint-order shape-rendering text-rendering image-rendering role aria-label"
)
ELEMENTS, ATTRIBUTES = {f"{SVG}{name}" for name in DRAWN.split()}, set(DRAWN_WITH.split())
RUN = {"script", "foreignobject", "iframe", "object", "embed", "handler", "listener"}  # by browsers
# CSS does not care for capitals, and \75rl( is url( to it.
FETCHES = re.compile(r"@import|image-set|\\|url\(\s*[\"']?(?!#|data:image/)", re.IGNORECASE)
DEEPEST = 100  # levels of elements
NUMBER = r"(\d{1,6}(?:\.\d{1,20})?)"
EMBEDDED = re.compile(r"data:image/(?:png|jpeg|webp);base64,[A-Za-z0-9+/=\s]*")


class PictureError(Exception):
    """Why a file is not taken, as the end of a sentence that begins with its name."""


@dataclass(frozen=True)
class Picture:
    """A picture as it is served. kind is a key of TYPES; sides in pixels, 0 where an SVG does not say."""

    kind: str
    width: int
    height: int
    content: bytes


# A play asks for the same few pictures again in every expression that has them.
@functools.lru_cache(maxsize=16)
def clean(data: bytes, widest: int) -> Picture:
    """The picture of a file's content, none of whose sides has more pixels than widest. Raises PictureError."""
    return _svg(data, widest) if b"<svg" in data else _raster(data, widest)


def _measured(width: int, height: int, widest: int) -> tuple[int, int]:
    if max(width, height) > widest:
        raise PictureError(f"is {width} x {height} pixels: make it at most {widest} in either direction.")
    return width, height


BROKEN = "is no picture, or a broken one: give a PNG, JPEG, WebP or SVG file."


def _raster(data: bytes, widest: int) -> Picture:
    try:
        with Image.open(BytesIO(data), formats=list(filter(None, RASTERS))) as image:
            kind, how = RASTERS[image.format]
            _measured(*image.size, widest)
            image.load()
            # As a camera was held; that stands in what is left out.
            upright = ImageOps.exif_transpose(image)
    except (OSError, SyntaxError, ValueError, ArithmeticError, Image.DecompressionBombError):
        raise PictureError(BROKEN) from None
    # Which colour of a palette is transparent; all else in there came along.
    upright.info = {name: value for name, value in upright.info.items() if name == "transparency"}
    written = BytesIO()
    upright.save(written, format=image.format, **how)
    return Picture(kind, *upright.size, written.getvalue())


def _svg(data: bytes, widest: int) -> Picture:
    try:
        root = defusedxml.ElementTree.fromstring(data, forbid_dtd=False, forbid_entities=True)
    except defusedxml.DefusedXmlException:
        raise PictureError("has entities inside: save it as a plain SVG.") from None
    except (ET.ParseError, LookupError, ValueError):  # LookupError: an encoding that is none
        raise PictureError(BROKEN) from None
    if root.tag != f"{SVG}svg":
        raise PictureError(BROKEN)
    _refuse_depth(root)
    for element in root.iter():
        _refuse(element)
    _prune(root)
    sides = _measured(*_sides(root), widest)
    ET.register_namespace("", SVG[1:-1])
    ET.register_namespace("xlink", XLINK[1:-1])
    # Empty elements as short as they came. Anywhere else ElementTree writes &gt;.
    return Picture("svg", *sides, ET.tostring(root, encoding="utf-8").replace(b" />", b"/>"))


def _refuse_depth(root: ET.Element) -> None:
    """What is written anew level by level has few of them."""
    level = [root]
    for _ in range(DEEPEST):
        level = [child for element in level for child in element]
    if level:
        raise PictureError(f"has groups in groups, more than {DEEPEST} levels deep: save it as a plain SVG.")


def _refuse(element: ET.Element) -> None:
    """Whoever has drawn this should know that it will not be there."""
    # Whatever its namespace: a browser runs XHTML's scripts, too.
    if _local(element.tag).lower() in RUN or any(_local(name).lower().startswith("on") for name in element.attrib):
        raise PictureError("has scripts or foreign objects inside: save it as a plain SVG.")
    links = [value for name, value in element.attrib.items() if _local(name).lower() == "href"]
    styles = " ".join([element.text or "", *element.attrib.values()])
    if FETCHES.search(styles) or not all(link.startswith("#") or EMBEDDED.fullmatch(link) for link in links):
        raise PictureError("has links to other files inside: save it as a plain SVG.")


def _local(name: str) -> str:
    return str(name).rpartition("}")[2]


def _prune(element: ET.Element) -> None:
    """Leave out what drawings are not made of."""
    for name in [name for name in element.attrib if name != f"{XLINK}href" and name not in ATTRIBUTES]:
        del element.attrib[name]
    for child in list(element):
        if child.tag in ELEMENTS:
            _prune(child)
        else:
            element.remove(child)


def _sides(root: ET.Element) -> tuple[int, int]:
    width, height = (re.fullmatch(rf"\s*{NUMBER}\s*(?:px)?\s*", root.get(side, "")) for side in ("width", "height"))
    if width and height:
        return round(float(width[1])), round(float(height[1]))
    box = re.fullmatch(r"\s*-?" + r"[\s,]+-?".join([NUMBER] * 4) + r"\s*", root.get("viewBox", ""))
    return (round(float(box[3])), round(float(box[4]))) if box else (0, 0)
