from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ml_core.data.augment import parse_ops
from ml_core.data.manifest import Item
from ml_core.errors import ConfigError
from ml_core.vision.detection.canvas import GREY, Canvas, canvas_for, canvas_from
from ml_core.vision.detection.data import DetectionData
from ml_core.vision.detection.mosaic import mosaic
from ml_core.vision.detection.tests.shapes import Shapes
from ml_core.vision.detection.truth import LabelledImage, Truth, read_truth


def _item(width: int, height: int, path: str = "a.png") -> Item:
    return Item(path, -1, "train", width, height, "RGB", "PNG", 1, 1, "")


def _truth(*rows: tuple[list[float], int, bool]) -> Truth:
    boxes = np.array([box for box, _, _ in rows], dtype=float).reshape(-1, 4)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return Truth(
        boxes, np.array([r[1] for r in rows], dtype=np.int64), areas, np.array([r[2] for r in rows], dtype=bool)
    )


def test_the_canvas_is_no_larger_than_the_images_need() -> None:
    assert canvas_for([_item(640, 480), _item(320, 240)], 320) == Canvas(256, 320)
    assert canvas_for([_item(640, 480), _item(480, 640)], 320) == Canvas(320, 320)
    assert canvas_for([_item(3000, 10)], 320) == Canvas(32, 320)


@pytest.mark.parametrize("size", [(640, 480), (101, 333), (7, 3), (320, 256)])
def test_boxes_go_to_the_canvas_and_back(size: tuple[int, int]) -> None:
    canvas = Canvas(256, 320)
    width, height = size
    boxes = np.array([[0.0, 0.0, width, height], [1.0, 1.0, width / 2, height / 2]])
    placed = canvas.onto(boxes, width, height)
    assert placed[:, 2].max() <= 320
    assert placed[:, 3].max() <= 256
    np.testing.assert_allclose(canvas.back(placed, width, height), boxes, atol=1e-9)


def test_an_image_lies_at_the_top_left_and_the_rest_is_grey(tmp_path: Path) -> None:
    Image.new("RGB", (100, 50), (250, 0, 0)).save(tmp_path / "red.png")
    pixels, size = Canvas(64, 64).place(tmp_path / "red.png")
    assert size == (100, 50)
    assert (pixels[0, :32] == 250).all()
    assert (pixels[:, 32:] == GREY).all()


def test_a_weight_that_tells_no_canvas_is_refused() -> None:
    known = Canvas(96, 128)
    assert canvas_from(known.as_dict()) == known
    with pytest.raises(ConfigError, match="how images become"):
        canvas_from({"size": [224, 224], "resize": None})


def test_the_boxes_of_a_mosaic_lie_on_their_objects() -> None:
    parts = []
    for value in range(4):
        pixels = torch.full((3, 64, 80), 10 * value, dtype=torch.uint8)
        pixels[:, 20:40, 30:50] = 200 + value
        parts.append((pixels, torch.tensor([[30.0, 20.0, 50.0, 40.0]]), torch.tensor([value])))
    seen = 0
    for seed in range(30):
        pixels, boxes, labels = mosaic(parts, torch.Generator().manual_seed(seed))
        assert pixels.shape == (3, 64, 80)
        for (left, top, right, bottom), label in zip(boxes.int().tolist(), labels.tolist(), strict=True):
            assert (pixels[:, top:bottom, left:right] == 200 + label).all()
            assert (right - left) * (bottom - top) >= 0.3 * 400
            seen += 1
    assert seen > 30


def test_crowds_are_hidden_but_not_the_objects_in_them(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64), (250, 0, 0)).save(tmp_path / "a.png")
    truth = _truth(([10, 10, 30, 30], 0, False), ([0, 0, 50, 50], 0, True), ([50, 50, 60, 60], -1, True))
    data = DetectionData([LabelledImage(_item(64, 64), truth)], tmp_path, Canvas(64, 64))
    pixels, boxes, labels = data.sample(0, 0)
    assert boxes.tolist() == [[10, 10, 30, 30]]
    assert labels.tolist() == [0]
    assert (pixels[0, 10:30, 10:30] == 250).all()
    assert (pixels[:, 2:8, 2:40] == GREY).all()
    assert (pixels[:, 50:60, 50:60] == GREY).all()
    assert (pixels[0, 61:, 61:] == 250).all()


def test_images_that_no_file_names_are_no_negatives_and_empty_ones_are(shapes: Shapes) -> None:
    images = read_truth(shapes.version, shapes.imported.items)
    assert "train/unlabelled.png" not in {image.item.path for image in images["train"]}
    assert sum(int(image.truth.ignored.sum()) for image in images["train"]) == 1
    kept = sum(len(image.truth.boxes) for split in images.values() for image in split)
    assert kept == len(shapes.imported.table)


def test_a_sample_follows_from_seed_epoch_and_index(shapes: Shapes) -> None:
    images = read_truth(shapes.version, shapes.imported.items)["train"]
    ops = parse_ops([{"op": "RandomResizedCrop", "scale": [0.4, 1.0]}, {"op": "RandomHorizontalFlip"}])
    make = {"augment": ops, "mosaic_share": 0.5, "seed": 3}
    first = DetectionData(images, shapes.root, Canvas(96, 128), **make)  # type: ignore[arg-type]
    again = DetectionData(images, shapes.root, Canvas(96, 128), **make)  # type: ignore[arg-type]
    batch, other = first.batch([3, 1, 2], 5), again.batch([2, 3], 5)
    assert torch.equal(batch.pixels[0], other.pixels[1])
    assert torch.equal(batch.boxes[: int(batch.counts[0])], other.boxes[int(other.counts[0]) :])
    assert not torch.equal(batch.pixels[0], first.batch([3], 6).pixels[0])
    assert batch.pixels.shape == (3, 3, 96, 128)
    assert int(batch.counts.sum()) == len(batch.boxes) == len(batch.labels)
    assert (batch.boxes[:, 2:] > batch.boxes[:, :2]).all()
