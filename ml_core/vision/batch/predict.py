"""Prediction of many images and videos: every one is answered once, also those that cannot be read."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any

from PIL import Image
from torch import Tensor

from ml_core.engine.device import cap_threads, choose_device
from ml_core.errors import CodedError
from ml_core.run.context import RunContext
from ml_core.run.predictor import Predictor, get_predictor
from ml_core.vision.batch.answering import answer_in_batches
from ml_core.vision.batch.answers import ANSWERS_FILE, AnswerJournal, findings_of, read_answers, write_index
from ml_core.vision.batch.masks import write_label_maps
from ml_core.vision.batch.places import preview_path
from ml_core.vision.batch.sources import Picture, Pictures, find_sources, open_root, read_content
from ml_core.vision.batch.tables import write_tables
from ml_core.vision.config import ManyImagesConfig
from ml_core.weights.folder import read_facts

_PREVIEW_SIDE = 480
_MEDIA = {".csv": "text/csv", ".json": "application/json", ".zip": "application/zip"}


def predict_many(config: ManyImagesConfig, run: RunContext) -> dict[str, Any]:
    """Predict, and write ``predictions.json`` (a record an image or frame), ``.csv`` and, of boxes, ``.coco.json``.

    A resumed run goes on behind the last answer. Memory does not grow with the number of images.

    Raises:
        WeightFileError: The weight folder is incomplete or damaged, or serves another task.
        FormatError: There are no images, or the archive is damaged.
        UnsafeFileError: The archive could do harm.
        RunPaused: Resuming goes on.
        RunStopped: The run ends.
    """
    cap_threads(config.threads)
    model = get_predictor(config.task)()
    model.load(Path(config.weight), str(choose_device(config.device)))
    root = open_root(config, run)
    sources = find_sources(config, root)
    journal = AnswerJournal(run.artifact_path(ANSWERS_FILE), resuming=run.resuming)
    again = f" {journal.count:,} answers are there already." if journal.count else ""
    run.log(f"Predicting {len(sources):,} images and videos.{again}")
    pictures = Pictures(sources, root, config, dict(journal.known))
    whole = False
    try:
        with closing(_answers(pictures, root, model, config, run)) as batches:
            for batch in batches:
                journal.add(batch)
                run.progress(journal.count, max(pictures.expected, journal.count), "images", "predicting")
                run.raise_if_requested()
        whole = True
    finally:
        journal.close(whole=whole)
    return _finish(config, run)


def _answers(
    pictures: Pictures, root: Path, model: Predictor, config: ManyImagesConfig, run: RunContext
) -> Generator[list[dict[str, Any]], None, None]:
    """Records of whole batches; decoding runs ahead of the network."""

    def prepare(picture: Picture) -> Tensor:
        content = read_content(root, picture)
        picture.content = None  # it waits for its batch, and the pixels of a frame are many
        if picture.frame is not None:
            _keep_preview(preview_path(run.dir.path, picture.path, picture.frame), content)
        tensor: Tensor = model.preprocess(content)
        return tensor

    answered = answer_in_batches(pictures, prepare, model, batch_size=config.batch_size, run=run, size_of=_size_of)
    with closing(answered):
        for batch in answered:
            yield [
                _record(picture, {}, told) if isinstance(told, CodedError) else _record(picture, config.cut(told))
                for picture, told in batch
            ]


def _size_of(picture: Picture) -> int:
    return len(picture.content or b"")


def _record(picture: Picture, answer: dict[str, Any], error: CodedError | None = None) -> dict[str, Any]:
    record: dict[str, Any] = {"path": picture.path, "label": picture.label}
    if picture.frame is not None:
        record |= {"frame": picture.frame, "time_s": picture.time_s}
    told = None if error is None else {**error.as_dict(), "where": error.where or picture.path}
    return {**record, **answer, "error": told}


def _keep_preview(path: Path, content: bytes) -> None:
    """A small picture of a frame, so that nobody needs to decode the video in order to look through it."""
    with Image.open(io.BytesIO(content)) as frame:
        frame.thumbnail((_PREVIEW_SIDE, _PREVIEW_SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.save(path, "JPEG", quality=80)


def _finish(config: ManyImagesConfig, run: RunContext) -> dict[str, Any]:
    """Tables and sums, all from the records."""
    facts = read_facts(Path(config.weight))
    answers = run.artifact_path(ANSWERS_FILE)
    write_index(answers.parent, answers)
    names = write_tables(answers.parent, lambda: read_answers(answers), config.task, facts.classes)
    if config.task == "vision.segment":
        names.append(write_label_maps(answers.parent, read_answers(answers), len(facts.classes)))
    for name in (ANSWERS_FILE, *names):
        run.artifact(answers.parent / name, _MEDIA[Path(name).suffix])
    threshold = getattr(config, "threshold", None)
    if threshold is None:
        threshold = float((facts.model_extra or {}).get("threshold", 0.0))
    sums = _sums(answers, facts.classes, threshold)
    if config.task == "vision.detect":
        sums["metrics"]["boxes"] = sum(sums["classes"].values())
    return {**sums, "threshold": threshold}


def _sums(answers: Path, classes: list[str], threshold: float) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    images = failed = known = hits = 0
    videos: dict[str, dict[str, Any]] = {}
    for record in read_answers(answers):
        failed += record["error"] is not None
        if "frame" in record:
            path = record["path"]
            videos.setdefault(path, {"path": path, "first": images, "frames": 0})["frames"] += 1
        images += 1
        counts.update(classes[index] for index, probability in findings_of(record) if probability >= threshold)
        if record.get("top") and record["label"] is not None:
            known += 1
            hits += record["top"][0]["class"] == record["label"]
    metrics: dict[str, float] = {"images": images, "failed": failed}
    if known:
        metrics["accuracy"] = hits / known
    return {"metrics": metrics, "classes": dict(counts.most_common()), "videos": list(videos.values())}
