from __future__ import annotations

import pytest

from ml_core.hsi.presets import PRESETS, estimate_chain

SCENES = [(100, 100, 200)] * 9


@pytest.mark.parametrize("preset", PRESETS["tokenizer"])
def test_every_preset_is_estimated_stage_by_stage(preset: str) -> None:
    stages = estimate_chain(preset, SCENES)
    assert list(stages) == ["tokenizer", "pretrain", "anomaly", "infer"]
    assert min(stages.values()) > 0


def test_the_recommended_setting_takes_minutes() -> None:
    assert 60 < sum(estimate_chain("cpu", SCENES).values()) < 20 * 60


def test_maps_take_time_by_their_pixels_and_training_hardly() -> None:
    small, large = (estimate_chain("cpu", [(side, side, 200)]) for side in (100, 1000))
    assert 50 < (large["infer"] - 4) / (small["infer"] - 4) < 110
    assert large["pretrain"] < 2 * small["pretrain"]
