"""Chooses what to try next, with Optuna, from the trials that were made. Free of the disk and of recipes.

The choice follows from the seed, the number of the trial and the trials before it, so a search that was interrupted
goes on as it would have gone.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any, Literal

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState

from ml_core.run.search.config import Range, Scalar
from ml_core.run.seeds import mix

_IMPORTANCE_NEEDS = 8  # completed trials; below that the shares are noise
_STATES = {"completed": TrialState.COMPLETE, "failed": TrialState.FAIL}


@dataclass
class Trial:
    """One run of the recipe. ``value`` is the metric that counts; a trial that is under way has none."""

    number: int
    values: dict[str, Scalar]
    state: Literal["running", "completed", "failed"] = "running"
    value: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    cause: str = ""


class Study:
    """The space of a search, and which way is better."""

    def __init__(self, space: dict[str, Range], direction: Literal["maximize", "minimize"], method: str, seed: int):
        self._distributions = {key: _distribution(allowed) for key, allowed in sorted(space.items())}
        self._direction, self._method, self._seed = direction, method, seed

    def suggest(self, trials: list[Trial]) -> dict[str, Scalar]:
        """Values for the next trial, given all before it."""
        seed = mix(self._seed, "trial", len(trials)) % 2**32
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            sampler = (
                optuna.samplers.TPESampler(seed=seed, multivariate=True)
                if self._method == "tpe"
                else optuna.samplers.RandomSampler(seed=seed)
            )
        values: dict[str, Scalar] = self._study(trials, sampler).ask(self._distributions).params
        return values

    def best(self, trials: list[Trial]) -> Trial | None:
        """The completed trial with the best value; the earliest of equal ones."""
        done = [trial for trial in trials if trial.state == "completed" and trial.value is not None]
        sign = -1 if self._direction == "maximize" else 1
        return min(done, key=lambda trial: sign * (trial.value or 0.0), default=None)

    def importance(self, trials: list[Trial]) -> dict[str, float]:
        """How much of the differences between trials each setting explains, 0..1 (fANOVA, Hutter et al. 2014).

        Empty while there are few trials, or where all came out the same.
        """
        done = [trial for trial in trials if trial.state == "completed"]
        if len(done) < _IMPORTANCE_NEEDS or len({trial.value for trial in done}) == 1:
            return {}
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=self._seed % 2**32)
        shares = optuna.importance.get_param_importances(self._study(done), evaluator=evaluator)
        return {key: round(float(share), 4) for key, share in shares.items()}

    def _study(self, trials: list[Trial], sampler: Any = None) -> optuna.Study:
        verbosity = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        try:
            study = optuna.create_study(direction=self._direction, sampler=sampler)
        finally:
            optuna.logging.set_verbosity(verbosity)
        for trial in trials:
            study.add_trial(
                optuna.trial.create_trial(
                    state=_STATES[trial.state],
                    params=dict(trial.values),
                    distributions=self._distributions,
                    value=trial.value if trial.state == "completed" else None,
                )
            )
        return study


def _distribution(allowed: Range) -> BaseDistribution:
    if allowed.values:
        return CategoricalDistribution(allowed.values)
    assert allowed.low is not None and allowed.high is not None, "checked by the configuration"
    if allowed.integer:
        return IntDistribution(int(allowed.low), int(allowed.high), log=allowed.log)
    return FloatDistribution(allowed.low, allowed.high, log=allowed.log)
