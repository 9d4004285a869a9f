from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ml_core.hsi.benchmark.folds import BenchmarkError, BenchmarkScene, Fold, make_folds, read_folder
from ml_core.hsi.benchmark.table import markdown, summarise
from ml_core.hsi.stages.tests.small_scenes import make_scene, write_scenes


@pytest.fixture
def scenes(tmp_path: Path) -> list[BenchmarkScene]:
    return read_folder(write_scenes(tmp_path / "scenes", 7, ("A", "A", "B"), height=12, width=12))


def _names(fold: Fold) -> tuple[list[str], list[str]]:
    return [scene.name for scene in fold.train], [scene.name for scene in fold.test]


def _folds(scenes: list[BenchmarkScene], **settings: bool) -> list[Fold]:
    wishes = {"is_same_folder": True, "leave_sensor_out": False, **settings}
    return make_folds(scenes, scenes, count=3, **wishes)


def test_scenes_of_one_folder_are_dealt_in_turn(scenes: list[BenchmarkScene]) -> None:
    folds = [_names(fold) for fold in _folds(scenes)]
    assert [test for _, test in folds] == [
        ["scene-0", "scene-3", "scene-6"],
        ["scene-1", "scene-4"],
        ["scene-2", "scene-5"],
    ]
    for train, test in folds:
        assert sorted(train + test) == [f"scene-{number}" for number in range(7)]


def test_a_sensor_can_be_left_out_as_a_whole(scenes: list[BenchmarkScene]) -> None:
    first, second = _folds(scenes, leave_sensor_out=True)
    assert {scene.scene.sensor for scene in first.train} == {"B"}
    assert {scene.scene.sensor for scene in first.test} == {"A"}
    assert [second.domain_of(scene) for scene in (*second.train, *second.test)] == [0] * 5 + [1] * 2


def test_a_copy_of_a_scored_scene_is_not_learnt_from(tmp_path: Path, scenes: list[BenchmarkScene]) -> None:
    other = tmp_path / "other"
    other.mkdir()
    cube, mask = make_scene(2, height=12, width=12, bands=40)
    np.savez(other / "renamed.npz", cube=cube, gt=mask, name="renamed", sensor="C")
    (fold,) = make_folds(scenes, read_folder(other), count=3, is_same_folder=False, leave_sensor_out=False)
    assert "scene-2" not in _names(fold)[0]
    assert len(fold.train) == 6


def test_a_fold_with_nothing_to_learn_from_is_refused(scenes: list[BenchmarkScene]) -> None:
    one_sensor = [scene for scene in scenes if scene.scene.sensor == "A"]
    with pytest.raises(BenchmarkError, match="Nothing is left"):
        _folds(one_sensor, leave_sensor_out=True)


def test_two_scenes_of_one_name_are_refused(tmp_path: Path) -> None:
    folder = write_scenes(tmp_path, 1, height=12, width=12)
    cube, mask = make_scene(9, height=12, width=12)
    np.savez(folder / "zzz.npz", cube=cube, gt=mask, name="scene-0")
    with pytest.raises(BenchmarkError, match="scene-0"):
        read_folder(folder)


def test_means_and_spreads_follow_from_seeds_and_scenes() -> None:
    def found(auc: float, ap: float) -> dict[str, float]:
        return {"auc": auc, "ap": ap, "seconds": 2.0}

    summary = summarise(
        {
            1: {"a": {"combined": found(0.9, 0.5), "crd": found(0.8, 0.1)}, "b": {"combined": found(0.7, 0.3)}},
            2: {"a": {"combined": found(1.0, 0.7)}, "b": {"combined": found(0.8, 0.3)}},
        }
    )
    assert summary["scenes"]["a"]["combined"]["auc"] == pytest.approx(0.95)
    assert summary["scenes"]["a"]["combined"]["auc_spread"] == pytest.approx(0.1 / 2**0.5)
    combined = summary["mean"]["combined"]
    assert (combined["auc"], combined["ap"], combined["worst_auc"]) == pytest.approx((0.85, 0.45, 0.75))
    assert combined["auc_spread"] == pytest.approx(0.1 / 2**0.5)
    assert summary["mean"]["crd"]["auc_spread"] == 0
    assert list(summary["mean"]) == ["combined", "crd"]
    table = markdown(summary)
    assert "| a | 0.9500 / 0.600 | 0.8000 / 0.100 |" in table
    assert "| b | 0.7500 / 0.300 |  |" in table
