"""A run that fails in its generated code says in which node, and what the node was given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from ml_core.engine.device import explain_out_of_memory
from ml_core.errors import DeviceError
from ml_core.graph.blame import blame
from ml_core.graph.build import load_model
from ml_core.run.cli import main
from ml_core.run.place import place_of
from ml_core.vision.tests.pictures import Pictures, chain, config_for

NET = chain(
    [3, 16, 16],
    ("Conv2d", {"out_channels": 6, "kernel_size": 3, "padding": 1}),
    ("AdaptiveAvgPool2d", {"output_size": 1}),
    ("BatchNorm2d", {}),
    ("ReLU", {}),
    ("Flatten", {}),
    ("Linear", {"out_features": 3}),
)


def blamed(error: BaseException, folder: Path) -> tuple[str, dict[str, Any]]:
    place = place_of(error, folder)
    assert place is not None
    found = blame(NET, (folder / "model.py").read_text(), place["calls"])
    assert found is not None
    return found.node, place


def test_a_training_that_fails_in_a_layer_names_it(out: Path, pictures: Pictures) -> None:
    config = out.parent / "config.json"
    # One value a channel has no spread: a batch of one image cannot be normalised after this pooling.
    config.write_text(json.dumps(config_for(pictures, graph=NET, augment=[], fit={"batch_size": 1})))
    assert main(["vision.classify", "--config", str(config), "--out", str(out)]) == 1
    place = json.loads((out / "result.json").read_text())["place"]
    assert place["reason"].startswith("Expected more than 1 value per channel")
    assert str(out) not in json.dumps(place)
    found = blame(NET, (out / "code/model.py").read_text(), place["calls"])
    assert found is not None
    assert (found.node, found.op, found.expected) == ("layer2", "BatchNorm2d", ["(N, 6, 1, 1)"])
    assert place["calls"][-1]["got"] == [{"shape": [1, 6, 1, 1], "dtype": "float32"}]


def test_of_nested_calls_the_failing_one_is_named(tmp_path: Path) -> None:
    model = load_model(NET, tmp_path)
    for node in ("layer0", "layer2", "layer5"):

        def fail(*_: Any) -> None:
            raise RuntimeError("broken")

        handle = model.get_submodule(node).register_forward_pre_hook(fail)
        with pytest.raises(RuntimeError) as caught:
            model(torch.zeros(2, 3, 16, 16))
        handle.remove()
        assert blamed(caught.value, tmp_path)[0] == node


def test_an_operation_without_a_layer_is_found_by_its_depth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load_model(NET, tmp_path)

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(torch.nn.functional, "relu", fail)
    with pytest.raises(RuntimeError) as caught:
        model(torch.zeros(2, 3, 16, 16))
    assert blamed(caught.value, tmp_path)[0] == "layer3"


def test_memory_that_runs_out_in_a_layer_names_it_behind_the_sentence_with_the_cure(tmp_path: Path) -> None:
    model = load_model(NET, tmp_path)

    def exhaust(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nmore")

    model.get_submodule("layer0").register_forward_pre_hook(exhaust)
    with pytest.raises(DeviceError) as caught, explain_out_of_memory(9):
        model(torch.zeros(9, 3, 16, 16))
    node, place = blamed(caught.value, tmp_path)
    assert node == "layer0" and place["reason"] == "CUDA out of memory. Tried to allocate 2.00 GiB."
    assert place["calls"][-1]["got"][0]["shape"] == [9, 3, 16, 16]


def test_nobody_is_blamed_for_other_code_or_an_error_from_elsewhere(tmp_path: Path) -> None:
    load_model(NET, tmp_path)
    assert place_of(ValueError("elsewhere"), tmp_path) is None
    calls = [{"file": "model.py", "line": 20, "text": "", "got": []}]
    assert blame(NET, "# another text", calls) is None
