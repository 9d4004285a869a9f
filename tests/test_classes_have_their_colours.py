"""A class has one colour: on the pages, in their key, and in what is drawn to be taken away."""

from __future__ import annotations

import re
from pathlib import Path

from cvstudio.runs.presentation import SHAPE_COLOURS
from ml_core.vision.batch.paint import COLOURS

STATIC = Path(__file__).parents[1] / "static"


def test_pages_and_drawings_agree() -> None:
    styles = (STATIC / "datasets/datasets.css").read_text()
    assert tuple(re.findall(r"\.shape-\d+ \{ --shape: (#[0-9a-f]{6}); \}", styles)) == COLOURS
    script = (STATIC / "datasets/shapes.js").read_text()
    counted = re.search(r"const COLOURS = (\d+);", script)
    assert counted is not None and int(counted[1]) == SHAPE_COLOURS == len(COLOURS)
