"""The preview of a set with boxes shows the very images and boxes that the training of a detector takes."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cvstudio.datasets.models import Dataset
from cvstudio.datasets.services.preview_augmentation import PreviewWish, draw
from cvstudio.datasets.tests.carry_out import newest
from ml_core.data.augment import parse_ops
from ml_core.data.manifest import read_items
from ml_core.errors import CodedError

OPS = parse_ops([{"op": "RandomHorizontalFlip", "p": 1.0}, {"op": "RandomResizedCrop", "scale": [0.1, 0.3]}])


def test_pixels_and_boxes_are_those_of_training(boxes: Dataset) -> None:
    from ml_core.vision.detection.canvas import canvas_for
    from ml_core.vision.detection.data import DetectionData
    from ml_core.vision.detection.truth import read_truth

    version = newest(boxes)
    drawn = draw(version, PreviewWish(operations=OPS, size=64, seed=3, epoch=2, count=3))
    items = list(read_items(Path(version.folder)))
    truth = read_truth(Path(version.folder), items)["train"]
    data = DetectionData(truth, Path(version.root), canvas_for((image.item for image in truth), 64), OPS, seed=3)
    assert [sample["path"] for sample in drawn["samples"]] == [f"images/train/{n}.jpg" for n in range(3)]
    for sample in drawn["samples"]:
        pixels, corners, labels = data.sample(sample["index"], 2)
        shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(sample["url"].partition(",")[2]))))
        assert np.array_equal(shown, pixels.permute(1, 2, 0).numpy())
        assert np.allclose(sample["boxes"], corners.reshape(-1, 4).tolist() or [], atol=0.06)
        assert sample["labels"] == labels.tolist()
    assert drawn["boxes"] == 4
    left = sum(len(sample["boxes"]) for sample in drawn["samples"])
    assert [entry["op"] for entry in drawn["losses"]] == ["RandomHorizontalFlip", "RandomResizedCrop"]
    assert drawn["boxes"] - left == sum(entry["lost"] for entry in drawn["losses"])


def test_one_image_is_shown_over_epochs(boxes: Dataset) -> None:
    version = newest(boxes)
    image = version.images.get(path="images/train/1.jpg")
    drawn = draw(version, PreviewWish(operations=OPS, image=image.id, size=64, epoch=5, count=3))
    assert [(sample["index"], sample["epoch"]) for sample in drawn["samples"]] == [(1, 5), (1, 6), (1, 7)]
    assert len(drawn["samples"][0]["original_boxes"]) == 2


@pytest.mark.parametrize("path", ["images/train/3.jpg", "images/val/0.jpg"])
def test_what_training_never_sees_is_refused_in_words(path: str, boxes: Dataset) -> None:
    version = newest(boxes)
    image = version.images.get(path=path)
    with pytest.raises(CodedError, match="does not see"):
        draw(version, PreviewWish(operations=OPS, image=image.id))


def test_an_operation_without_a_way_for_boxes_is_refused_by_name(boxes: Dataset) -> None:
    with pytest.raises(CodedError) as refused:
        draw(newest(boxes), PreviewWish(operations=parse_ops([{"op": "RandAugment"}])))
    assert refused.value.code == "augment.no_boxes"
