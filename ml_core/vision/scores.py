"""Scores of a classifier from its predictions: accuracy, confusion, and precision, recall and F1 of each class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Predictions:
    """What a classifier said about N images; rows are sorted by ``index``.

    Attributes:
        index: (N,) position of the image in its split.
        label: (N,) true class.
        loss: (N,) cross entropy.
        top: (N, K) most probable classes, best first.
        probability: (N, K) of these.
    """

    index: Integers
    label: Integers
    loss: Floats
    top: Integers
    probability: Floats


def confusion_matrix(label: Integers, predicted: Integers, classes: int) -> Integers:
    """(classes, classes): rows are true, columns predicted."""
    counts: Integers = np.bincount(label * classes + predicted, minlength=classes * classes).astype(np.int64)
    return counts.reshape(classes, classes)


def class_scores(confusion: Integers) -> dict[str, Floats]:
    """Precision, recall, F1 of each class and how many images it has. A class nobody predicts has precision 0."""
    hits = np.diag(confusion).astype(np.float64)
    support = confusion.sum(axis=1).astype(np.float64)
    predicted = confusion.sum(axis=0).astype(np.float64)
    precision = np.divide(hits, predicted, out=np.zeros_like(hits), where=predicted > 0)
    recall = np.divide(hits, support, out=np.zeros_like(hits), where=support > 0)
    total = precision + recall
    f1 = np.divide(2 * precision * recall, total, out=np.zeros_like(hits), where=total > 0)
    return {"precision": precision, "recall": recall, "f1": f1, "support": support}


def summary_names(classes: int) -> tuple[str, ...]:
    """Names of the metrics in ``summary``; the top 5 say something only among more than 5 classes."""
    return ("loss", "accuracy", *(("top5_accuracy",) if classes > 5 else ()), "macro_f1")


def summary(predictions: Predictions, classes: int) -> dict[str, float]:
    """The metrics of a split. ``macro_f1`` is the mean over the classes that have images in it."""
    scores = class_scores(confusion_matrix(predictions.label, predictions.top[:, 0], classes))
    present = scores["support"] > 0
    hits = predictions.top == predictions.label[:, None]
    values = {"loss": float(predictions.loss.mean()), "accuracy": float(hits[:, 0].mean())}
    if classes > 5:
        values["top5_accuracy"] = float(hits[:, :5].any(axis=1).mean())
    values["macro_f1"] = float(scores["f1"][present].mean())
    return values


def per_class(predictions: Predictions, names: list[str]) -> list[dict[str, Any]]:
    """One row a class for ``per_class.json``."""
    scores = class_scores(confusion_matrix(predictions.label, predictions.top[:, 0], len(names)))
    return [
        {
            "class": name,
            "precision": float(scores["precision"][i]),
            "recall": float(scores["recall"][i]),
            "f1": float(scores["f1"][i]),
            "support": int(scores["support"][i]),
        }
        for i, name in enumerate(names)
    ]
