from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from ml_core.errors import CodedError
from ml_core.stellar.models.output import INPUTS
from ml_core.stellar.presets import PRESETS
from ml_core.stellar.survey import open_survey
from ml_core.stellar.training.config import TrainConfig
from ml_core.stellar.training.data import StarData, passes_for
from ml_core.stellar.training.plots import draw_curves
from ml_core.stellar.training.split import stratified_split
from ml_core.stellar.training.stars import only
from ml_core.stellar.training.task import epoch_scores


def test_the_split_is_stratified_seeded_and_leaves_no_star_out() -> None:
    labels = np.repeat([0, 1, 2, 3, 4], [40, 20, 10, 2, 1])
    split = stratified_split(labels, 0.2, seed=1)
    assert np.bincount(labels[split.validation], minlength=5).tolist() == [8, 4, 2, 1, 0]
    assert sorted([*split.train, *split.validation]) == list(range(73))
    again, other = stratified_split(labels, 0.2, seed=1), stratified_split(labels, 0.2, seed=2)
    assert (again.validation == split.validation).all()
    assert (other.validation != split.validation).any()
    with pytest.raises(CodedError, match="too few"):
        stratified_split([0, 0, 0, 1], 0.2, seed=1)


def test_a_preset_fills_what_was_not_set() -> None:
    assert TrainConfig(survey="s").model == "recommended"
    fusion = TrainConfig(survey="s", model="fusion_plain", epochs=7)
    assert (fusion.preset, fusion.backbone, fusion.epochs) == ("fusion_cpu", "small", 7)
    full = TrainConfig(survey="s", preset="specification")
    assert (full.model, full.backbone, full.pretrained) == ("fusion_plain", "resnet152", "DEFAULT")
    assert (full.d_model, full.num_heads, full.num_layers) == (512, 8, 8)
    assert all(set(values) <= set(TrainConfig.model_fields) for values in PRESETS.values())
    for wrong in ({"model": "fusion_plain", "preset": "recommended"}, {"d_model": 24, "num_heads": 16}):
        with pytest.raises(ValidationError):
            TrainConfig(survey="s", **wrong)  # type: ignore[arg-type]


def test_settings_are_read_without_heavy_libraries() -> None:
    code = (
        "import sys, ml_core.stellar.recipes, ml_core.stellar.predict;"
        "print([name for name in ('torch', 'scipy', 'pandas', 'sklearn', 'astropy') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_batches_are_the_rows_of_the_survey_kept_or_mapped(
    survey: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays = open_survey(survey).arrays(tmp_path, "both")
    rows = np.array([3, 8, 20, 41])
    kept = StarData(arrays, rows, passes=3)
    monkeypatch.setattr("ml_core.stellar.training.data._KEPT_IN_MEMORY_BYTES", 0)
    mapped = StarData(arrays, rows, passes=3)
    assert len(kept) == 12
    for data in (kept, mapped):
        batch = data.batch([1, 6, 11], epoch=0)
        assert set(batch) == {*INPUTS, "label"}
        np.testing.assert_array_equal(batch["flux"].numpy(), arrays["flux"][[8, 20, 41]])
        np.testing.assert_array_equal(batch["image"].numpy(), arrays["image"][[8, 20, 41]])
        assert batch["label"].tolist() == arrays["label"][[8, 20, 41]].tolist()
        assert data.item_name(6) == f"star {arrays['name'][20]}"
    halved = StarData(arrays, rows, prepare=lambda batch: {**batch, "flux": batch["flux"] / 2})
    torch.testing.assert_close(halved.batch([1], 0)["flux"], kept.batch([1], 0)["flux"] / 2)


def test_small_surveys_are_gone_through_several_times() -> None:
    assert passes_for(1280, 256, 125) == 25
    assert passes_for(80, 32, 0) == 1
    assert passes_for(10**6, 256, 125) == 1


def test_one_modality_alone_hides_the_other(survey: Path, tmp_path: Path) -> None:
    arrays = open_survey(survey).arrays(tmp_path, "both")
    assert not only(arrays, "spectrum")["has_image"].any()
    assert only(arrays, "spectrum")["has_spectrum"].all()
    assert not only(arrays, "image")["has_spectrum"].any()
    assert only(arrays, "any") is arrays


def test_scores_of_an_epoch_are_those_of_the_field() -> None:
    labels = np.array([0, 0, 1, 1, 3])
    probabilities = np.eye(5)[[0, 1, 1, 1, 0]] * 0.9 + 0.02
    found = epoch_scores(probabilities, labels)
    assert found["accuracy"] == pytest.approx(3 / 5)
    assert found["recall"] == pytest.approx((0.5 + 1 + 0) / 3)
    assert found["precision"] == pytest.approx((0.5 + 2 / 3 + 0) / 3)
    assert found["f1"] == pytest.approx((0.5 + 0.8 + 0) / 3)
    assert found["within_one"] == pytest.approx(4 / 5)
    assert found["loss"] == pytest.approx(-(3 * math.log(0.92) + 2 * math.log(0.02)) / 5)


def test_curves_are_drawn_whatever_the_numbers() -> None:
    for points in ([], [(1.0, 0.5)], [(1.0, 2.0), (2.0, 2.0)], [(1.0, math.nan), (2.0, 1e-9), (3.0, 4e6)]):
        picture = draw_curves("Loss", "epoch", {"validation": points, "training": points[:1]})
        assert picture.size == (1600, 1000)
