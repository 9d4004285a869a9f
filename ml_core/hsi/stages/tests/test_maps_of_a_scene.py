from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml_core.hsi.anomaly.fusion import fuse
from ml_core.hsi.infer import MapError, main_method, read_maps
from ml_core.hsi.metrics import score_map
from ml_core.hsi.presets import PRESETS
from ml_core.hsi.stages.tests.chain import run
from ml_core.run.context import RunContext

CLASSICS = ["global_rx", "morphological"]
HEADS = {"lm_nll", "token_nll", "recon", "one_class", "training_free", "combined"}


def _infer(out: Path, scene: Path, *, resume: bool = False, **settings: Any) -> dict[str, Any]:
    config = {"scene": str(scene), "workers": 1, "device": "cpu", **settings}
    return run("hsi.infer", config, out, resume=resume)


def test_detector_and_classics_map_a_scene(tmp_path: Path, scenes: Path, chain: dict[str, Path]) -> None:
    scene = scenes / "scene-0.npz"
    result = _infer(tmp_path / "run", scene, detector=str(chain["anomaly"]), methods=CLASSICS)
    assert result["state"] == "completed", result["error"]
    artifacts = tmp_path / "run/artifacts"
    content = read_maps(artifacts)
    methods = content["methods"]
    assert set(methods) == HEADS | set(CLASSICS)
    maps = {name: np.load(artifacts / facts["file"]) for name, facts in methods.items()}
    mask = np.load(scene)["gt"]
    for name, values in maps.items():
        assert values.shape == mask.shape
        assert values.dtype == np.float32
        facts = methods[name]
        assert facts["metrics"] == score_map(values, mask)
        assert result["metrics"][f"{name}_auc"] == facts["metrics"]["auc"]
        assert facts["median"] == pytest.approx(float(np.median(values)))
        assert facts["max"] == float(values.max())
    kinds = {facts["kind"] for facts in methods.values()}
    assert kinds == {"head", "combined", "training_free", "classic"}
    assert methods["global_rx"]["title"] == "Global RX"
    assert main_method(methods) == result["main_method"] == "combined"
    weights = PRESETS["anomaly"]["cpu"]["head_weights"]
    assert np.allclose(maps["combined"], fuse({name: maps[name] for name in weights}, weights), atol=1e-6)
    assert np.array_equal(np.load(artifacts / "anomaly_map.npy"), maps["combined"])
    regions = json.loads((artifacts / "regions.json").read_text())
    assert regions["method"] == "combined"
    assert regions["regions"][0]["max_score"] == pytest.approx(float(maps["combined"].max()))


def test_nothing_is_found_where_nothing_was_measured(tmp_path: Path, scenes: Path, chain: dict[str, Path]) -> None:
    cube = np.load(scenes / "scene-1.npz")["cube"].astype(np.float32)
    cube[:2, 3:6] = np.nan
    cube[9, 9] = np.nan
    np.savez(tmp_path / "holes.npz", cube=cube)
    result = _infer(tmp_path / "run", tmp_path / "holes.npz", detector=str(chain["anomaly"]), methods=CLASSICS)
    assert result["state"] == "completed", result["error"]
    for facts in read_maps(tmp_path / "run/artifacts")["methods"].values():
        values = np.load(tmp_path / "run/artifacts" / facts["file"])
        assert (values[np.isnan(cube[..., 0])] == values.min()).all()


def test_a_scene_without_a_mask_is_mapped_and_not_scored(tmp_path: Path, scenes: Path) -> None:
    np.savez(tmp_path / "bare.npz", cube=np.load(scenes / "scene-1.npz")["cube"])
    result = _infer(tmp_path / "run", tmp_path / "bare.npz", methods=CLASSICS)
    assert result["state"] == "completed"
    assert result["metrics"] == {}
    assert result["main_method"] == "global_rx"
    assert "metrics" not in read_maps(tmp_path / "run/artifacts")["methods"]["global_rx"]


def test_the_mask_changes_no_map(tmp_path: Path, scenes: Path, chain: dict[str, Path]) -> None:
    cube = np.load(scenes / "scene-0.npz")["cube"]
    wrong = np.zeros(cube.shape[:2], dtype=np.uint8)
    wrong[:5, :5] = 1
    np.savez(tmp_path / "other.npz", cube=cube, gt=wrong)
    for name, scene in (("own", scenes / "scene-0.npz"), ("other", tmp_path / "other.npz")):
        _infer(tmp_path / name, scene, detector=str(chain["anomaly"]), methods=["global_rx"])
    for path in (tmp_path / "own/artifacts/maps").iterdir():
        assert np.array_equal(np.load(path), np.load(tmp_path / "other/artifacts/maps" / path.name)), path.name


def test_an_interrupted_run_goes_on_after_its_last_map(
    tmp_path: Path, scenes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = scenes / "scene-0.npz"
    with monkeypatch.context() as patch:
        patch.setattr(RunContext, "requested", lambda self: "pause" if _written(self) else None)
        assert _infer(tmp_path / "run", scene, methods=CLASSICS)["state"] == "paused"
    first = tmp_path / "run/artifacts/maps/global_rx.npy"
    before = first.stat().st_mtime_ns
    result = _infer(tmp_path / "run", scene, resume=True, methods=CLASSICS)
    assert result["state"] == "completed"
    assert first.stat().st_mtime_ns == before
    assert result["methods"] == CLASSICS


def _written(run: RunContext) -> bool:
    return (run.dir.artifacts / "maps/global_rx.npy").exists()


def test_a_detector_of_other_parts_is_refused(tmp_path: Path, scenes: Path, chain: dict[str, Path]) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    for path in (chain["anomaly"] / "artifacts/weight").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    other = run(
        "hsi.tokenizer",
        {"scenes": [str(scenes)], "device": "cpu", "threads": 1, "num_epochs": 1, "patches_per_epoch": 16, "K_s": 8,
         "K_x": 8, "seed": 1},
        tmp_path / "other",
    )  # fmt: skip
    for path in (tmp_path / "other" / other["weight"]["path"]).glob("tokenizer.*"):
        (folder / path.name).write_bytes(path.read_bytes())
    result = _infer(tmp_path / "run", scenes / "scene-0.npz", detector=str(folder))
    assert result["state"] == "failed"
    assert result["error"]["code"] == "hsi.mismatch"


def test_a_folder_without_a_detector_is_refused(tmp_path: Path, scenes: Path) -> None:
    result = _infer(tmp_path / "run", scenes / "scene-0.npz", detector=str(tmp_path))
    assert result["state"] == "failed"
    assert result["error"]["code"].startswith("weights.")


@pytest.mark.parametrize("values", [np.zeros((3, 3)), np.full((28, 26), np.nan)])
def test_what_is_no_map_is_not_kept(
    tmp_path: Path, scenes: Path, monkeypatch: pytest.MonkeyPatch, values: np.ndarray[Any, Any]
) -> None:
    from ml_core.hsi.classic.registry import ClassicMethod

    monkeypatch.setattr(ClassicMethod, "detect", lambda *_args, **_settings: values.astype(np.float32))
    result = _infer(tmp_path / "run", scenes / "scene-0.npz", methods=["global_rx"])
    assert result["error"]["code"] == MapError.default_code
