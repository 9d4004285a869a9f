"""Rows of a YOLO label file: ``class cx cy w h`` or ``class x y x y x y ...``, as shares of the image, also mixed."""

from __future__ import annotations

import json
import math
from typing import Final, NamedTuple

from ml_core.data.annotations.boxes import as_box, bounds
from ml_core.data.annotations.builder import DERIVED, POLYGONS, Annotation
from ml_core.data.manifest import Reject

_NOT_NUMBERS: Final = "A row holds something that is no finite number."
_NO_CLASS: Final = "A row does not begin with the number of a class."
_LENGTH: Final = "A row has neither 5 values (a box) nor a class and three or more points (a polygon)."
_CURES: Final = {
    _NOT_NUMBERS: "Correct or remove the row.",
    _NO_CLASS: "Begin the row with a whole number from 0 on.",
    _LENGTH: "Write a box as: class centre-x centre-y width height.",
}
_BOX_VALUES: Final = 5
_MAX_CLASS: Final = 1 << 31


class Rows(NamedTuple):
    """What a file holds; `came_in` counts both."""

    annotations: list[Annotation]
    rejects: list[Reject]

    @property
    def came_in(self) -> int:
        """Rows that are not empty."""
        return len(self.annotations) + len(self.rejects)


def parse_rows(text: str, path: str, keypoint_values: int = 0) -> Rows:
    """All rows of a label file.

    Args:
        text: Its content.
        path: Its name, for rejects: ``path:line``.
        keypoint_values: How many values of keypoints follow each box (``kpt_shape`` in the YAML file).
    """
    rows = Rows([], [])
    for number, line in enumerate(text.splitlines(), start=1):
        tokens = line.split()
        if not tokens:
            continue
        parsed = _parse(tokens, number, keypoint_values)
        if isinstance(parsed, str):
            rows.rejects.append(Reject(f"{path}:{number}", parsed, _CURES[parsed], annotations=1, is_file=False))
        else:
            rows.annotations.append(parsed)
    return rows


def _parse(tokens: list[str], number: int, keypoint_values: int) -> Annotation | str:
    try:
        values = [float(token) for token in tokens]
    except ValueError:
        return _NOT_NUMBERS
    if not all(map(math.isfinite, values)):
        return _NOT_NUMBERS
    first, rest = values[0], values[1:]
    if not (first.is_integer() and 0 <= first < _MAX_CLASS):
        return _NO_CLASS
    category, count = int(first), len(values)
    if count == _BOX_VALUES:
        return Annotation(category, rest, source_id=number)
    if keypoint_values and count == _BOX_VALUES + keypoint_values:
        return Annotation(category, rest[:4], source_id=number, attributes=_json("yolo_keypoints", rest[4:]))
    if count == _BOX_VALUES + 1:  # predictions saved with their confidence
        return Annotation(category, rest[:4], source_id=number, attributes=_json("confidence", rest[4]))
    if count > _BOX_VALUES + 1 and count % 2 == 1:
        box = as_box(bounds(rest), "cxcywhn")
        return Annotation(category, box, POLYGONS, (rest,), DERIVED, source_id=number)
    return _LENGTH


def _json(name: str, value: object) -> str:
    return json.dumps({name: value}, separators=(",", ":"))


def looks_like_rows(text: str) -> bool:
    """Whether most of the first rows are those of a label file; an empty file is one."""
    lines = [line for line in text[:4096].splitlines()[:20] if line.strip()]
    if len(text) > 4096 and lines:
        lines = lines[:-1] or lines
    good = sum(not isinstance(_parse(line.split(), 1, 0), str) or _is_long_row(line) for line in lines)
    return 2 * good > len(lines) or not lines


def _is_long_row(line: str) -> bool:
    """A row of numbers that is longer than what was read of it, or one with keypoints."""
    tokens = line.split()[:-1]
    try:
        return len(tokens) > _BOX_VALUES and all(math.isfinite(float(token)) for token in tokens)
    except ValueError:
        return False
