from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from ml_core.run import registry
from ml_core.run.cli import main
from ml_core.run.config import RecipeConfig, option
from ml_core.run.context import RunContext

DRIFT = {"step": -1, "weight": 0.0, "nan": False}  # what the machine does otherwise the second time


class WalkConfig(RecipeConfig):
    seed: int = option(0, description="Seed.", ge=0)
    steps: int = option(6, description="Steps.", ge=1)


def walk(config: WalkConfig, run: RunContext) -> dict[str, Any]:
    draws = np.random.default_rng(config.seed).normal(size=config.steps)
    for step, draw in enumerate(draws, start=1):
        loss = float("nan") if DRIFT["nan"] else draw + (1e-7 if DRIFT["step"] == step else 0)
        run.metric({"loss": loss, "images_per_s": float(np.random.default_rng().normal())}, step, 1)
    path = run.artifact_path("weight/model.safetensors")
    save_file({"bias": draws[:2], "weight": draws + DRIFT["weight"]}, path)
    run.artifact(path)
    return {"metrics": {}}


@pytest.fixture(autouse=True)
def walk_recipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    registry.discover()
    registry.recipe("sample.walk", WalkConfig, title="Walk", summary="Walks.")(walk)
    for name, value in DRIFT.items():
        monkeypatch.setitem(DRIFT, name, value)
    yield
    del registry._recipes["sample.walk"]


def repeat(folder: Path, **drift: Any) -> dict[str, Any]:
    assert main(["sample.walk", "--out", str(folder / "first"), "--set", "seed=4"]) == 0
    DRIFT.update(drift)
    assert main(["run.repeat", "--set", f"run={folder / 'first'}", "--out", str(folder / "again")]) == 0
    told: dict[str, Any] = json.loads((folder / "again/artifacts/comparison.json").read_text())
    assert json.loads((folder / "again/result.json").read_text())["is_equal"] == told["is_equal"]
    return told


def test_the_same_run_is_equal_though_its_speed_is_not(tmp_path: Path) -> None:
    told = repeat(tmp_path)
    assert told["is_equal"]
    assert (told["metrics"], told["files"]) == (6, 1)
    assert told["verdict"].startswith("Equal to the last bit")


def test_losses_that_are_no_numbers_both_times_are_equal(tmp_path: Path) -> None:
    DRIFT["nan"] = True
    assert repeat(tmp_path)["is_equal"]


def test_the_first_step_that_differs_is_named_with_both_values(tmp_path: Path) -> None:
    told = repeat(tmp_path, step=3, weight=1.0)
    first = told["first"]
    assert not told["is_equal"]
    assert (first["kind"], first["step"], first["where"]) == ("metric", 3, "train loss (step)")
    assert float(first["after"]) - float(first["before"]) == pytest.approx(1e-7, rel=1e-3)
    assert "Differs first at step 3" in told["verdict"]


def test_weights_that_differ_are_named_by_file_and_tensor(tmp_path: Path) -> None:
    told = repeat(tmp_path, weight=1e-12)
    assert (told["first"]["kind"], told["first"]["where"]) == ("weights", "artifacts/weight/model.safetensors: weight")


def test_other_versions_of_libraries_are_named(tmp_path: Path) -> None:
    assert main(["sample.walk", "--out", str(tmp_path / "first"), "--set", "seed=4"]) == 0
    record = json.loads((tmp_path / "first/run.json").read_text())
    record["versions"]["numpy"] = "0.1"
    (tmp_path / "first/run.json").write_text(json.dumps(record))
    assert main(["run.repeat", "--set", f"run={tmp_path / 'first'}", "--out", str(tmp_path / "again")]) == 0
    told = json.loads((tmp_path / "again/artifacts/comparison.json").read_text())
    assert told["versions"] == ["numpy"]
    assert "numpy" in told["verdict"]


def test_a_run_that_did_not_end_well_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert main(["run.repeat", "--set", f"run={tmp_path / 'empty'}", "--out", str(tmp_path / "a")]) == 1
    assert main(["sample.walk", "--out", str(tmp_path / "first")]) == 0
    result = json.loads((tmp_path / "first/result.json").read_text())
    (tmp_path / "first/result.json").write_text(json.dumps({**result, "state": "failed"}))
    assert main(["run.repeat", "--set", f"run={tmp_path / 'first'}", "--out", str(tmp_path / "b")]) == 1
    assert "run.not_completed" in capsys.readouterr().err
