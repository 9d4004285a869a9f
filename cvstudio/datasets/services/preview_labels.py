"""Draws images with boxes as the training of a detector sees them: by its very data source. For the worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from cvstudio.datasets.errors import DatasetError, NotReadyError
from cvstudio.datasets.models import DatasetVersion
from cvstudio.datasets.selectors import images_at
from cvstudio.datasets.shapes import open_table
from cvstudio.datasets.storage import image_file
from ml_core.data.annotations.table import NOT_NAMED
from ml_core.data.augment import AugmentOp, augment_source
from ml_core.data.augment_labels import losses_of_operations, refuse_pixel_only
from ml_core.data.manifest import read_items
from ml_core.data.preview import ONE_AT_A_TIME, data_url

Shown = list[tuple[int, int]]
"""Places in the list of training images, each with an epoch."""


def draw_labelled(
    version: DatasetVersion,
    operations: list[AugmentOp],
    *,
    position: int | None,
    size: int,
    seed: int,
    epoch: int,
    count: int,
) -> dict[str, Any]:
    """Pictures with the boxes that are left on them, and what each operation loses. Imports torch.

    Args:
        version: One with boxes.
        operations: The augmentation.
        position: The image to show over ``count`` epochs; None for the first ``count`` training images.
        size: Longer side of the network's input.
        seed: The seed of the run.
        epoch: The first epoch.
        count: How many pictures.

    Raises:
        ConfigError: An operation moves pixels without telling where.
        NotReadyError: No training image has labels.
        DatasetError: The image is not one that training sees.
        FormatError: An image cannot be decoded.
    """
    from ml_core.vision.detection.canvas import canvas_for
    from ml_core.vision.detection.data import DetectionData
    from ml_core.vision.detection.truth import read_truth

    refuse_pixel_only(operations)
    items = list(read_items(Path(version.folder)))
    named = np.asarray(open_table(version).image_state) != NOT_NAMED
    train = [number for number, item in enumerate(items) if item.split == "train" and named[number]]
    shown = _chosen(train, position, epoch, count)
    last = train[max(index for index, _ in shown)]
    truth = read_truth(Path(version.folder), items[: last + 1])["train"]
    images = {index: images_at(version, [train[index]])[0] for index, _ in shown}
    for image in images.values():
        image_file(version, image)  # refuses what has become a link that leads out
    canvas = canvas_for((items[number] for number in train), size)
    plain = DetectionData(truth, Path(version.root), canvas)
    data = DetectionData(truth, Path(version.root), canvas, operations, seed=seed)
    crops = any(operation.op == "RandomResizedCrop" for operation in operations)
    cut = (canvas.height, canvas.width) if crops else None
    samples, lost, boxes = [], np.zeros(len(operations), dtype=np.int64), 0
    with ONE_AT_A_TIME:
        for index, at in shown:
            before, after = plain.sample(index, at), data.sample(index, at)
            by_op = losses_of_operations(operations, cut, before[0], before[1], seed=seed, epoch=at, index=index)[1]
            lost += np.array(by_op, dtype=np.int64)
            boxes += len(before[1])
            original = _drawn(before)
            samples.append({
                **_drawn(after), "index": index, "epoch": at, "image": str(images[index].id),
                "path": images[index].path, "original": original["url"], "original_boxes": original["boxes"],
                "original_labels": original["labels"],
            })  # fmt: skip
    losses = [{"op": operation.op, "lost": int(number)} for operation, number in zip(operations, lost, strict=True)]
    return {"seed": seed, "source": augment_source(operations, cut), "samples": samples, "losses": losses,
            "boxes": boxes}  # fmt: skip


def _chosen(train: list[int], position: int | None, epoch: int, count: int) -> Shown:
    if not train:
        raise NotReadyError("This version has no training images with labels.",
                            hint="Label images, or import them with a larger share for training.")  # fmt: skip
    if position is None:
        return [(index, epoch) for index in range(min(count, len(train)))]
    if position not in train:
        raise DatasetError("Training does not see this image.", code="preview.not_training", where="image",
                           hint="Choose a training image that a label file names.")  # fmt: skip
    return [(train.index(position), epoch + further) for further in range(count)]


def _drawn(sample: Any) -> dict[str, Any]:
    from torchvision.transforms.v2.functional import to_pil_image

    pixels, boxes, labels = sample
    picture = to_pil_image(pixels)
    return {"url": data_url(picture), "width": picture.width, "height": picture.height,
            "boxes": boxes.round(decimals=1).tolist(), "labels": labels.tolist()}  # fmt: skip
