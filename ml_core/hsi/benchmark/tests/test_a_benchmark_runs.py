from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml_core.hsi.stages.tests.chain import TINY, run
from ml_core.hsi.stages.tests.small_scenes import make_scene, write_scenes
from ml_core.run.context import RunContext


def _config(folder: Path, **changes: Any) -> dict[str, Any]:
    overrides = {
        stage: {name: value for name, value in values.items() if name not in ("device", "threads")}
        for stage, values in TINY.items()
    }
    machine = {"device": "cpu", "threads": 1, "workers": 1}
    return {"train": str(folder), "test": str(folder), "folds": 2, "seeds": 1, **machine, **overrides, **changes}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scenes(tmp_path_factory.mktemp("folder"), 2, ("A",), height=28, width=26)


@pytest.mark.slow
def test_every_method_is_scored_and_an_interruption_changes_nothing(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = _config(folder, methods=["detector", "global_rx"])
    looks = 0

    def pause_now_and_then(_self: RunContext) -> str | None:
        nonlocal looks
        looks += 1
        return "pause" if looks % 40 == 0 else None

    with monkeypatch.context() as patch:
        patch.setattr(RunContext, "requested", pause_now_and_then)
        states = [run("hsi.benchmark", config, tmp_path / "paused")["state"]]
        while states[-1] == "paused":
            states.append(run("hsi.benchmark", config, tmp_path / "paused", resume=True)["state"])
    assert states[0] == "paused"
    result = run("hsi.benchmark", config, tmp_path / "whole")
    paused = json.loads((tmp_path / "paused/result.json").read_text())
    assert result["state"] == paused["state"] == "completed", result["error"]
    assert list(result["scenes"]) == ["scene-0", "scene-1"]
    wanted = {"combined", "lm_nll", "recon", "one_class", "training_free", "token_nll", "global_rx"}
    for name, methods in result["scenes"].items():
        assert set(methods) == wanted
        for method, found in methods.items():
            assert 0 <= found["auc"] <= 1
            assert found["seconds"] > 0
            for measure in ("auc", "ap"):
                assert found[measure] == paused["scenes"][name][method][measure]
    assert result["folds"] == {"fold-0": ["scene-0"], "fold-1": ["scene-1"]}
    assert (tmp_path / "whole/artifacts/table.md").read_text().startswith("| scene | combined |")


def test_classics_need_no_training_and_random_ones_are_repeated(tmp_path: Path, folder: Path) -> None:
    config = _config(folder, train="", methods=["global_rx", "iforest"], seeds=2)
    result = run("hsi.benchmark", config, tmp_path / "run")
    assert result["state"] == "completed", result["error"]
    assert result["training_s"] == {}
    first, second = result["by_seed"].values()
    assert set(first["scene-0"]) == {"global_rx", "iforest"}
    assert set(second["scene-0"]) == {"iforest"}
    assert result["mean"]["global_rx"]["auc_spread"] == 0


def test_the_name_of_a_scene_leads_nowhere(tmp_path: Path) -> None:
    cube, mask = make_scene(1, height=14, width=14)
    (tmp_path / "scenes").mkdir()
    np.savez(tmp_path / "scenes/a.npz", cube=cube, gt=mask, name="../../../outside|x")
    result = run("hsi.benchmark", _config(tmp_path / "scenes", train="", methods=["global_rx"]), tmp_path / "run")
    assert result["state"] == "completed", result["error"]
    assert not list(tmp_path.glob("**/outside*"))
    assert "outside\\|x" in (tmp_path / "run/artifacts/table.md").read_text()


def test_a_detector_without_scenes_to_learn_from_is_refused(tmp_path: Path, folder: Path) -> None:
    from ml_core.errors import ConfigError
    from ml_core.hsi.benchmark.config import BenchmarkConfig
    from ml_core.run.config import parse_config

    with pytest.raises(ConfigError, match="folder to learn from"):
        parse_config(BenchmarkConfig, {"test": str(folder)})
