"""The benchmark: folds, seeds, nested trainings, and the scores of all methods in one result."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.run.context import RunContext
from ml_core.run.files import write_json_atomic
from ml_core.stellar.benchmark.config import BenchmarkConfig
from ml_core.stellar.benchmark.folds import Fold, make_folds
from ml_core.stellar.benchmark.methods import Answered, answer, cache_folder, run_folder
from ml_core.stellar.benchmark.real import classify_files, find_spectra, summarise_files
from ml_core.stellar.benchmark.summary import ORDER, compare, summarise
from ml_core.stellar.benchmark.table import markdown

# Baselines first: they take seconds, and a run that is stopped has them.
_TURN: Final = ("chi2", "random_forest", "colours", "fusion", "fusion_plain")


def run_benchmark(config: BenchmarkConfig, run: RunContext) -> dict[str, Any]:
    """Compare all methods; what an interrupted run finished is kept.

    Returns:
        Scores of each name (`summarise`) at the top, so that ``result["fusion"]["macro_f1"]["low"]`` is one;
        ``comparison`` (`compare`), ``by_fold`` where there are several, ``real``, ``metrics`` and ``wall_s``.

    Raises:
        FormatError: A survey cannot be read.
        SplitError: The stars cannot be divided as asked.
        CodedError: As the trainings.
    """
    return _Benchmark(config, run).run()


class _Benchmark:
    def __init__(self, config: BenchmarkConfig, run: RunContext) -> None:
        self._config, self._run = config, run
        self._work = run.dir.path / "work"
        self._started = time.monotonic()
        self._methods = [name for name in _TURN if name in config.methods]
        self._spectra = find_spectra([Path(folder) for folder in config.real])

    def run(self) -> dict[str, Any]:
        """Everything, seed by seed."""
        folds = make_folds(self._config, cache_folder(self._config, self._run), self._work, self._reading)
        for fold in folds:
            stars = len(fold.learnt_rows), len(fold.asked_rows)
            self._run.log(f"{fold.name}: {stars[0]:,} stars to learn from, {stars[1]:,} to score.")
        answered = self._answer_all(folds)
        result = self._scores(folds, answered)
        if self._spectra:
            result["real"] = self._try_real()
        result["wall_s"] = round(time.monotonic() - self._started, 1)
        self._leave(result)
        if not self._config.cache:
            shutil.rmtree(cache_folder(self._config, self._run), ignore_errors=True)
        flat = {f"{name}_macro_f1": result[name]["macro_f1"]["all"] for name in ORDER if name in result}
        return {"metrics": flat, **result}

    def _answer_all(self, folds: list[Fold]) -> list[list[dict[str, Answered]]]:
        """By seed, fold and method."""
        total = self._config.seeds * len(folds) * len(self._methods)
        found: list[list[dict[str, Answered]]] = [[{} for _ in folds] for _ in range(self._config.seeds)]
        places = [(at, number) for at in range(self._config.seeds) for number in range(len(folds))]
        done = 0
        # A method after the other, so that a benchmark that is cut short has whole methods.
        for method in self._methods:
            for at, number in places:
                self._run.raise_if_requested()
                self._run.progress(done, total, "trainings", method)
                folder = self._folder(number, at, method)
                seed = self._config.seed + at
                found[at][number][method] = answer(method, folds[number], seed, folder, self._config, self._run)
                done += 1
            self._tell(folds, [[told[method] for told in rounds] for rounds in found])
        self._run.progress(done, total, "trainings")
        return found

    def _tell(self, folds: list[Fold], answered: list[list[Answered]]) -> None:
        """A line for each name that a method is scored under, before the others are done."""
        for name, found in self._summary(folds, answered).items():
            shown = "/".join("-" if value is None else f"{value:.3f}" for value in found["macro_f1"].values())
            self._run.log(f"{name}: macro-F1 {shown} (all, S/N < 5, S/N > 5), mean over {found['seeds']} seeds.")

    def _folder(self, fold: int, at: int, method: str) -> Path:
        return self._work / f"fold-{fold}" / f"seed-{self._config.seed + at}" / method

    def _scores(self, folds: list[Fold], answered: list[list[dict[str, Answered]]]) -> dict[str, Any]:
        """Of all methods, with their comparison."""
        merged = [[_merged(methods) for methods in rounds] for rounds in answered]
        result = self._summary(folds, merged)
        result["comparison"] = compare(_seeds(merged), *_truth(folds))
        if len(folds) > 1:
            result["by_fold"] = {
                fold.name: self._summary([fold], [[rounds[number]] for rounds in merged])
                for number, fold in enumerate(folds)
            }
        return result

    def _summary(self, folds: list[Fold], answered: list[list[Answered]]) -> dict[str, Any]:
        """All folds' stars together, as one test: each was left out once."""
        facts = [
            {name: _summed([told.facts[name] for told in rounds]) for name in rounds[0].facts} for rounds in answered
        ]
        return summarise(_seeds(answered), *_truth(folds), facts)

    def _try_real(self) -> dict[str, Any]:
        """The real spectra by the classifier of the first fold, with each seed."""
        from ml_core.stellar.predict import load_classifier

        weights = [run_folder(self._folder(0, at, "fusion")) for at in range(self._config.seeds)]
        told = [classify_files(load_classifier(folder, self._config.device), self._spectra) for folder in weights]
        counts = [summarise_files(facts) for facts in told]
        for at, count in enumerate(counts):
            self._run.log(
                f"Real spectra, seed {self._config.seed + at}: {count['right']} of {count['members']} M0-M4 stars "
                f"right, {count['called']} of {count['others']} others called M0-M4 with confidence."
            )
        return {"by_seed": counts, "files": told}

    def _leave(self, result: dict[str, Any]) -> None:
        table = markdown({name: result[name] for name in ORDER if name in result}, result["comparison"])
        for line in table.splitlines():
            self._run.log(line)
        path = self._run.artifact_path("table.md")
        path.write_text(table, encoding="utf-8")
        self._run.artifact(path, "text/markdown")
        write_json_atomic(self._run.artifact_path("scores.json"), result)
        self._run.artifact(self._run.artifact_path("scores.json"), "application/json")

    def _reading(self, done: int, total: int) -> None:
        self._run.progress(done, total, "stars", "reading")


def _truth(folds: list[Fold]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Labels and S/N of the stars of all folds."""
    return np.concatenate([fold.labels for fold in folds]), np.concatenate([fold.sn for fold in folds])


def _seeds(answered: list[list[Answered]]) -> list[dict[str, NDArray[Any]]]:
    """Probabilities about the stars of all folds, for each seed."""
    return [
        {name: np.concatenate([told.probabilities[name] for told in rounds]) for name in rounds[0].probabilities}
        for rounds in answered
    ]


def _merged(methods: dict[str, Answered]) -> Answered:
    merged = Answered({}, {})
    for told in methods.values():
        merged.probabilities.update(told.probabilities)
        merged.facts.update(told.facts)
    return merged


def _summed(facts: list[dict[str, float]]) -> dict[str, float]:
    """Times add up over folds; the share of refused stars is their mean."""
    return {
        key: float(np.mean([told[key] for told in facts]) if key == "refused" else sum(told[key] for told in facts))
        for key in facts[0]
    }
