from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from ml_core.run import registry
from ml_core.run.cli import EXIT_FAILED, EXIT_PAUSED, main
from ml_core.run.config import RecipeConfig, option
from ml_core.run.context import RunContext
from ml_core.run.control import send_command
from ml_core.run.search.config import Range
from ml_core.run.search.study import Study, Trial

MADE: list[tuple[float, str]] = []
PAUSE_AT = {"trial": -1}


class Fit(BaseModel):
    model_config = {"extra": "forbid"}

    learning_rate: float = option(1e-3, description="Rate.", gt=0, le=1)
    epochs: int = option(3, description="Epochs.", ge=1, le=50)


class BowlConfig(RecipeConfig):
    fit: Fit = Fit()
    optimizer: Literal["good", "bad", "broken"] = option("good", description="Optimizer.")


def bowl(config: BowlConfig, run: RunContext) -> dict[str, Any]:
    """Best at a rate of 1e-2 and at 20 epochs."""
    MADE.append((config.fit.learning_rate, config.optimizer))
    if len(MADE) == PAUSE_AT["trial"]:
        send_command(run.dir.path.parent.parent, "pause", 1)
        while True:
            run.raise_if_requested()
    if config.optimizer == "broken":
        raise registry.UnknownRecipeError("It is broken.", hint="Use another.")
    off = (math.log10(config.fit.learning_rate) + 2) ** 2 + ((config.fit.epochs - 20) / 20) ** 2
    return {"metrics": {"accuracy": 1 - 0.1 * off - (config.optimizer == "bad") * 0.3, "loss": off}}


@pytest.fixture(autouse=True)
def bowl_recipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    registry.discover()
    registry.recipe("sample.bowl", BowlConfig, title="Bowl", summary="A bowl.")(bowl)
    MADE.clear()
    monkeypatch.setitem(PAUSE_AT, "trial", -1)
    yield
    del registry._recipes["sample.bowl"]


RATE = {"fit.learning_rate": {"low": 1e-5, "high": 1.0, "log": True}}
SPACE: dict[str, Any] = {**RATE, "optimizer": {"values": ["good", "bad"]}}


def search(folder: Path, *, code: int = 0, resume: bool = False, **settings: Any) -> dict[str, Any]:
    config = {"recipe": "sample.bowl", "space": SPACE, "metric": "accuracy", "trials": 12, "seed": 3, **settings}
    folder.mkdir(exist_ok=True)
    (folder.parent / "search.json").write_text(json.dumps(config))
    arguments = ["run.search", "--config", str(folder.parent / "search.json"), "--out", str(folder)]
    assert main([*arguments, "--resume"] if resume else arguments) == code
    table = folder / "artifacts/trials.json"
    found: dict[str, Any] = json.loads(table.read_text()) if table.exists() else {}
    return found


def test_learning_from_trials_beats_chance(tmp_path: Path) -> None:
    table = search(tmp_path / "tpe", trials=30)
    best = table["trials"][table["best"]]
    assert best["values"]["optimizer"] == "good"
    assert 1e-3 < best["values"]["fit.learning_rate"] < 1e-1
    late = [trial["value"] for trial in table["trials"][15:]]
    by_chance = [trial["value"] for trial in search(tmp_path / "random", method="random", trials=30)["trials"]]
    assert sum(late) / len(late) > sum(by_chance) / len(by_chance) + 0.1
    assert sum(table["importance"].values()) == pytest.approx(1, abs=0.01)
    assert table["importance"]["fit.learning_rate"] > 0.1
    result = json.loads((tmp_path / "tpe/result.json").read_text())
    assert result["metrics"]["accuracy"] == best["value"]
    assert result["verdict"].startswith("Best of 30 trials")


def test_a_search_that_was_interrupted_makes_the_same_trials_and_none_twice(tmp_path: Path) -> None:
    whole = search(tmp_path / "whole")
    made = list(MADE)
    MADE.clear()
    PAUSE_AT["trial"] = 5
    search(tmp_path / "parted", code=EXIT_PAUSED)
    PAUSE_AT["trial"] = -1
    parted = search(tmp_path / "parted", resume=True)
    assert [trial["values"] for trial in parted["trials"]] == [trial["values"] for trial in whole["trials"]]
    assert [*made[:5], *made[4:]] == MADE, "only the trial that was interrupted is begun again"


def test_losses_are_made_small_and_scores_large(tmp_path: Path) -> None:
    table = search(tmp_path / "a", metric="loss")
    values = [trial["value"] for trial in table["trials"]]
    assert (table["direction"], table["trials"][table["best"]]["value"]) == ("minimize", min(values))


def test_a_trial_that_fails_is_noted_and_the_search_goes_on(tmp_path: Path) -> None:
    space = {**RATE, "optimizer": {"values": ["good", "broken"]}}
    table = search(tmp_path / "a", space=space, method="random")
    states = {trial["state"] for trial in table["trials"]}
    assert states == {"completed", "failed"}
    failed = next(trial for trial in table["trials"] if trial["state"] == "failed")
    assert failed["cause"] == "It is broken. Use another."


def test_when_everything_fails_it_ends_soon_with_the_cause(tmp_path: Path) -> None:
    table = search(tmp_path / "a", settings={"optimizer": "broken"}, space=RATE, code=EXIT_FAILED)
    assert len(table["trials"]) == 3
    assert "It is broken" in json.loads((tmp_path / "a/result.json").read_text())["error"]["hint"]


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        ({"space": {"fit.rate": {"low": 0.1, "high": 1}}}, "space.fit.rate"),
        ({"space": {"fit.learning_rate": {"low": 0.1, "high": 7}}}, "space.fit.learning_rate"),
        ({"space": {"optimizer": {"values": ["good", "sgd"]}}}, "space.optimizer"),
        ({"metric": "f1"}, "metric"),
    ],
)
def test_what_cannot_be_searched_is_refused_at_once(tmp_path: Path, settings: dict[str, Any], where: str) -> None:
    search(tmp_path / "a", code=EXIT_FAILED, **settings)
    assert json.loads((tmp_path / "a/result.json").read_text())["error"]["where"] == where
    assert len(MADE) <= 1


@pytest.mark.parametrize(
    "wrong",
    [{}, {"low": 2, "high": 1}, {"low": 0, "high": 1, "log": True}, {"values": [1]}, {"values": [1, 2], "low": 0}],
)
def test_a_range_without_values_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="give|logarithmic"):
        Range(**wrong)


def test_whole_numbers_stay_whole() -> None:
    study = Study({"epochs": Range(low=1, high=50, integer=True)}, "maximize", "tpe", 0)
    trials: list[Trial] = []
    for number in range(20):
        values = study.suggest(trials)
        assert isinstance(values["epochs"], int)
        trials.append(Trial(number, values, "completed", float(values["epochs"])))
    assert study.best(trials) is max(trials, key=lambda trial: trial.value or 0)


def test_a_finished_trial_leaves_no_weights_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def heavy(config: BowlConfig, run: RunContext) -> dict[str, Any]:
        run.artifact_path("weight/model.safetensors").write_bytes(b"x" * 1000)
        (run.dir.checkpoints / "step-1").mkdir()
        return bowl(config, run)

    registry._recipes["sample.bowl"] = registry.Recipe("sample.bowl", BowlConfig, heavy, "Bowl", "", "train")
    search(tmp_path / "a", trials=2)
    left = [path.name for path in (tmp_path / "a/trials").rglob("*")]
    assert "result.json" in left
    assert not {"model.safetensors", "step-1"} & set(left)
