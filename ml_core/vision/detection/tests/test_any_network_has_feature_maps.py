from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ml_core.errors import GraphError
from ml_core.graph.build import load_model
from ml_core.vision.detection.backbones import NAMES, backbone_graph
from ml_core.vision.detection.feature_maps import FeatureMaps, find_maps


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_named_backbone_has_maps_at_three_strides(tmp_path: Path, name: str) -> None:
    network = load_model(backbone_graph(name, pretrained=False), tmp_path, pretrained=False)
    maps = FeatureMaps(network, (256, 256)).eval()
    assert maps.strides == [8, 16, 32]
    with torch.no_grad():
        found = maps(torch.zeros(1, 3, 64, 96))
    assert [tuple(one.shape) for one in found] == [
        (1, channels, 64 // stride, 96 // stride) for channels, stride in zip(maps.channels, maps.strides, strict=True)
    ]


def test_the_middle_of_a_residual_block_is_no_feature_map(tmp_path: Path) -> None:
    network = load_model(backbone_graph("resnet50", pretrained=False), tmp_path, pretrained=False)
    # The first block of the next stage begins with a narrow map of the same stride, which a branch goes around.
    assert {stride: channels for stride, (_, channels) in find_maps(network, (256, 256)).items()} == {
        8: 512, 16: 1024, 32: 2048,
    }  # fmt: skip


def test_a_network_without_maps_is_refused_with_a_cure() -> None:
    flat = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 64 * 64, 2))
    with pytest.raises(GraphError, match="too few feature maps") as refused:
        FeatureMaps(flat, (64, 64))
    assert refused.value.hint


def test_a_network_that_cannot_be_followed_is_refused() -> None:
    class Moody(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images if images.sum() > 0 else -images

    with pytest.raises(GraphError, match="cannot be followed"):
        find_maps(Moody(), (64, 64))
