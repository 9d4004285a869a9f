"""Answers as tables for other programs: CSV, JSON and COCO, all of them or what passes a sieve. Free of torch."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from ml_core.data.manifest import safe_cell
from ml_core.run.files import to_json
from ml_core.vision.batch.masks import mask_annotation

Records = Iterable[dict[str, Any]]
_FRAME = ("frame", "time_s")


@dataclass(frozen=True)
class Sieve:
    """What is kept of the answers.

    Attributes:
        threshold: Least probability of an object.
        classes: Names; ``None`` for all.
    """

    threshold: float = 0.0
    classes: frozenset[str] | None = None

    def __call__(self, record: dict[str, Any]) -> dict[str, Any]:
        """The record without what does not pass. What a classifier said stays: it is one answer."""
        sifted = dict(record)
        if "boxes" in record:
            sifted["boxes"] = [box for box in record["boxes"] if self._passes(box, box["probability"])]
        if "masks" in record:
            sifted["masks"] = [mask for mask in record["masks"] if self._passes(mask, 1.0)]
        return sifted

    def _passes(self, entry: dict[str, Any], probability: float) -> bool:
        return probability >= self.threshold and (self.classes is None or entry["class"] in self.classes)


def _class_rows(record: dict[str, Any]) -> Iterator[list[Any]]:
    true, top, error = safe_cell(record.get("label") or ""), record.get("top"), record["error"]
    if not top:
        yield ["", "", true, safe_cell(error["message"]) if error else "", ""]
        return
    shown = [[entry["class"], round(entry["probability"], 6)] for entry in top]
    best = f"{top[0]['probability']:.6f}"
    yield [safe_cell(top[0]["class"]), best, true, "", json.dumps(shown, ensure_ascii=False)]


def _box_rows(record: dict[str, Any]) -> Iterator[list[Any]]:
    if record["error"] is not None:
        yield [*[""] * 6, safe_cell(record["error"]["message"])]
    for box in record.get("boxes", ()):
        yield [safe_cell(box["class"]), f"{box['probability']:.5f}", *box["box"], ""]


def _mask_rows(record: dict[str, Any]) -> Iterator[list[Any]]:
    if record["error"] is not None:
        yield ["", "", safe_cell(record["error"]["message"])]
    for mask in record.get("masks", ()):
        yield [safe_cell(mask["class"]), f"{mask['share']:.6f}", ""]


#: Columns between the path and the frame, and the rows of a record, by the task of a weight.
_TABLES: dict[str, tuple[tuple[str, ...], Callable[[dict[str, Any]], Iterator[list[Any]]]]] = {
    "vision.classify": (("class", "probability", "true_class", "error", "top"), _class_rows),
    "vision.detect": (("class", "probability", "left", "top", "right", "bottom", "error"), _box_rows),
    "vision.segment": (("class", "share", "error"), _mask_rows),
}


def write_csv(records: Records, task: str, stream: TextIO) -> None:
    """A row for each answer, object or area; rows of frames tell their number and time."""
    columns, rows_of = _TABLES[task]
    writer = csv.writer(stream)
    writer.writerow(["path", *columns, *_FRAME])
    for record in records:
        path, at = safe_cell(record["path"]), [record.get(key, "") for key in _FRAME]
        writer.writerows([path, *row, *at] for row in rows_of(record))


def write_json(records: Records, stream: TextIO) -> None:
    """A list of records."""
    stream.write("[")
    for number, record in enumerate(records):
        stream.write((",\n" if number else "\n") + to_json(record))
    stream.write("\n]\n")


def write_coco(read: Callable[[], Records], classes: Sequence[str], stream: TextIO) -> None:
    """Images, categories, and an annotation for each box or mask. The answers are gone through twice.

    Args:
        read: Begins to read the records.
        classes: Names; the ids of categories begin at 1.
        stream: Text.
    """
    stream.write('{"images":[')
    for number, record in enumerate(_answered(read()), start=1):
        image = {"id": number, "file_name": picture_name(record), "width": record["width"], "height": record["height"]}
        if "time_s" in record:
            image |= {"video": record["path"], "frame": record["frame"], "time_s": record["time_s"]}
        stream.write((",\n" if number > 1 else "\n") + to_json(image))
    categories = [{"id": number, "name": name} for number, name in enumerate(classes, start=1)]
    stream.write(f'\n],"categories":{to_json(categories)},"annotations":[')
    identifier = 0
    for number, record in enumerate(_answered(read()), start=1):
        for annotation in _annotations(record):
            identifier += 1
            numbered = {"id": identifier, "image_id": number, "iscrowd": 0, **annotation}
            stream.write((",\n" if identifier > 1 else "\n") + to_json(numbered))
    stream.write("\n]}\n")


def _answered(records: Records) -> Iterator[dict[str, Any]]:
    return (record for record in records if record["error"] is None)


def _annotations(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for box in record.get("boxes", ()):
        left, top, right, bottom = box["box"]
        width, height = round(right - left, 2), round(bottom - top, 2)
        yield {
            "category_id": box["index"] + 1,
            "bbox": [left, top, width, height],
            "area": round(width * height, 2),
            "score": box["probability"],
        }
    for mask in record.get("masks", ()):
        yield {"category_id": mask["index"] + 1, **mask_annotation(mask, tuple(record["mask_size"]))}


def picture_name(record: dict[str, Any]) -> str:
    """What the picture of a record is called: the path of an image, or a name below that of the video."""
    return f"{record['path']}/{record['frame']:06d}.jpg" if "frame" in record else str(record["path"])


def write_tables(folder: Path, read: Callable[[], Records], task: str, classes: Sequence[str]) -> list[str]:
    """Leave ``predictions.csv`` and, of boxes and masks, ``predictions.coco.json``; returns their names."""
    names = ["predictions.csv"]
    # Names that are no UTF-8 are written as escapes.
    with (folder / names[0]).open("w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
        write_csv(read(), task, stream)
    if task != "vision.classify":
        names.append("predictions.coco.json")
        with (folder / names[1]).open("w", encoding="utf-8", errors="backslashreplace") as stream:
            write_coco(read, classes, stream)
    return names
