"""Dense maps equal patch-by-patch ones, in one band or many, on scenes of any size; the detector is stored whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from ml_core.errors import CodedError
from ml_core.hsi.anomaly.detector import HEAD_WEIGHTS, HSIAnomalyDetector
from ml_core.hsi.anomaly.fusion import fuse
from ml_core.hsi.anomaly.tests.material import PatchLoop, a_cube, a_detector, a_model, a_scene
from ml_core.hsi.canonical import canonicalise
from ml_core.hsi.scene import Scene
from ml_core.hsi.tokenizer import tokenize_scene
from ml_core.weights.errors import WeightMismatchError

NAMES = {"lm_nll", "token_nll", "recon", "one_class", "training_free", "combined"}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As a run sets it for each worker: several threads of torch sum in another order when the machine is busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_dense_maps_equal_a_loop_over_pixels() -> None:
    detector, scene = a_detector(), a_scene(22, 20)
    maps = detector.detect(scene)
    canonical = canonicalise(scene.cube)
    loop = PatchLoop(detector, canonical)
    tokens = tokenize_scene(detector.universal_model.tokenizer, canonical)
    loop.use_tokens(tokens)
    for row, column in [(0, 0), (0, 19), (11, 13), (12, 3), (21, 0), (21, 19), (7, 10)]:
        assert loop.tokens_at(row, column) == (tokens.spectral[row, column], tokens.spatial[row, column])
        assert maps["lm_nll"][row, column] == pytest.approx(loop.lm_nll(row, column), rel=1e-3, abs=1e-3)
        assert maps["recon"][row, column] == pytest.approx(loop.recon(row, column), rel=1e-3, abs=1e-5)
        assert maps["one_class"][row, column] == pytest.approx(loop.one_class(row, column), rel=1e-3)


def test_neither_workers_nor_the_height_of_bands_change_a_map(monkeypatch: pytest.MonkeyPatch) -> None:
    detector, scene = a_detector(), a_scene(70, 21)
    maps, together = detector.detect(scene), detector.detect(scene, workers=3)
    assert set(maps) == NAMES
    for name, values in maps.items():
        assert values.shape == (70, 21) and values.dtype == np.float32 and np.isfinite(values).all()
        np.testing.assert_array_equal(together[name], values, err_msg=name)
    for rows in (1000, 9):
        monkeypatch.setattr("ml_core.hsi.anomaly.dense._MOST_ROWS", rows)
        for name, values in detector.detect(scene).items():
            np.testing.assert_allclose(values, maps[name], rtol=1e-4, atol=1e-5, err_msg=f"{name} {rows}")


def test_pixels_that_were_not_measured_are_no_targets() -> None:
    cube = a_cube(24, 20)
    cube[5, 6, 3] = np.nan
    maps = a_detector().detect(Scene("made", cube, None, None, np.ones(cube.shape[2], dtype=bool)))
    assert all(np.isfinite(values).all() and values[5, 6] == values.min() for values in maps.values())


@pytest.mark.parametrize("shape", [(1, 2), (3, 60), (9, 4)])
def test_scenes_smaller_than_a_window_have_maps(shape: tuple[int, int]) -> None:
    cube = np.random.default_rng(0).normal(size=(*shape, 12)).astype(np.float32)
    maps = a_detector().detect(Scene("small", cube, None, None, np.ones(12, dtype=bool)), workers=2)
    assert all(values.shape == shape and np.isfinite(values).all() for values in maps.values())


def test_a_scene_where_nothing_varies_is_refused() -> None:
    with pytest.raises(CodedError) as caught:
        a_detector().generate_anomaly_map(np.ones((8, 8, 5), np.float32))
    assert caught.value.code == "hsi.scene_flat" and caught.value.hint


def test_the_mask_of_a_scene_changes_nothing() -> None:
    scene = a_scene(20, 20)
    without = Scene(scene.name, scene.cube, None, None, scene.good_bands)
    for name, values in a_detector().detect(scene).items():
        np.testing.assert_array_equal(values, a_detector().detect(without)[name])


def test_head_weights_are_honoured_and_default_to_the_specification() -> None:
    assert a_detector().head_weights == {"lm_nll": 0.4, "recon": 0.3, "one_class": 0.3} == HEAD_WEIGHTS
    detector, cube = a_detector(head_weights={"lm_nll": 0.0, "one_class": 0.0}), a_cube(20, 20)
    maps = detector.detect(Scene("made", cube, None, None, np.ones(cube.shape[2], dtype=bool)))
    np.testing.assert_allclose(maps["combined"], fuse(maps, {"recon": 1.0}), atol=1e-6)
    np.testing.assert_array_equal(detector.generate_anomaly_map(torch.from_numpy(cube), 0), maps["combined"])


def test_patches_have_the_scores_of_the_specification() -> None:
    detector = a_detector()
    scores = detector(torch.randn(6, 96, 5, 5), torch.zeros(6, dtype=torch.long), mode="eval")
    shapes = {name: tuple(values.shape) for name, values in scores.items()}
    assert shapes == {"lm_nll": (6, 25), "recon": (6, 25), "one_class": (6, 1), "combined": (6,)}
    assert not scores["one_class"].requires_grad
    assert detector(torch.randn(2, 96, 5, 5), torch.zeros(2, dtype=torch.long), mode="train")["one_class"].requires_grad


def test_progress_ends_at_one_and_can_stop_the_work() -> None:
    seen: list[float] = []
    a_detector().detect(a_scene(20, 20), progress=seen.append)
    assert seen == sorted(seen) and seen[-1] == 1.0

    def stop(share: float) -> None:
        raise KeyboardInterrupt

    detector = a_detector().train()
    with pytest.raises(KeyboardInterrupt):
        detector.detect(a_scene(20, 20), progress=stop)
    assert detector.training


def test_a_stored_detector_gives_the_same_maps(tmp_path: Path) -> None:
    detector, scene = a_detector(), a_scene(20, 20)
    detector.save_pretrained(tmp_path)
    again = HSIAnomalyDetector.from_pretrained(tmp_path)
    for name, values in detector.detect(scene).items():
        np.testing.assert_array_equal(again.detect(scene)[name], values)


def test_parts_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    a_detector().save_pretrained(tmp_path)
    other = a_model(seed=5)
    other.encoder.save_pretrained(tmp_path)
    with pytest.raises(WeightMismatchError) as caught:
        HSIAnomalyDetector.from_pretrained(tmp_path)
    assert caught.value.code == "hsi.mismatch"
    facts = json.loads((tmp_path / "detector.json").read_text())
    assert facts["encoder_fingerprint"] != other.encoder.fingerprint()


def test_low_rank_additions_are_merged_when_stored(tmp_path: Path) -> None:
    detector, scene = a_detector(use_lora=True), a_scene(20, 20)
    learning = {name for name, p in detector.universal_model.named_parameters() if p.requires_grad}
    assert learning and all("lora_" in name for name in learning)
    before = detector.detect(scene)["lm_nll"]
    with torch.no_grad():
        for name, parameter in detector.named_parameters():
            if "lora_" in name:
                parameter.add_(0.3)
    changed = detector.detect(scene)["lm_nll"]
    assert np.abs(changed - before).max() > 1e-3
    detector.save_pretrained(tmp_path)
    again = HSIAnomalyDetector.from_pretrained(tmp_path)
    np.testing.assert_allclose(again.detect(scene)["lm_nll"], changed, rtol=1e-3, atol=1e-3)


def test_training_never_moves_the_tokenizer() -> None:
    detector = a_detector(freeze_encoder=False)
    detector.train()
    assert detector.universal_model.encoder.training and not detector.universal_model.tokenizer.training
    frozen = a_detector()
    frozen.train()
    assert not frozen.universal_model.encoder.training and frozen.target_network.training
