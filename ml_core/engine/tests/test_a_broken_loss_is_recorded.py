from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn

from ml_core.engine.config import FitConfig
from ml_core.engine.flight_batch import contact_sheet
from ml_core.engine.loop import fit
from ml_core.engine.task import FitData, Step, TensorData
from ml_core.engine.tests.toy import BASE, NoisyData, ToyTask, open_run
from ml_core.errors import NonFiniteLossError
from ml_core.run.events import read_events

SETTINGS: dict[str, Any] = {**BASE, "accumulate": 1, "epochs": 3}


class LateFault(NoisyData):
    """Data whose item 13 is spoilt from the second epoch on, when there is a checkpoint."""

    def __init__(self, value: float) -> None:
        super().__init__(40)
        self.value = value

    def batch(self, indices: Any, epoch: int) -> tuple[Tensor, ...]:
        points, labels = super().batch(indices, epoch)
        if epoch >= 1 and 13 in indices:
            points[list(indices).index(13), 2] = self.value
        return points, labels


def fail(folder: Path, data: TensorData, task: ToyTask | None = None) -> tuple[NonFiniteLossError, dict[str, Any]]:
    torch.manual_seed(0)
    with pytest.raises(NonFiniteLossError) as caught:
        fit(task or ToyTask(), FitData(data, NoisyData(9)), FitConfig(**SETTINGS), open_run(folder))
    return caught.value, json.loads((folder / "artifacts/flight_recorder.json").read_text())


def test_the_spoilt_sample_and_the_first_layer_that_fails_are_named(tmp_path: Path) -> None:
    error, record = fail(tmp_path, LateFault(float("nan")))
    assert "far from the others: item 13. " in error.hint
    assert [sample["name"] for sample in record["samples"] if sample["doubt"]] == ["item 13"]
    assert len(record["samples"]) == 8
    assert record["epoch"] == 2
    assert record["first_bad_layer"] == "0"
    assert [layer["kind"] for layer in record["layers"]] == ["Linear", "BatchNorm1d", "ReLU", "Dropout", "Linear"]
    assert record["looked_at_with"].startswith("step-")


def test_the_batch_is_kept_and_announced(tmp_path: Path) -> None:
    _, record = fail(tmp_path, LateFault(float("nan")))
    batch = load_file(tmp_path / "artifacts/flight_recorder.safetensors")
    assert batch["batch.0"].shape == (8, 6)
    spoilt = [row for row in range(8) if not batch["batch.0"][row].isfinite().all()]
    assert [record["samples"][row]["name"] for row in spoilt] == ["item 13"]
    events, _ = read_events(tmp_path / "events.jsonl")
    names = [event["data"]["name"] for event in events if event["kind"] == "artifact"]
    assert names == ["flight_recorder.json", "flight_recorder.safetensors"]


def test_a_sample_far_from_the_others_is_doubted_too(tmp_path: Path) -> None:
    class Squaring(ToyTask):
        def training_step(self, batch: Any) -> Step:
            step = super().training_step(batch)
            return Step(step.loss + batch[0].square().mean(), step.size)

    _, record = fail(tmp_path, LateFault(1e30), Squaring())
    assert [(s["name"], s["doubt"]) for s in record["samples"] if s["doubt"]] == [("item 13", "far_out")]


def test_a_loss_that_breaks_by_itself_blames_no_sample_and_advises_a_lower_rate(tmp_path: Path) -> None:
    class Breaking(ToyTask):
        def training_step(self, batch: Any) -> Step:
            step = super().training_step(batch)
            return Step(step.loss * float("inf"), step.size)

    error, record = fail(tmp_path, NoisyData(40), Breaking())
    assert not [sample for sample in record["samples"] if sample["doubt"]]
    assert "learning rate" in error.hint
    assert record["layers"] == []
    assert "checkpoint" in record["note"]
    assert record["weights"][0]["not_finite"] > 0, "the weights that the broken loss has spoilt come first"


def test_images_of_the_batch_are_drawn_and_what_is_no_number_stands_out(tmp_path: Path) -> None:
    class Images(TensorData):
        def __init__(self) -> None:
            self.pixels = torch.linspace(-2, 2, 20 * 3 * 12 * 12).reshape(20, 3, 12, 12).clone()
            self.pixels[4, 1, :6] = float("nan")
            super().__init__(self.pixels, torch.arange(20) % 3)

    class ImageTask(ToyTask):
        def __init__(self) -> None:
            super().__init__()
            self.model = nn.Sequential(nn.Flatten(), nn.Linear(432, 3))

    torch.manual_seed(0)
    with pytest.raises(NonFiniteLossError):
        fit(ImageTask(), FitData(Images()), FitConfig(**SETTINGS), open_run(tmp_path))
    sheet = Image.open(tmp_path / "artifacts/flight_recorder.png")
    assert sheet.size == (8 * 96, 96)
    assert (255, 0, 255) in {colour for _, colour in sheet.getcolors(100_000) or []}


def test_a_batch_without_images_has_no_sheet() -> None:
    assert contact_sheet({"batch": torch.zeros(4, 7)}) is None
