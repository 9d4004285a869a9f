"""Stage 3 in the fit loop: planted targets teach the network, labels are used only when asked for, LoRA learns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ml_core.engine.config import FitConfig
from ml_core.engine.loop import fit
from ml_core.engine.task import FitData
from ml_core.engine.tests.toy import open_run
from ml_core.hsi.anomaly.landscapes import simulated_landscapes
from ml_core.hsi.anomaly.planted_data import AnomalyData
from ml_core.hsi.anomaly.task import AnomalyTask
from ml_core.hsi.anomaly.tests.material import a_detector, a_scene
from ml_core.hsi.canonical import canonicalise

SCENES = [canonicalise(a_scene(60, 52, seed=seed).cube) for seed in (0, 1)]
MASK = a_scene(60, 52).mask


def some_data(split: str = "train", **options: object) -> AnomalyData:
    return AnomalyData(SCENES, samples=12, plantings=4, split=split, **options)  # type: ignore[arg-type]


def test_batches_follow_from_seed_epoch_and_index() -> None:
    one, two = some_data(), some_data()
    for left, right in zip(one.batch([3, 5], 1), two.batch([3, 5], 1), strict=True):
        torch.testing.assert_close(left, right)
    assert not torch.equal(one.batch([3], 1).maps, one.batch([3], 2).maps)
    validation = some_data("val")
    torch.testing.assert_close(validation.batch([3], 1).maps, validation.batch([3], 2).maps)
    batch = one.batch([0, 1, 2], 0)
    assert batch.maps.shape[:1] == (3,) and batch.patches.shape == (3, 96, 9, 9)
    assert not batch.patch_labels.any()


def test_masks_are_used_when_they_are_given() -> None:
    assert not some_data().uses_labels
    data = some_data(masks=[MASK, None])
    assert data.uses_labels
    batch = data.batch(list(range(12)), 0)
    assert 0 < int(batch.patch_labels.sum()) < 12


def test_simulated_ground_takes_half_as_many_plantings_and_lends_no_patch() -> None:
    landscapes = simulated_landscapes(2, seed=3)
    torch.testing.assert_close(landscapes[1].coordinates, simulated_landscapes(2, seed=3)[1].coordinates)
    data = AnomalyData(SCENES, landscapes=landscapes, masks=None, plantings=4, samples=40)
    assert not data.uses_labels
    sizes = [planting.labels.shape for planting in data._plantings]
    assert sizes.count((60, 52)) == 4 and sizes.count((100, 100)) == 2
    # Nothing in simulated ground is left undecided: what was not planted there is background.
    left_out = [(planting.labels == -1).mean() for planting in data._plantings]
    assert max(left_out[4:]) < 0.05 < min(left_out[:4])


@pytest.mark.slow
def test_training_tells_planted_targets_from_their_scene(tmp_path: Path) -> None:
    torch.manual_seed(0)
    detector = a_detector()
    before = {name: value.clone() for name, value in detector.universal_model.state_dict().items()}
    data = some_data()
    result = fit(
        AnomalyTask(detector, data),
        FitData(data, some_data("val")),
        FitConfig(epochs=8, batch_size=4, learning_rate=4e-3, warmup_steps=4, device="cpu", workers=0),
        open_run(tmp_path),
    )
    assert result.metrics["val"]["planted_auc"] > 0.85
    for name, value in detector.universal_model.state_dict().items():
        torch.testing.assert_close(value, before[name], msg=name)
    assert bool(detector.one_class_head.started) and not bool(detector.one_class_head.labelled)


@pytest.mark.parametrize("labelled", [False, True])
def test_low_rank_additions_learn_and_labels_choose_the_loss(tmp_path: Path, labelled: bool) -> None:
    detector = a_detector(use_lora=True)
    data = some_data(masks=[MASK, None] if labelled else None)
    additions = {n: p.detach().clone() for n, p in detector.named_parameters() if "lora_B" in n}
    fit(
        AnomalyTask(detector, data),
        FitData(data),
        FitConfig(epochs=1, batch_size=4, learning_rate=1e-3, device="cpu", workers=0),
        open_run(tmp_path),
    )
    assert bool(detector.one_class_head.labelled) is labelled
    assert any(not torch.equal(p, additions[n]) for n, p in detector.named_parameters() if "lora_B" in n)


def test_a_scene_smaller_than_a_crop_can_be_learned_from() -> None:
    small = canonicalise(np.random.default_rng(0).normal(size=(5, 70, 9)).astype(np.float32))
    batch = AnomalyData([*SCENES, small], samples=4, plantings=3).batch([0, 1], 0)
    assert batch.maps.shape[2:] == (5, 5)
