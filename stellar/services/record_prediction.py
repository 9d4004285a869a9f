"""When a prediction has ended: keep its answers, or say why there are none."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Run, RunState
from ml_core.data.manifest import safe_cell
from ml_core.errors import FormatError
from ml_core.run.files import sync_folder
from ml_core.stellar.spectra.subclass import CLASSES
from stellar.models import NONE_OF_THEM, Prediction, Star, StarClassification, WorkState
from stellar.services.show_prediction import show_prediction
from stellar.services.store_stars import insert_many
from stellar.storage import prediction_folder

ANSWERS: Final = "predictions.csv"
SUMMARY: Final = "predictions.json"
EMBEDDING: Final = "embedding.json"
VECTORS: Final = "embedding.npy"
_KEPT = (ANSWERS, SUMMARY, EMBEDDING, VECTORS)
_SOURCES = ("spectrum", "image", "photometry")
_NEEDED = {"name", "predicted", "confidence", "type", "type_sd", "novelty", "modality", "disagrees",
           *(f"p_{name}" for name in CLASSES)}  # fmt: skip
BATCH = 5_000


def record_prediction(run: Run) -> None:
    """Store an answer for each star, and show the newest prediction of a survey. May be called again for the same run.

    Raises:
        FormatError: The run left no answers that can be read.
    """
    row = Prediction.objects.filter(run=run).exclude(state=WorkState.READY).select_related("survey").first()
    if row is None:
        return  # deleted meanwhile, or done by an earlier call
    source = run_folder(run.id) / "artifacts"
    try:
        row.summary = json.loads((source / SUMMARY).read_text(encoding="utf-8"))
        stored = _store(row, source / ANSWERS)
    except (OSError, ValueError, KeyError, csv.Error) as error:
        raise FormatError("The answers of the run cannot be read.", code="stellar.answers_unreadable",
                          hint="Run the prediction again.", where=ANSWERS) from error  # fmt: skip
    _keep(source, prediction_folder(row))
    row.stars = stored
    row.counts = row.summary.get("counts", {})
    row.disagreements = int(row.summary.get("disagreements", 0))
    row.state, row.fault = WorkState.READY, {}
    row.save()
    if not row.is_partial or row.survey.shown_id is None:
        show_prediction(row.survey, row)


def fail_prediction(run: Run) -> None:
    """Say on the prediction why its run ended without one. Resuming the run may still bring it."""
    stopped = {
        "code": "prediction.stopped", "message": "The prediction was stopped.", "hint": "Start it again.", "where": "",
    }  # fmt: skip
    fault = run.cause if run.state != RunState.STOPPED and run.cause else stopped
    waiting = Prediction.objects.filter(run=run).exclude(state=WorkState.READY)
    waiting.update(state=WorkState.FAILED, fault=fault)


def _store(prediction: Prediction, path: Path) -> int:
    """How many answers there are; those of an earlier call are there already."""
    ids = {safe_cell(name): pk for name, pk in Star.objects.filter(survey=prediction.survey).values_list("name", "id")}
    rows, stored = _answers(prediction, path, ids), 0
    while batch := list(islice(rows, BATCH)):
        stored += insert_many(StarClassification, batch)
    return stored


def _answers(prediction: Prediction, path: Path, ids: dict[str, Any]) -> Iterator[StarClassification]:
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        missing = _NEEDED - set(reader.fieldnames or ())
        if missing:
            raise KeyError(*sorted(missing))
        for row in reader:
            star = ids.get(row["name"])
            if star is None or not row["confidence"]:
                continue  # deleted meanwhile, or its files could not be used
            chances = [float(row[f"p_{name}"]) for name in CLASSES]
            single = {
                source: {"class": row[f"{source}_class"], "confidence": float(row[f"{source}_confidence"])}
                for source in _SOURCES
                if row.get(f"{source}_class")
            }
            has_both = {"spectrum", "image"} <= single.keys()
            yield StarClassification(
                star_id=star, prediction=prediction, probabilities=chances, confidence=float(row["confidence"]),
                predicted=CLASSES.index(row["predicted"]) if row["predicted"] else NONE_OF_THEM,
                likeliest=max(range(len(chances)), key=chances.__getitem__), type=_number(row["type"]),
                type_sd=_number(row["type_sd"]), novelty=_number(row["novelty"]), modality=row["modality"],
                by_modality=single, modalities_differ=row["disagrees"] == "1" if has_both else None,
            )  # fmt: skip


def _number(text: str) -> float | None:
    return float(text) if text and text != "nan" else None


def _keep(source: Path, target: Path) -> None:
    """The folder appears whole or not at all; one that is there already came from an earlier call."""
    if target.exists():
        return
    staged = target.with_name(f".staging-{target.name}")
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    for name in _KEPT:
        if not (source / name).is_file():
            continue
        try:
            (staged / name).hardlink_to(source / name)
        except OSError:  # another file system, or one without links
            shutil.copyfile(source / name, staged / name)
    sync_folder(staged)
    staged.rename(target)
