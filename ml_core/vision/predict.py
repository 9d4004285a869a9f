"""Prediction of many images: every one gives a row, also those that cannot be read."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ml_core.data.manifest import safe_cell
from ml_core.engine.device import cap_threads, choose_device, explain_out_of_memory
from ml_core.errors import CodedError
from ml_core.run.context import RunContext
from ml_core.run.files import to_json
from ml_core.vision.config import PredictConfig
from ml_core.vision.preparation import Resizer
from ml_core.vision.sources import Source, decode_ahead, find_sources, open_images
from ml_core.vision.weight_folder import Classifier, load_classifier


def predict_images(config: PredictConfig, run: RunContext) -> dict[str, Any]:
    """Predict and write ``predictions.csv`` and ``predictions.json``. Memory does not grow with the number of images.

    Raises:
        WeightFileError: The weight folder is incomplete or damaged.
        FormatError: There are no images, or the archive is damaged.
        UnsafeFileError: The archive could do harm.
        RunPaused: Resuming predicts all images again.
        RunStopped: The run ends; nothing is kept.
    """
    cap_threads(config.threads)
    classifier = load_classifier(Path(config.weight), choose_device(config.device))
    with open_images(config, run) as root:
        return _predict_all(config, run, classifier, root)


def _predict_all(config: PredictConfig, run: RunContext, classifier: Classifier, root: Path) -> dict[str, Any]:
    sources = find_sources(config, root)
    run.log(f"Predicting {len(sources):,} images with {len(classifier.classes)} classes.")
    counts: Counter[str] = Counter()
    failed = known = hits = 0
    csv_path, json_path = run.artifact_path("predictions.csv"), run.artifact_path("predictions.json")
    # A folder may hold names that are no UTF-8; one such name must not cost the answers for all the others.
    odd = "backslashreplace"
    with (
        csv_path.open("w", encoding="utf-8", errors=odd, newline="") as table,
        json_path.open("w", encoding="utf-8", errors=odd) as text,
    ):
        writer = csv.writer(table)
        writer.writerow(["path", "class", "probability", "true_class", "error", "top"])
        text.write("[")
        rows = _predict(sources, root, classifier, config)
        for number, (source, top, error) in enumerate(rows):
            best = top[0] if top else None
            counts.update([best["class"]] if best else [])
            failed += error is not None
            known += best is not None and source.label is not None
            hits += best is not None and best["class"] == source.label
            writer.writerow(_csv_row(source, top, error))
            record = {"path": source.path, "label": source.label, "top": top, "error": error}
            text.write(("," if number else "") + "\n" + to_json(record))
            run.progress(number + 1, len(sources), "images", "predicting")
            run.raise_if_requested()
        text.write("\n]\n")
    run.artifact(csv_path, "text/csv")
    run.artifact(json_path, "application/json")
    metrics: dict[str, float] = {"images": len(sources), "failed": failed}
    if known:
        metrics["accuracy"] = hits / known
    return {"metrics": metrics, "classes": dict(counts.most_common())}


Answer = tuple[Source, list[dict[str, Any]], dict[str, Any] | None]


def _predict(sources: Iterable[Source], root: Path, classifier: Classifier, config: PredictConfig) -> Iterator[Answer]:
    """Answers in the order of the sources; the network takes whole batches."""
    resize = Resizer(classifier.preparation)
    for batch in decode_ahead(sources, lambda source: resize(root / source.path), config.batch_size):
        pixels = [result for _, result in batch if isinstance(result, Tensor)]
        tops = iter(_top(pixels, classifier, config) if pixels else [])
        for source, result in batch:
            if isinstance(result, CodedError):
                yield source, [], result.as_dict()
            else:
                yield source, next(tops), None


@torch.inference_mode()
def _top(pixels: list[Tensor], classifier: Classifier, config: PredictConfig) -> list[list[dict[str, Any]]]:
    device = next(classifier.model.parameters()).device
    with explain_out_of_memory(config.batch_size):
        logits = classifier.model(classifier.preparation.normalise(torch.stack(pixels).to(device))).float()
    probability, index = logits.softmax(1).topk(min(config.top_k, len(classifier.classes)))
    return [
        [{"class": classifier.classes[i], "index": i, "probability": p} for i, p in zip(row_i, row_p, strict=True)]
        for row_i, row_p in zip(index.tolist(), probability.tolist(), strict=True)
    ]


def _csv_row(source: Source, top: list[dict[str, Any]], error: dict[str, Any] | None) -> list[str]:
    if error is not None:
        return [safe_cell(source.path), "", "", safe_cell(source.label or ""), safe_cell(error["message"]), ""]
    return [
        safe_cell(source.path),
        safe_cell(top[0]["class"]),
        f"{top[0]['probability']:.6f}",
        safe_cell(source.label or ""),
        "",
        json.dumps([[entry["class"], round(entry["probability"], 6)] for entry in top], ensure_ascii=False),
    ]
