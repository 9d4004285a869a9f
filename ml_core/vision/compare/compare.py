"""Asks two weights about the same images and writes ``comparison.json``."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from torch import Tensor

from ml_core.data.manifest import Item, read_items, read_version
from ml_core.engine.device import cap_threads, choose_device
from ml_core.errors import CodedError, FormatError
from ml_core.run.context import RunContext
from ml_core.run.files import write_json_atomic
from ml_core.run.predictor import get_predictor
from ml_core.vision.batch.answering import Answer, answer_in_batches
from ml_core.vision.batch.sources import Picture, read_content
from ml_core.vision.compare.boxes import compare_boxes
from ml_core.vision.compare.classes import compare_classes
from ml_core.vision.compare.config import COMPARISON_FILE, TASKS, CompareConfig
from ml_core.vision.compare.outcome import Outcome
from ml_core.vision.detection.truth import read_truth
from ml_core.weights.folder import read_facts

MOST_ROWS = 2_000


def compare_weights(config: CompareConfig, run: RunContext) -> dict[str, Any]:
    """Predict with both, put the answers side by side, and test whether the difference may be chance.

    Raises:
        FormatError: ``compare.task``: the weights or the data set are of different kinds; ``compare.empty``: the split
            has no images, or no objects.
        WeightFileError: A weight folder is damaged.
        RunPaused: Resuming begins again.
        RunStopped: The run ends.
    """
    cap_threads(config.threads)
    version = read_version(Path(config.version), ("classify", "detect"))
    task = _common_task(config, version)
    run.data_fingerprint(version["fingerprint"])
    items = list(read_items(Path(config.version)))
    images = read_truth(Path(config.version), items)[config.split] if task == "vision.detect" else []
    asked = [image.item for image in images] or [item for item in items if item.split == config.split]
    if not asked or (images and not any(len(image.truth.objects) for image in images)):
        raise FormatError(f"The data set has nothing to be right about in {config.split}.", code="compare.empty",
                          hint="Choose another split.", where="split")  # fmt: skip
    first, second = (
        _answers(Path(folder), task, asked, place, config, run)
        for place, folder in enumerate((config.first, config.second))
    )
    read = [place for place, pair in enumerate(zip(first, second, strict=True)) if None not in pair]
    if len(read) < len(asked):
        run.log(f"{len(asked) - len(read):,} images cannot be read and are left out.", "warning")
    if not read:
        raise FormatError("None of the images can be read.", code="compare.unreadable", where="data.root",
                          hint="Bring the files back, or import the data set again.")  # fmt: skip
    ones, others = [first[place] or {} for place in read], [second[place] or {} for place in read]
    if task == "vision.detect":
        outcome = compare_boxes([images[place] for place in read], ones, others, version["classes"])
    else:
        outcome = compare_classes([asked[place] for place in read], ones, others, version["classes"])
    return _write(outcome, task, len(asked) - len(read), config, run)


def _common_task(config: CompareConfig, version: dict[str, Any]) -> str:
    first, second = (read_facts(Path(folder)).task for folder in (config.first, config.second))
    if first != second or first not in TASKS:
        raise FormatError(
            "Only two classifiers or two detectors can be compared on images.", code="compare.task", where="second",
            hint="Choose weights of the same task.",
        )  # fmt: skip
    if version.get("task", "classify") != TASKS[first]:
        raise FormatError("The data set has other labels than these weights answer with.", code="compare.task",
                          hint="Choose a data set like the one they were trained on.", where="version")  # fmt: skip
    return first


def _answers(
    folder: Path, task: str, items: Sequence[Item], place: int, config: CompareConfig, run: RunContext
) -> list[Answer | None]:
    """One answer an image, None where it cannot be read. Only one of the two weights is loaded at a time."""
    model = get_predictor(task)()
    model.load(folder, str(choose_device(config.device)))

    def prepare(item: Item) -> Tensor:
        tensor: Tensor = model.preprocess(read_content(Path(config.root), Picture(item.path)))
        return tensor

    answers: list[Answer | None] = []
    answered = answer_in_batches(items, prepare, model, batch_size=config.batch_size, run=run)
    with closing(answered):
        for batch in answered:
            answers += [None if isinstance(told, CodedError) else told for _, told in batch]
            run.progress(place * len(items) + len(answers), 2 * len(items), "images", "predicting")
            run.raise_if_requested()
    return answers


def _write(outcome: Outcome, task: str, unread: int, config: CompareConfig, run: RunContext) -> dict[str, Any]:
    told = {"unit": outcome.unit, "table": outcome.table, "p_value": outcome.p_value}
    table = {
        **told, "task": task, "split": config.split, "cases": len(outcome.label), "unread": unread,
        "classes": outcome.classes, "scores": outcome.scores, "verdict": outcome.verdict(),
        "per_class": outcome.per_class(), "disagreements": outcome.disagreements, "rows": outcome.rows[:MOST_ROWS],
    }  # fmt: skip
    path = run.artifact_path(COMPARISON_FILE)
    write_json_atomic(path, table)
    run.artifact(path, "application/json")
    run.log(outcome.verdict())
    metrics = {f"{side}_{name}": pair[place] for name, pair in outcome.scores.items()
               for place, side in enumerate(("first", "second"))}  # fmt: skip
    metrics |= {"disagreements": outcome.disagreements, "p_value": outcome.p_value}
    return {"metrics": metrics, "verdict": outcome.verdict(), "cases": len(outcome.label), "outcome": told}
