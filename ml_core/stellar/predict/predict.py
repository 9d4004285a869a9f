"""Classification of a whole survey: every star gets a row, also those whose files cannot be used."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

import numpy as np

from ml_core.engine.device import cap_threads
from ml_core.errors import FormatError
from ml_core.run.context import RunContext
from ml_core.run.files import to_json, write_atomic
from ml_core.stellar.metrics import confusion_matrix
from ml_core.stellar.neighbours import embedding_map
from ml_core.stellar.predict import load_classifier
from ml_core.stellar.predict.classification import Classification
from ml_core.stellar.predict.config import PredictConfig
from ml_core.stellar.predict.tables import counts, embedding_columns, predictions_csv
from ml_core.stellar.survey_arrays import Arrays
from ml_core.stellar.training.report import source_scores
from ml_core.stellar.training.stars import drop_own_cache, fingerprint, read_stars

_MAX_NAMES_BYTES: Final = 64 * 2**20
_SEED: Final = 0


def run_predict(config: PredictConfig, run: RunContext) -> dict[str, Any]:
    """Classify, and leave ``predictions.csv``, ``predictions.json``, ``embedding.npy`` and ``embedding.json``.

    Raises:
        WeightFileError: The weight folder is damaged, or not one of a star classifier of these classes.
        FormatError: The survey cannot be read, or none of its stars can be classified.
        RunPaused: Resuming classifies all stars again.
        RunStopped: The run ends; nothing is kept.
    """
    cap_threads(config.threads)
    classifier = load_classifier(config.weights, config.device)
    arrays, problems = read_stars(config.survey, config.modality, config.cache, run, labelled=False)
    run.data_fingerprint(fingerprint(arrays))
    if config.names or config.names_file:
        listed = _read_names(Path(config.names_file)) if config.names_file else []
        arrays, problems = _chosen(arrays, problems, [*config.names, *listed])

    def report(done: int, total: int) -> None:
        run.progress(done, total, "stars", "classifying")
        run.raise_if_requested()

    began = time.monotonic()
    answers = classifier.classify(arrays, looked_at=config.modality, batch_size=config.batch_size, progress=report)
    seconds = time.monotonic() - began
    summary = {
        "model": classifier.model, "trained_on": classifier.modality, "modality": config.modality,
        "classes": classifier.classes, "total": len(answers) + len(problems), "problems": len(problems),
        **counts(answers), "seconds": round(seconds, 3),
        "stars_per_second": round(len(answers) / max(seconds, 1e-9), 1), **_known(answers, arrays),
    }  # fmt: skip
    _write(config, run, answers, arrays, problems, summary)
    drop_own_cache(config.cache, run)
    run.log(
        f"{summary['classified']:,} stars were classified in {seconds:.1f} s; {summary['counts']['none']:,} of them "
        f"are none of {classifier.classes[0]} to {classifier.classes[-1]}, {len(problems):,} could not be used."
    )
    told = ("total", "classified", "problems", "disagreements", "seconds")
    return {"metrics": {name: summary[name] for name in told}, "summary": summary, "weight": None}


def _write(
    config: PredictConfig, run: RunContext, answers: Classification, arrays: Arrays, problems: dict[str, str],
    summary: dict[str, Any],
) -> None:  # fmt: skip
    names, labels, sn = arrays["name"].tolist(), np.asarray(arrays["label"]), np.asarray(arrays["sn"])
    places = embedding_map(answers.embedding, method=config.embedding_map, seed=_SEED)
    texts = {
        "predictions.csv": predictions_csv(answers, names, labels, sn, problems),
        "predictions.json": to_json(summary, indent=2),
        "embedding.json": to_json(embedding_columns(answers, places, names, labels, sn)),
    }
    for name, text in texts.items():
        path = run.artifact_path(name)
        write_atomic(path, text.encode())
        run.artifact(path)
    path = run.artifact_path("embedding.npy")
    np.save(path, np.asarray(answers.embedding, np.float32), allow_pickle=False)
    run.artifact(path)


def _known(answers: Classification, arrays: Arrays) -> dict[str, Any]:
    """Scores and confusion where the survey tells classes; nothing otherwise."""
    labels = np.asarray(arrays["label"])
    if not (labels >= 0).any():
        return {}
    scores, _ = source_scores(answers, arrays)
    return {"scores": scores, "confusion": confusion_matrix(labels, answers.label).tolist()}


def _chosen(arrays: Arrays, problems: dict[str, str], names: list[str]) -> tuple[Arrays, dict[str, str]]:
    wanted = set(names)
    rows = np.flatnonzero([name in wanted for name in arrays["name"].tolist()])
    if not len(rows):
        raise FormatError(
            "None of the chosen stars can be classified.", code="survey.nothing_usable",
            hint="Choose stars with a spectrum or an image.", where="names",
        )  # fmt: skip
    known = set(arrays["name"].tolist()) | set(problems)
    missing = {name: "The survey has no such star." for name in names if name not in known}
    chosen = {name: column[rows] for name, column in arrays.items()}
    return chosen, {name: reason for name, reason in problems.items() if name in wanted} | missing


def _read_names(path: Path) -> list[str]:
    try:
        if path.stat().st_size > _MAX_NAMES_BYTES:
            raise FormatError("The file of names is larger than 64 MB.", where="names_file")
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError("The file of names cannot be read.", hint="Check the path.", where="names_file") from error
    return list(dict.fromkeys(line.strip() for line in lines if line.strip()))
