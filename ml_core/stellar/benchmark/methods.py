"""One method in one fold with one seed: trained, asked about the stars that were left out, and kept."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.run.context import RunContext
from ml_core.run.files import write_json_atomic
from ml_core.run.nested import run_nested
from ml_core.stellar.baselines import BASELINES
from ml_core.stellar.benchmark.config import BenchmarkConfig
from ml_core.stellar.benchmark.folds import Fold
from ml_core.stellar.survey_arrays import Arrays

Floats = NDArray[np.floating[Any]]

TRAIN: Final = "stellar.train"
_DONE_FILE: Final = "answers.json"
_LOOKS: Final = {"spectrum": "spectrum", "image": "image", "fusion": "any"}


@dataclass(frozen=True)
class Answered:
    """What a method said about the stars of a fold.

    Attributes:
        probabilities: (N, 5) by the name under which they are scored: a classifier of several sources is asked with
            each alone too.
        facts: ``train_s`` and ``classify_s`` of each name, and ``refused``: share of stars that were said to be none of
            the classes.
    """

    probabilities: dict[str, Floats]
    facts: dict[str, dict[str, float]]


def answer(method: str, fold: Fold, seed: int, folder: Path, config: BenchmarkConfig, run: RunContext) -> Answered:
    """Train and ask, or read what an interrupted run already has.

    Args:
        method: One of the configuration's.
        fold: Stars.
        seed: Of the training.
        folder: Of this method in this fold with this seed.
        config: Of the benchmark.
        run: The benchmark's.
    """
    kept = _read(folder, len(fold.asked_rows))
    if kept is not None:
        return kept
    folder.mkdir(parents=True, exist_ok=True)
    if method in BASELINES:
        answered = _baseline(method, fold, seed, folder)
    else:
        answered = _network(method, fold, seed, folder, config, run)
    for name, values in answered.probabilities.items():
        np.save(folder / f"{name}.npy", values, allow_pickle=False)
    # Last: its presence says that all answers are whole.
    write_json_atomic(folder / _DONE_FILE, answered.facts)
    return answered


def _read(folder: Path, stars: int) -> Answered | None:
    try:
        facts = json.loads((folder / _DONE_FILE).read_text(encoding="utf-8"))
        held = {name: np.load(folder / f"{name}.npy", allow_pickle=False) for name in facts}
    except (OSError, ValueError):
        return None
    return Answered(held, facts) if all(len(values) == stars for values in held.values()) else None


def _baseline(method: str, fold: Fold, seed: int, folder: Path) -> Answered:
    train, test = fold.train(), fold.test()
    started = time.perf_counter()
    fitted = BASELINES[method]().fit(train, seed=seed)
    fitted.save(folder / "weight")
    trained = time.perf_counter()
    found = fitted.predict_proba(test)
    spent = {"train_s": trained - started, "classify_s": time.perf_counter() - trained}
    return Answered({method: found}, {method: spent})


def _network(method: str, fold: Fold, seed: int, folder: Path, config: BenchmarkConfig, run: RunContext) -> Answered:
    changes = config.recommended if method == "fusion" else config.plain
    values = {
        "model": "recommended" if method == "fusion" else method, "survey": str(fold.folder), "seed": seed,
        "modality": config.modality, "cache": str(cache_folder(config, run)), "device": config.device,
        "threads": config.threads, **changes,
    }  # fmt: skip
    result = run_nested(run, run_folder(folder), TRAIN, values, f"{fold.name}, seed {seed}, {method}")
    from ml_core.stellar.predict import load_classifier

    classifier = load_classifier(run_folder(folder), device=config.device)
    looks = _LOOKS if method == "fusion" else {method: "any"}
    answered, test = Answered({}, {}), fold.test()
    for name, look in looks.items():
        if not _has(test, look):
            continue
        started = time.perf_counter()
        found = classifier.classify(test, looked_at=look)  # type: ignore[arg-type]  # one of the literals
        answered.probabilities[name] = found.probabilities
        answered.facts[name] = {
            "train_s": float(result["seconds"]), "classify_s": time.perf_counter() - started,
            "refused": float(1 - found.is_member.mean()),
        }  # fmt: skip
        if name == "fusion" and "photometry" in found.by_modality:
            alone = found.by_modality["photometry"]
            answered.probabilities["photometry"] = np.where(np.isfinite(alone), alone, 1 / alone.shape[1])
            answered.facts["photometry"] = {"train_s": float(result["seconds"])}
    return answered


def _has(arrays: Arrays, look: str) -> bool:
    return look == "any" or bool(np.asarray(arrays[f"has_{look}"]).any())


def run_folder(folder: Path) -> Path:
    """Where the training of a method runs."""
    return folder / "run"


def cache_folder(config: BenchmarkConfig, run: RunContext) -> Path:
    """Where the arrays of the surveys are."""
    return Path(config.cache).absolute() if config.cache else run.dir.path / "work" / "cache"
