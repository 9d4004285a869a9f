"""The part of serving that knows torch: real weights answer, exhausted memory halves the batch, threads are shared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from cvstudio.inference.limits import Limits
from cvstudio.inference.serving.loaded_model import Engine, LoadedModel, prepare_torch
from cvstudio.inference.tests.makers import picture
from cvstudio.weights.tests.makers import CLASSES, write_weight_folder
from ml_core.errors import CodedError

ENGINE = Engine("cpu", threads=2, max_batch=8, lanes=2, cache_bytes=10**6)


@pytest.fixture(autouse=True)
def same_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_weight_folder(tmp_path / "weight")


def test_a_weight_folder_answers_pictures(folder: Path) -> None:
    model = LoadedModel("vision.classify", folder, ENGINE)
    tensors = [model.preprocess(picture((200, 10, 10))), model.preprocess(picture((10, 10, 200)))]
    answers = [model.postprocess(row) for row in model.forward(tensors)]
    assert all({entry["class"] for entry in answer["top"]} == set(CLASSES) for answer in answers)
    alone = model.postprocess(model.forward(tensors[:1])[0])
    assert alone["top"][0]["probability"] == pytest.approx(answers[0]["top"][0]["probability"], abs=1e-5)


def test_what_is_no_picture_or_no_weight_is_a_coded_error(folder: Path, tmp_path: Path) -> None:
    model = LoadedModel("vision.classify", folder, ENGINE)
    with pytest.raises(CodedError, match="not an image"):
        model.preprocess(b"no picture")
    with pytest.raises(CodedError):
        LoadedModel("vision.classify", tmp_path / "nothing", ENGINE)
    with pytest.raises(CodedError, match="No predictor"):
        LoadedModel("vision.dream", folder, ENGINE)


def test_a_batch_that_does_not_fit_is_halved(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = LoadedModel("vision.classify", folder, ENGINE)
    sizes: list[int] = []

    def forward(batch: Any) -> Any:
        sizes.append(len(batch))
        if len(batch) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return batch

    monkeypatch.setattr(model._predictor, "forward", forward)
    rows = model.forward([torch.tensor([float(index)]) for index in range(7)])
    assert [row.item() for row in rows] == [0, 1, 2, 3, 4, 5, 6]
    assert sizes == [7, 3, 1, 2, 4, 2, 2]


def test_one_picture_that_does_not_fit_and_other_faults_are_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = LoadedModel("vision.classify", folder, ENGINE)
    for fault in (torch.OutOfMemoryError("CUDA out of memory."), RuntimeError("shapes differ")):

        def forward(_: Any, fault: RuntimeError = fault) -> Any:
            raise fault

        monkeypatch.setattr(model._predictor, "forward", forward)
        with pytest.raises(RuntimeError, match=str(fault)):
            model.forward([torch.zeros(1)] * (1 if "memory" in str(fault) else 4))


def test_passes_beside_one_another_share_the_threads(folder: Path) -> None:
    model = LoadedModel("vision.classify", folder, ENGINE)
    tensor = model.preprocess(picture())
    seen = []
    for beside in (1, 2, 4):
        model.forward([tensor], beside)
        seen.append(torch.get_num_threads())
    assert seen == [2, 1, 1]


def test_wishes_win_over_what_suits_the_device() -> None:
    plain = prepare_torch(Limits(threads=1))
    assert plain.threads == 1 and plain.max_batch >= 8 and plain.lanes >= 1 and plain.cache_bytes > 0
    wished = prepare_torch(Limits(threads=1, max_batch=3, lanes=2, cache_bytes=5))
    assert (wished.max_batch, wished.lanes, wished.cache_bytes) == (3, 2, 5)
