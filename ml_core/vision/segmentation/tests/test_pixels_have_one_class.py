from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ml_core.data.annotations.rle import encode_mask
from ml_core.data.augment import parse_ops
from ml_core.data.tests.label_sets import coco_document, files, images, take
from ml_core.vision.detection.canvas import Canvas
from ml_core.vision.segmentation.data import SegmentationData, place_map
from ml_core.vision.segmentation.shapes import fill_polygon
from ml_core.vision.segmentation.tests.shapes import HEIGHT, WIDTH, Shapes
from ml_core.vision.segmentation.truth import UNKNOWN, LabelledImage, Map, SemanticTruth


def filled(points: object, height: int, width: int) -> NDArray[np.bool_]:
    mask = np.zeros((height, width), dtype=np.int16)
    patch = fill_polygon(np.array(points, dtype=float), height, width)
    if patch is not None:
        patch.paint(mask, 1)
    return mask.astype(bool)


def crossings(points: NDArray[np.float64], x: float, y: float) -> int:
    """How many edges lie to the left of a point."""
    count = 0
    for (x0, y0), (x1, y1) in zip(points, np.roll(points, -1, axis=0), strict=True):
        if (y0 <= y) != (y1 <= y):
            count += x0 + (y - y0) / (y1 - y0) * (x1 - x0) <= x
    return count


def test_a_pixel_is_inside_when_its_centre_is() -> None:
    chance = np.random.default_rng(0)
    for _ in range(40):
        points = chance.uniform(-4, 20, (int(chance.integers(3, 9)), 2))
        wanted = [[crossings(points, x + 0.5, y + 0.5) % 2 == 1 for x in range(16)] for y in range(12)]
        assert (filled(points, 12, 16) == np.array(wanted)).all()


def test_corners_on_pixels_fill_whole_pixels_and_neighbours_share_none() -> None:
    left = filled([(1, 1), (4, 1), (4, 5), (1, 5)], 8, 8)
    right = filled([(4, 1), (7, 1), (7, 5), (4, 5)], 8, 8)
    assert left.sum() == 12
    assert right.sum() == 12
    assert not (left & right).any()


def test_a_hole_behind_a_bridge_stays_a_hole() -> None:
    ring = [(0, 0), (8, 0), (8, 8), (0, 8), (0, 0), (2, 2), (2, 6), (6, 6), (6, 2), (2, 2)]
    mask = filled(ring, 8, 8)
    assert mask.sum() == 64 - 16
    assert not mask[3, 3]


@pytest.mark.parametrize(
    "points", [[(1, 1), (2, 2)], [(0, 0), (float("nan"), 1), (3, 3)], [(20, 20), (30, 20), (30, 30)]]
)
def test_what_covers_nothing_is_no_fault(points: object) -> None:
    assert not filled(points, 8, 8).any()


def painted(tmp_path: Path, annotations: list[dict[str, object]]) -> Map:
    images(tmp_path / "set", "a.jpg")
    document = coco_document(images=[{"id": 7, "file_name": "a.jpg", "width": 100, "height": 50}])
    rows = [{"id": n, "image_id": 7, "category_id": 18, "iscrowd": 0, "bbox": [0, 0, 1, 1], **row}
            for n, row in enumerate(annotations, start=1)]  # fmt: skip
    files(tmp_path / "set", {"instances.json": json.dumps(document | {"annotations": rows})})
    imported = take(tmp_path / "set", tmp_path, format="coco")
    return SemanticTruth(imported.folder).paint(LabelledImage(imported.items[0], 0))


def box(left: float, top: float, right: float, bottom: float) -> list[list[float]]:
    return [[left, top, right, top, right, bottom, left, bottom]]


def test_of_two_shapes_the_smaller_one_shows_whatever_their_order(tmp_path: Path) -> None:
    large = {"category_id": 18, "segmentation": box(0, 0, 50, 50)}
    small = {"category_id": 2, "segmentation": box(10, 10, 20, 20)}
    first, second = painted(tmp_path / "1", [large, small]), painted(tmp_path / "2", [small, large])
    assert (first == second).all()
    assert np.unique(first[:, 50:]).tolist() == [0]
    assert len(np.unique(first[:, :50])) == 2
    assert (first == first[15, 15]).sum() == 100


def test_crowds_and_boxes_alone_are_unknown_where_no_object_lies(tmp_path: Path) -> None:
    crowd = np.zeros((50, 100), dtype=bool)
    crowd[:, 60:] = True
    counts = encode_mask(crowd).tolist()
    found = painted(tmp_path, [
        {"segmentation": box(70, 0, 80, 10)},
        {"iscrowd": 1, "segmentation": {"size": [50, 100], "counts": counts}},
        {"bbox": [10, 10, 5, 5]},
    ])  # fmt: skip
    assert (found[:10, 70:80] > 0).all()
    assert (found[10:15, 10:15] == UNKNOWN).all()
    assert (found == UNKNOWN).sum() == 50 * 40 - 100 + 25
    assert (found[:10, :10] == 0).all()


def test_images_without_shapes_are_left_out_and_counted(shapes: Shapes) -> None:
    usable = SemanticTruth(shapes.version).usable(shapes.imported.items)
    assert {name: len(split) for name, split in usable.splits.items()} == {"train": 40, "val": 12, "test": 6}
    assert (usable.unlabelled, usable.boxes_only, usable.vague) == (1, 1, 2)
    assert usable.shapes["train"] > 40


def test_maps_move_with_their_images(shapes: Shapes) -> None:
    truth = SemanticTruth(shapes.version)
    images = truth.usable(shapes.imported.items).splits["val"]
    canvas = Canvas(96, 128)
    plain = SegmentationData(images, truth, shapes.root, canvas)
    turned = SegmentationData(images, truth, shapes.root, canvas, parse_ops([{"op": "RandomHorizontalFlip", "p": 1.0}]))
    shifted = SegmentationData(
        images, truth, shapes.root, canvas,
        parse_ops([{"op": "RandomAffine", "translate": [0.3, 0.3], "scale": [1.0, 1.0]}]),
    )  # fmt: skip
    pixels, classes = plain.sample(0, 0)
    mirrored = turned.sample(0, 0)
    assert (mirrored[0].flip(-1) == pixels).all()
    assert (mirrored[1].flip(-1) == classes).all()
    batch = shifted.batch([0, 1], 3)
    assert batch.maps.dtype == classes.dtype
    empty = (batch.pixels == 0).all(dim=1)
    assert (batch.maps[empty] == UNKNOWN).float().mean() > 0.9  # what is moved in is unknown, not background
    assert shifted.batch([0, 1], 3).maps.equal(batch.maps)


def test_beside_the_image_the_canvas_is_unknown() -> None:
    classes = np.zeros((HEIGHT, WIDTH), dtype=np.int16)
    classes[: HEIGHT // 2] = 1
    placed = place_map(classes, Canvas(64, 64))
    assert (placed[:24] == 1).all()
    assert (placed[24:48] == 0).all()
    assert (placed[48:] == UNKNOWN).all()
