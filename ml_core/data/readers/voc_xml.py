"""One XML file of Pascal VOC: the objects in one image. Read without entities, definitions or anything from outside."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from ml_core.data.annotations.builder import DIFFICULT, OCCLUDED, POLYGONS, TRUNCATED, Annotation
from ml_core.data.manifest import Reject

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_FLAGS: Final = {"difficult": DIFFICULT, "truncated": TRUNCATED, "occluded": OCCLUDED}
_COLUMNS: Final = frozenset(("name", "bndbox", "polygon", *_FLAGS))
_SIDES: Final = ("xmin", "ymin", "xmax", "ymax")
_NO_NAME: Final = "An object has no name."
_NO_BOX: Final = "An object has no box of four finite numbers."
_CURES: Final = {_NO_NAME: "Write its class as <name>.", _NO_BOX: "Write its <bndbox> with xmin, ymin, xmax and ymax."}
_MAX_DEPTH: Final = 8
_MAX_SIDE: Final = 1 << 30

#: A child that occurs once is its text or a mapping; several of one name are a list.
Plain = Any


class NamedObject(NamedTuple):
    """An object and the name of its class."""

    name: str
    annotation: Annotation


class Parsed(NamedTuple):
    """What a file says.

    Attributes:
        objects: Those that can be used.
        rejects: Those that cannot.
        size: Width and height that it claims; 0 where it does not.
        file_name: The image's name as it is written; may be empty.
        attributes: Everything else on the level of the image, as a JSON object.
    """

    objects: list[NamedObject]
    rejects: list[Reject]
    size: tuple[int, int]
    file_name: str
    attributes: str


def is_annotation(data: bytes) -> bool:
    """Whether an XML file is one of these."""
    root = _parse(data)
    return root is not None and root.tag == "annotation"


def parse_annotation(data: bytes, path: str) -> Parsed | None:
    """The content of a file; nothing where it is no well-formed XML of this kind.

    Args:
        data: The file.
        path: Its name, for rejects.
    """
    root = _parse(data)
    if root is None or root.tag != "annotation":
        return None
    objects: list[NamedObject] = []
    rejects: list[Reject] = []
    for number, element in enumerate(root.findall("object"), start=1):
        read = _object(element, number)
        if isinstance(read, str):
            rejects.append(Reject(f"{path}: object {number}", read, _CURES[read], annotations=1, is_file=False))
        else:
            objects.append(read)
    size = root.find("size")
    declared = (_side(size, "width"), _side(size, "height"))
    rest = _plain(root, frozenset(("object",)))
    return Parsed(objects, rejects, declared, (root.findtext("filename") or "").strip(),
                  json.dumps(rest, separators=(",", ":")))  # fmt: skip


def _parse(data: bytes) -> Element | None:
    try:
        return fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return None


def _object(element: Element, number: int) -> NamedObject | str:
    name = (element.findtext("name") or "").strip()
    if not name:
        return _NO_NAME
    box_element = element.find("bndbox")
    box = None if box_element is None else [_number(box_element.findtext(side)) for side in _SIDES]
    if box is None or not all(map(math.isfinite, box)):
        return _NO_BOX
    flags = sum(bit for word, bit in _FLAGS.items() if (element.findtext(word) or "").strip() == "1")
    rings = [ring for shape in element.findall("polygon") if (ring := _polygon(shape))]
    rest = _plain(element, _COLUMNS)
    attributes = json.dumps(rest, separators=(",", ":")) if rest else ""
    return NamedObject(name, Annotation(0, box, POLYGONS if rings else 0, rings, flags, source_id=number,
                                        attributes=attributes))  # fmt: skip


def _number(text: str | None) -> float:
    try:
        return float(text) if text else math.nan
    except ValueError:
        return math.nan


def _polygon(element: Element) -> list[float]:
    """Points ``x1 y1 x2 y2 ...`` as Roboflow writes them; empty where they make no polygon."""
    ring: list[float] = []
    for number in range(1, len(element) // 2 + 1):
        ring += [_number(element.findtext(f"x{number}")), _number(element.findtext(f"y{number}"))]
    return ring if len(ring) >= 6 and all(map(math.isfinite, ring)) else []


def _side(size: Element | None, word: str) -> int:
    value = math.nan if size is None else _number(size.findtext(word))
    return int(value) if 0 < value < _MAX_SIDE else 0


def _plain(element: Element, left_out: frozenset[str], depth: int = 0) -> Plain:
    """An element as text, or as a mapping of its children; deeper than files of this kind go, as nothing."""
    if not len(element) and depth:
        return (element.text or "").strip()
    found: dict[str, Plain] = {}
    if depth < _MAX_DEPTH:
        for child in element:
            if child.tag in left_out:
                continue
            value = _plain(child, frozenset(), depth + 1)
            if child.tag in found:
                known = found[child.tag]
                found[child.tag] = [*known, value] if isinstance(known, list) else [known, value]
            else:
                found[child.tag] = value
    return found
