"""Prediction of many images: every one gives a row, also those that cannot be read."""

from __future__ import annotations

import csv
import json
import os
import shutil
import stat
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ml_core.data.archive import extract_zip
from ml_core.data.manifest import read_items, read_version, safe_cell
from ml_core.engine.device import available_cores, cap_threads, choose_device, explain_out_of_memory
from ml_core.errors import CodedError, FormatError
from ml_core.run.context import RunContext
from ml_core.run.files import to_json
from ml_core.vision.preparation import Resizer
from ml_core.vision.recipes import PredictConfig
from ml_core.vision.weight_folder import Classifier, load_classifier

IMAGE_ENDINGS = {".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm"}


@dataclass(frozen=True)
class Source:
    """An image to predict; ``label`` is its true class where a data set tells it."""

    path: str
    label: str | None = None


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
    with _images(config, run) as root:
        return _predict_all(config, run, classifier, root)


@contextmanager
def _images(config: PredictConfig, run: RunContext) -> Iterator[Path]:
    """The folder of the images. An archive is unpacked into the run's folder and removed again."""
    if config.archive is None:
        yield Path(config.root)
        return
    folder = run.dir.path / "images"
    shutil.rmtree(folder, ignore_errors=True)  # of a process that was killed
    try:
        run.log("Unpacking the archive.")
        extract_zip(
            Path(config.archive),
            folder,
            progress=lambda done, total: run.progress(done, total, "bytes", "unpacking"),
            check_cancelled=run.raise_if_requested,
        )
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _predict_all(config: PredictConfig, run: RunContext, classifier: Classifier, root: Path) -> dict[str, Any]:
    sources = _sources(config, root)
    if not sources:
        raise FormatError(
            "There are no images to predict.",
            code="data.empty",
            hint="Choose a folder with JPEG, PNG or WebP images.",
            where="root",
        )
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


def _sources(config: PredictConfig, root: Path) -> list[Source]:
    if config.version is not None:
        classes = read_version(Path(config.version))["classes"]
        items = read_items(Path(config.version))
        return [Source(i.path, classes[i.label]) for i in items if config.split in (None, i.split)]
    if config.files is not None:
        return [Source(_inside(root, name)) for name in config.files]
    if not root.is_dir():
        raise FormatError("The folder of images is missing.", code="data.missing", hint="Check the path.", where="root")
    return [Source(path) for path in sorted(_image_files(root))]


def _inside(root: Path, name: str) -> str:
    if not (root / name).resolve().is_relative_to(root.resolve()):
        raise FormatError(
            "A file lies outside the folder of the images.",
            code="data.outside",
            hint="Name files relative to the folder.",
            where=name,
        )
    return name


def _image_files(root: Path) -> Iterator[str]:
    for folder, _, names in os.walk(root):
        for name in names:
            # A link could lead out of the folder, and a pipe would be waited for.
            if Path(name).suffix.lower() in IMAGE_ENDINGS and _is_plain_file(Path(folder) / name):
                yield (Path(folder) / name).relative_to(root).as_posix()


def _is_plain_file(path: Path) -> bool:
    return stat.S_ISREG(path.lstat().st_mode)


Answer = tuple[Source, list[dict[str, Any]], dict[str, Any] | None]


def _predict(sources: Iterable[Source], root: Path, classifier: Classifier, config: PredictConfig) -> Iterator[Answer]:
    """Answers in the order of the sources: decoding runs ahead on all cores, the network takes whole batches."""
    resize = Resizer(classifier.preparation)

    def decode(source: Source) -> Tensor | CodedError:
        try:
            return resize(root / source.path)
        except CodedError as error:
            return error

    with ThreadPoolExecutor(available_cores()) as pool:
        waiting: deque[tuple[Source, Future[Tensor | CodedError]]] = deque()
        ahead = 2 * config.batch_size
        try:
            for source in sources:
                waiting.append((source, pool.submit(decode, source)))
                if len(waiting) >= ahead:
                    yield from _answer([waiting.popleft() for _ in range(config.batch_size)], classifier, config)
            while waiting:
                count = min(config.batch_size, len(waiting))
                yield from _answer([waiting.popleft() for _ in range(count)], classifier, config)
        finally:
            pool.shutdown(cancel_futures=True)


def _answer(
    batch: list[tuple[Source, Future[Tensor | CodedError]]], classifier: Classifier, config: PredictConfig
) -> Iterator[Answer]:
    decoded = [(source, future.result()) for source, future in batch]
    pixels = [result for _, result in decoded if isinstance(result, Tensor)]
    tops = iter(_top(pixels, classifier, config) if pixels else [])
    for source, result in decoded:
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
