"""Pascal VOC: ``Annotations``, ``JPEGImages`` and the lists of splits in ``ImageSets/Main``."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from typing import Any, Final, TextIO

from ml_core.data.annotations.builder import CROWD, DIFFICULT, OCCLUDED, POLYGONS, TRUNCATED
from ml_core.data.annotations.table import NOT_NAMED
from ml_core.data.export.sink import Sink
from ml_core.data.export.source import Losses, Row, Source, item_source, plain_number
from ml_core.data.file_index import stem
from ml_core.data.manifest import Item

_NO_NAME: Final = "Annotations whose class has no name: VOC knows classes by their names alone."
_MASK: Final = "Masks that are written as boxes: VOC has no room for them beside boxes."
_CROWD: Final = "Marks for crowds."
_WORDS: Final = "Attributes whose names cannot be those of XML elements."
_IMAGE_WORDS: Final = "What the annotation file says of images beyond their size."
_IDS: Final = "Ids and areas of annotations."
_NUMBERS: Final = "Numbers of classes: VOC knows them by their names alone."
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_CONTROL: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SIDES: Final = ("xmin", "ymin", "xmax", "ymax")
_DEPTH: Final = {"L": 1, "1": 1, "I;16": 1, "LA": 2, "RGBA": 4, "CMYK": 4}
_FLAGS: Final = {"truncated": TRUNCATED, "difficult": DIFFICULT, "occluded": OCCLUDED}
_OWN: Final = ("folder", "filename", "size", "path")


def write_voc(source: Source, sink: Sink, losses: Losses, *, boxes_only: bool, step: Callable[[], None]) -> int:
    """Write everything and return the number of annotations written."""
    assert source.table is not None
    names = source.new_names(one_folder=True)
    is_voc = source.facts["source_format"] == "voc"
    image_words = source.table.image_attributes()
    written = 0
    for position, (item, name) in enumerate(zip(source.items, names, strict=True)):
        sink.image(f"JPEGImages/{name}", item_source(source.root, item), item.sha256)
        step()
        if source.table.image_state[position] == NOT_NAMED:
            continue
        rows = []
        for row in source.rows(position, "xyxy"):
            if row.label < 0:
                losses.leave_out_annotation(item.path, _NO_NAME)
            else:
                rows.append(row)
        words = image_words[position] if image_words else {}
        losses.note(_IMAGE_WORDS, not is_voc and bool(words))
        with sink.text(f"Annotations/{stem(name)}.xml") as stream:
            _write_annotation(stream, item, name, words if is_voc else {}, source.classes, rows, boxes_only, losses)
        written += len(rows)
    if not is_voc:
        losses.note(_IDS if source.facts["source_format"] == "coco" else _NUMBERS, written)
    for split in source.splits():
        with sink.text(f"ImageSets/Main/{split}.txt") as stream:
            stream.writelines(
                stem(name) + "\n" for name, item in zip(names, source.items, strict=True) if item.split == split
            )
    return written


def _write_annotation(
    stream: TextIO, item: Item, name: str, words: dict[str, Any], classes: list[str], rows: list[Row],
    boxes_only: bool, losses: Losses,
) -> None:  # fmt: skip
    stream.write(f"<annotation>\n  <folder>JPEGImages</folder>\n  <filename>{_text(name)}</filename>\n")
    depth = _DEPTH.get(item.mode, 3)
    stream.writelines(_elements({key: value for key, value in words.items() if key not in _OWN}, 1))
    stream.write(f"  <size><width>{item.width}</width><height>{item.height}</height><depth>{depth}</depth></size>\n")
    for row in rows:
        stream.writelines(_object(row, classes[row.label], boxes_only, losses))
    stream.write("</annotation>\n")


def _object(row: Row, name: str, boxes_only: bool, losses: Losses) -> Iterator[str]:
    annotation = row.annotation
    yield f"  <object>\n    <name>{_text(name)}</name>\n"
    good = {key: value for key, value in row.attributes.items() if _fits(key, value)}
    losses.note(_WORDS, len(good) < len(row.attributes))
    losses.note(_CROWD, bool(annotation.flags & CROWD))
    yield from _elements(good, 2)
    for word, bit in _FLAGS.items():
        if annotation.flags & bit or word != "occluded":
            yield f"    <{word}>{int(bool(annotation.flags & bit))}</{word}>\n"
    sides = "".join(
        f"<{side}>{plain_number(value)}</{side}>" for side, value in zip(_SIDES, annotation.box, strict=True)
    )
    yield f"    <bndbox>{sides}</bndbox>\n"
    if annotation.kind == POLYGONS and not boxes_only:
        losses.note("Polygons, which are written as <polygon>: few programs read that.", 1)
        for ring in annotation.rings:
            points = "".join(
                f"<{axis}{number // 2 + 1}>{plain_number(value)}</{axis}{number // 2 + 1}>"
                for number, value in enumerate(ring)
                for axis in ("xy"[number % 2],)
            )
            yield f"    <polygon>{points}</polygon>\n"
    elif annotation.kind:
        losses.note(_MASK if annotation.kind != POLYGONS else "Polygons that are written as boxes.")
    yield "  </object>\n"


def _fits(key: str, value: Any) -> bool:
    if not _NAME.fullmatch(key) or key in ("name", "bndbox", "polygon", *_FLAGS):
        return False
    if isinstance(value, dict):
        return all(_fits(word, part) for word, part in value.items())
    if isinstance(value, list):
        return bool(value) and all(
            isinstance(part, str) or (isinstance(part, dict) and _fits(key, part)) for part in value
        )
    return isinstance(value, str | int | float)


def _elements(words: dict[str, Any], depth: int) -> Iterator[str]:
    indent = "  " * depth
    for key, value in words.items():
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict):
                yield f"{indent}<{key}>\n"
                yield from _elements(part, depth + 1)
                yield f"{indent}</{key}>\n"
            else:
                yield f"{indent}<{key}>{_text(str(part))}</{key}>\n"


def _text(value: str) -> str:
    """Text for an XML file: characters that XML cannot hold become question marks."""
    return html.escape(_CONTROL.sub("?", value), quote=False)
