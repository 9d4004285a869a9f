from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml_core.errors import ConfigError
from ml_core.run.cli import main
from ml_core.run.config import parse_config
from ml_core.run.context import RunContext
from ml_core.stellar.benchmark.config import BenchmarkConfig
from ml_core.stellar.benchmark.folds import write_view
from ml_core.stellar.simulate import simulate_survey
from ml_core.stellar.survey import open_survey, write_rejected

TINY = {
    "recommended": {"epochs": 1, "steps_per_epoch": 3, "batch_size": 16},
    "plain": {"epochs": 1, "batch_size": 16, "d_model": 16, "num_heads": 2, "num_layers": 1},
    "device": "cpu", "threads": 1,
}  # fmt: skip


def run(config: dict[str, Any], out: Path, *, resume: bool = False) -> dict[str, Any]:
    path = out.with_name(f"{out.name}.json")
    path.write_text(json.dumps(config))
    main(["stellar.benchmark", "--config", str(path), "--out", str(out), *(["--resume"] if resume else [])])
    result: dict[str, Any] = json.loads((out / "result.json").read_text())
    return result


@pytest.fixture(scope="module")
def surveys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("surveys")
    simulate_survey(folder / "train", 60, seed=1)
    simulate_survey(folder / "test", 25, seed=2)
    return folder / "train", folder / "test"


@pytest.mark.slow
def test_every_method_is_scored_and_an_interruption_changes_nothing(
    tmp_path: Path, surveys: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    train, test = surveys
    config = {"train": str(train), "test": str(test), "seeds": 1, "real": str(test / "spectra"), **TINY}
    config |= {"cache": str(tmp_path / "cache"), "methods": ["fusion", "fusion_plain", "chi2"]}
    looks = 0

    def pause_now_and_then(_self: RunContext) -> str | None:
        nonlocal looks
        looks += 1
        return "pause" if looks in (1, 3, 7, 15) else None

    with monkeypatch.context() as patch:
        patch.setattr(RunContext, "requested", pause_now_and_then)
        states = [run(config, tmp_path / "paused")["state"]]
        while states[-1] == "paused":
            states.append(run(config, tmp_path / "paused", resume=True)["state"])
    assert states[:3] == ["paused"] * 3
    paused = json.loads((tmp_path / "paused/result.json").read_text())
    whole = run(config, tmp_path / "whole")
    assert whole["state"] == paused["state"] == "completed", whole["error"]
    for name in ("fusion", "spectrum", "image", "fusion_plain", "chi2"):
        found = whole[name]
        assert set(found["macro_f1"]) == {"all", "low", "high"}
        assert 0 <= found["ece"] <= 1 and 0 <= found["within_one"] <= 1
        assert found["n"]["all"] == 25 == found["n"]["low"] + found["n"]["high"]
        for key in ("macro_f1", "accuracy", "within_one", "ece", "spread", "error", "by_group", "by_seed"):
            assert found[key] == paused[name][key], (name, key)
    assert whole["real"]["by_seed"][0]["members"] == 25
    assert whole["real"]["files"] == paused["real"]["files"]
    assert whole["comparison"]["spectrum"]["all"]["error"] >= 0
    table = (tmp_path / "whole/artifacts/table.md").read_text()
    assert "| fusion (recommended) |" in table and "| chi-square templates |" in table


def test_families_are_scored_by_what_was_learnt_from_the_others(tmp_path: Path, surveys: tuple[Path, Path]) -> None:
    train, _ = surveys
    names = [star.name for star in open_survey(train).objects]
    kinds = [("old", "young", "middle")[at % 3] for at in range(len(names))]
    (train / "families.csv").write_text(
        "name,kind\n" + "".join(f"{n},{k}\n" for n, k in zip(names, kinds, strict=True))
    )
    config = {"train": str(train), "split": "family", "family_columns": ["kind"], "methods": ["colours"], "seeds": 2}
    result = run(config, tmp_path / "run")
    assert result["state"] == "completed", result["error"]
    assert list(result["by_fold"]) == ["middle", "old", "young"]
    assert [fold["colours"]["n"]["all"] for fold in result["by_fold"].values()] == [20, 20, 20]
    assert result["colours"]["n"]["all"] == 60
    several = [found["all"] for found in result["colours"]["by_seed"]]
    assert result["colours"]["macro_f1"]["all"] == pytest.approx(np.mean(several))
    assert result["colours"]["spread"]["macro_f1"]["all"] == pytest.approx(np.std(several, ddof=1))
    learnt = [star.name for star in open_survey(tmp_path / "run/work/fold-0/survey").objects]
    assert learnt == [name for name, kind in zip(names, kinds, strict=True) if kind != "middle"]


def test_clusters_are_left_out_where_nothing_names_families(tmp_path: Path, surveys: tuple[Path, Path]) -> None:
    config = {"train": str(surveys[0]), "split": "cluster", "clusters": 2, "methods": ["chi2"], "seeds": 1}
    result = run(config, tmp_path / "run")
    assert result["state"] == "completed", result["error"]
    assert sum(fold["chi2"]["n"]["all"] for fold in result["by_fold"].values()) == 60


def test_stars_that_are_learnt_from_are_not_scored(tmp_path: Path, surveys: tuple[Path, Path]) -> None:
    train, _ = surveys
    some = {star.name for star in open_survey(train).objects[:30]}
    view = write_view(train, some, tmp_path / "view")
    config = {"train": str(view), "test": str(train), "methods": ["colours"], "seeds": 1}
    assert run(config, tmp_path / "run")["colours"]["n"]["all"] == 30
    result = run({**config, "train": str(train)}, tmp_path / "same")
    assert result["state"] == "failed"
    assert result["error"]["code"] == "stellar.split"


def test_a_view_holds_the_same_stars_and_decisions(tmp_path: Path, surveys: tuple[Path, Path]) -> None:
    whole = open_survey(surveys[1])
    chosen = {star.name for star in whole.objects[3:9]}
    rejected = whole.objects[4].name
    write_rejected(surveys[1], [rejected])
    view = open_survey(write_view(surveys[1], chosen, tmp_path / "view"))
    write_rejected(surveys[1], [])
    assert view.objects == whole.objects[3:9]
    assert rejected not in view.images
    arrays, all_arrays = view.arrays(tmp_path / "cache"), whole.arrays(tmp_path / "cache")
    rows = np.isin(all_arrays["name"], arrays["name"])
    for name, held in arrays.items():
        assert np.array_equal(held, all_arrays[name][rows]), name


@pytest.mark.parametrize(
    "wrong",
    [{}, {"test": "t", "real": "r", "methods": ["chi2"]}, {"split": "cluster", "modality": "image"}],
)
def test_settings_that_contradict_each_other_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        parse_config(BenchmarkConfig, {"train": "a", **wrong})
