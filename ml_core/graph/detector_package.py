"""The exported package of a detector: model, training and prediction scripts that need nothing of ours."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

from ml_core.data.augment import augment_source
from ml_core.errors import GraphError
from ml_core.graph.codegen import plain, render
from ml_core.graph.scripts import checked, fit_settings, requirements, train_script
from ml_core.graph.settings import IMAGENET_MEAN, IMAGENET_STD, PackageSettings

_GREY = 114
_THRESHOLD = 0.3
#: A box of an image: its class, empty where nobody says what it shows, and its corners.
Listed = tuple[str, float, float, float, float]


def detector_package(
    model: str, name: str, graph: str, classes: list[str], size: tuple[int, int], settings: PackageSettings
) -> dict[str, str]:
    """File names and their text.

    Args:
        model: Text of ``model.py``: losses with targets, rows of boxes without.
        name: What it is called.
        graph: Fingerprint of its graph.
        classes: Names of the classes.
        size: Height and width of its input.
        settings: Of the training.

    Raises:
        GraphError: A script holds what it has no use for: a fault of the generator.
    """
    has_weights = "pretrained=True" in model
    height, width = size
    if height % 32 or width % 32:
        raise GraphError(
            f"The input of {width} x {height} pixels is no multiple of 32.",
            code="graph.input_size",
            hint="Set height and width of the Input to multiples of 32.",
        )
    config: dict[str, Any] = {
        "name": name,
        "graph": graph,
        "classes": classes,
        "preprocessing": {
            "mode": "RGB", "size": [height, width], "resize": "fit", "fill": _GREY, "mean": list(IMAGENET_MEAN),
            "std": list(IMAGENET_STD),
        },
        "threshold": _THRESHOLD if settings.threshold is None else settings.threshold,
        "seed": settings.seed,
        "mosaic": settings.mosaic,
        "fit": fit_settings(settings.fit),
    }  # fmt: skip
    config |= {"facts": settings.facts} if settings.facts else {}
    crops = any(operation.op == "RandomResizedCrop" for operation in settings.augment)
    augment = augment_source(settings.augment, size if crops else None) if settings.augment else ""
    train = train_script(
        "boxes", settings.fit, mode="RGB", has_weights=has_weights, augment=augment, mosaic=settings.mosaic
    )
    return {
        "model.py": model,
        "train.py": train,
        "predict.py": checked(render("predict_boxes.py.j2", has_weights=has_weights)),
        "config.json": json.dumps(config, indent=2, ensure_ascii=False) + "\n",
        "requirements.txt": requirements(),
        "README.md": render(
            "README_boxes.md.j2",
            title=plain(name) or "Detector",
            classes=len(classes),
            size=f"{width} x {height}",
            has_weights=has_weights,
            fingerprint=graph,
        ),
    }


def boxes_csv(images: Iterable[tuple[str, str, Sequence[Listed]]]) -> str:
    """``boxes.csv`` for ``train.py``: path, split and boxes of every image, in the order of training.

    A path that a spreadsheet would run as a formula gets ``./`` in front, which names the same file.
    """
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("path", "split", "class", "left", "top", "right", "bottom"))
    for path, split, boxes in images:
        shown = f"./{path}" if path.startswith(("=", "+", "-", "@", "\t", "\r")) else path
        rows.writerows((shown, split, *box) for box in boxes)
        if not boxes:
            rows.writerow((shown, split, *[""] * 5))
    return text.getvalue()
