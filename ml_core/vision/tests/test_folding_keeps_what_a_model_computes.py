"""Folding batch normalisation changes the time of a prediction and nothing else."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
import torchvision
from torch import Tensor, nn

from ml_core.graph import templates
from ml_core.graph.build import load_model
from ml_core.vision.fold_batch_norm import fold_batch_norm


def settled(model: nn.Module) -> nn.Module:
    """A model in evaluation mode whose statistics are not those of the start."""
    torch.manual_seed(0)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                assert module.running_mean is not None and module.running_var is not None
                module.running_mean.normal_()
                module.running_var.uniform_(0.5, 2)
                module.weight.normal_()
                module.bias.normal_()
    return model.eval()


def differs(model: nn.Module, folded: nn.Module, shape: tuple[int, ...]) -> float:
    """The largest difference, as a part of the largest value."""
    torch.manual_seed(1)
    images = torch.randn(shape)
    with torch.inference_mode():
        wanted, found = model(images), folded(images)
    return float((wanted - found).abs().max() / wanted.abs().max())


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small", "efficientnet_b0"])
def test_networks_of_torchvision_compute_the_same(name: str) -> None:
    model = settled(torchvision.models.get_model(name))
    folded = copy.deepcopy(model)
    norms = sum(isinstance(module, nn.BatchNorm2d) for module in model.modules())
    assert fold_batch_norm(folded) == norms
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    assert differs(model, folded, (2, 3, 64, 64)) < 1e-4


@pytest.mark.parametrize("starter", [entry["name"] for entry in templates() if "detector" not in entry["name"]])
def test_every_starter_computes_the_same(starter: str, tmp_path: Path) -> None:
    document = next(entry["document"] for entry in templates() if entry["name"] == starter)
    shape = next(node["params"]["shape"] for node in document["nodes"] if node["op"] == "Input")
    model = settled(load_model(document, tmp_path, pretrained=False))
    folded = copy.deepcopy(model)
    fold_batch_norm(folded)
    assert differs(model, folded, (2, *shape)) < 1e-4


class Reads(nn.Module):
    """Something else reads the convolution's output."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)
        return self.norm(y) + y


class Twice(Reads):
    """The convolution is used twice."""

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x)) + self.conv(x * 2)


class Shares(Reads):
    """The normalisation is used twice."""

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.norm(self.conv(x)))


class Decides(Reads):
    """The path depends on the input."""

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x)) if x.sum() > 0 else self.conv(x)


class Counts(nn.Conv2d):
    """A convolution that does more."""


class Special(Reads):
    """A subclass may do more than its parent."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = Counts(3, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x))


@pytest.mark.parametrize("kind", [Reads, Twice, Shares, Decides, Special])
def test_what_cannot_be_folded_is_left_alone(kind: type[nn.Module]) -> None:
    model = settled(kind())
    folded = copy.deepcopy(model)
    assert fold_batch_norm(folded) == 0
    assert differs(model, folded, (2, 3, 4, 4)) == 0


def test_a_norm_without_statistics_is_left_alone() -> None:
    model = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3, track_running_stats=False)).eval()
    assert fold_batch_norm(model) == 0


def test_training_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="evaluation mode"):
        fold_batch_norm(nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)).train())
