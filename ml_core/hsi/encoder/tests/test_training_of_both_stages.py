"""Both stages in the fit loop: they learn, repeat, and go on after a kill as if nothing had been."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ml_core.engine.config import FitConfig
from ml_core.engine.loop import FitResult, fit
from ml_core.engine.task import FitData, Task
from ml_core.engine.tests.toy import open_run
from ml_core.hsi.canonical import CanonicalScene
from ml_core.hsi.encoder.task import PretrainTask, TokenScene, WindowData, trimmed_mean
from ml_core.hsi.encoder.tests.test_encoder_keeps_the_specification import an_encoder
from ml_core.hsi.encoder.tests.test_scores_cover_every_pixel import some_tokens
from ml_core.hsi.encoder.windows import WindowLayout
from ml_core.hsi.tokenizer.crops import CropSampler
from ml_core.hsi.tokenizer.task import PatchData, TokenizerTask
from ml_core.hsi.tokenizer.tests.test_dense_tokens_equal_those_of_patches import a_scene
from ml_core.hsi.tokenizer.tests.test_tokenizer_keeps_the_specification import a_tokenizer
from ml_core.run.context import RunContext
from ml_core.run.events import EventWriter

LAYOUT = WindowLayout(side=9, block=3, strides=(1, 2))


class Killed(BaseException):
    """Stands for a kill: nothing after it runs in the trainer."""


def scenes() -> list[CanonicalScene]:
    return [a_scene(34, 30, seed) for seed in range(2)]


def patch_data(split: Any, samples: int = 24) -> PatchData:
    return PatchData(scenes(), patch_size=5, halo=2, samples=samples, seed=3, split=split)


def window_data(split: Any, samples: int = 24) -> WindowData:
    maps = [TokenScene(some_tokens(34, 30, seed), seed) for seed in range(2)]
    return WindowData(maps, layout=LAYOUT, coordinates=4, spatial_codes=12, samples=samples, seed=3, split=split)


def tokenizer_stage() -> tuple[Task, FitData]:
    return TokenizerTask(a_tokenizer()), FitData(patch_data("train"), patch_data("val", 6))


def encoder_stage() -> tuple[Task, FitData]:
    return PretrainTask(an_encoder(dropout=0.1)), FitData(window_data("train"), window_data("val", 6))


STAGES = {"tokenizer": tokenizer_stage, "encoder": encoder_stage}


def train(stage: str, run: RunContext, **changes: Any) -> tuple[Task, FitResult]:
    task, data = STAGES[stage]()
    settings = {
        "epochs": 3, "batch_size": 8, "learning_rate": 3e-3, "warmup_steps": 2, "device": "cpu", "threads": 1,
        "checkpoint_every_steps": 2, "log_every_steps": 1, "log_min_interval_s": 0,
    }  # fmt: skip
    result = fit(task, data, FitConfig(**(settings | changes)), run)
    run.events.close()
    return task, result


def weights(task: Task) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in task.model.state_dict().items()}


@pytest.mark.parametrize("stage", ["tokenizer", "encoder"])
def test_a_killed_training_ends_with_the_same_bits(stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    twin, twin_result = train(stage, open_run(tmp_path / "twin"))
    write, left = EventWriter.write, 9

    def write_or_die(self: EventWriter, kind: str, data: dict[str, Any]) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed
        write(self, kind, data)

    monkeypatch.setattr(EventWriter, "write", write_or_die)
    with pytest.raises(Killed):
        train(stage, open_run(tmp_path / "run"))
    task, result = train(stage, open_run(tmp_path / "run", resuming=True))
    assert left < 0
    assert result.metrics == twin_result.metrics
    assert set(result.metrics["val"]) == set(task.metric_names)
    for name, tensor in weights(task).items():
        assert torch.equal(tensor, weights(twin)[name]), name


@pytest.mark.slow
def test_the_tokenizer_learns_to_draw_spectra(tmp_path: Path) -> None:
    _, result = train("tokenizer", open_run(tmp_path), epochs=8, learning_rate=1e-2)
    found = result.metrics["val"]
    assert found["spectral_recon_loss"] < 0.33  # half of the mean power is 0.5 without any drawing
    assert found["spectral_perplexity"] > 4 and 0 < found["spectral_code_use"] <= 1


@pytest.mark.slow
def test_the_encoder_learns_what_surrounds_a_block(tmp_path: Path) -> None:
    _, first = train("encoder", open_run(tmp_path / "short"), epochs=1)
    _, long = train("encoder", open_run(tmp_path / "long"), epochs=8, learning_rate=1e-2)
    assert long.metrics["val"]["loss"] < first.metrics["val"]["loss"]
    assert long.metrics["val"]["density_nll"] < first.metrics["val"]["density_nll"]


@pytest.mark.parametrize("make", [patch_data, window_data])
def test_batches_follow_from_their_place_alone(make: Any) -> None:
    def tensors(batch: Any) -> list[Tensor]:
        return list(batch.values()) if isinstance(batch, dict) else [batch]

    first, again = tensors(make("train").batch([4, 9], 2)), tensors(make("train").batch([9, 4], 2))
    assert all(torch.equal(a, b.flip(0)) for a, b in zip(first, again, strict=True))
    later = tensors(make("train").batch([4, 9], 3))
    assert not all(torch.equal(a, b) for a, b in zip(first, later, strict=True))
    held_out, same = tensors(make("val").batch([4], 2)), tensors(make("val").batch([4], 7))
    assert all(torch.equal(a, b) for a, b in zip(held_out, same, strict=True))


def test_turned_windows_keep_block_and_ids_together() -> None:
    tokens = some_tokens(34, 30)
    tokens.spatial[:] = tokens.spectral
    tokens.coordinates[..., 0] = tokens.spectral
    tokens.variances[0] = 1.0
    data = WindowData(
        [TokenScene(tokens, 0)], layout=LAYOUT, coordinates=4, spatial_codes=16, samples=50, seed=0, split="train"
    )
    batch = data.batch(range(50), 0)
    assert torch.equal(batch["coordinates"][..., 0].abs().long(), batch["spectral"])
    assert torch.equal(batch["spectral"].gather(1, batch["places"]), batch["hidden_spatial"])
    assert (batch["spatial"].gather(1, batch["places"]) == 16).all()
    assert set(batch["stride"].tolist()) == {1.0, 2.0}


@pytest.mark.parametrize("corner", range(4))
def test_validation_and_training_patches_do_not_touch(corner: int) -> None:
    sampler, generator = CropSampler.of(40, 36, 7, corner), np.random.default_rng(0)
    seen = np.zeros((40, 36), dtype=bool)
    for _ in range(800):
        row, column = sampler.train(generator)
        seen[row : row + 7, column : column + 7] = True
    for _ in range(50):
        row, column = sampler.validation(generator)
        assert not seen[row : row + 7, column : column + 7].any()
    assert seen.mean() > 0.9


def test_a_scene_too_small_to_hold_something_out_is_used_whole() -> None:
    sampler, generator = CropSampler.of(4, 9, 7, 1), np.random.default_rng(0)
    assert sampler.train(generator)[0] == 0 and sampler.validation(generator)[0] == 0


@pytest.mark.parametrize("stage", ["tokenizer", "encoder"])
def test_short_floats_give_nearly_the_same_loss(stage: str) -> None:
    task, data = STAGES[stage]()
    task.model.eval()
    batch = data.train.batch(range(4), 0)
    exact = task.training_step(batch).loss
    with torch.autocast("cpu", dtype=torch.bfloat16):
        short = task.training_step(batch).loss
    assert torch.isfinite(short) and torch.isclose(exact, short, rtol=0.05)


def test_the_most_surprising_targets_are_not_learnt() -> None:
    losses = torch.cat([torch.ones(98), torch.full((2,), 1e6)])
    assert trimmed_mean(losses, losses) == 1.0
