"""First weights, views and mixing."""

from __future__ import annotations

import numpy as np
import pytest
import safetensors.torch
import torch

from ml_core.anime.classifier.mixing import mix_batch
from ml_core.anime.classifier.network import CharacterNetwork
from ml_core.anime.classifier.pretrained import start_network
from ml_core.anime.classifier.views import ViewSettings, draw_numbers, make_views
from ml_core.weights.errors import WeightFileError, WeightMismatchError


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return CharacterNetwork("mobilenet_v2", 4, 32)


def test_weights_of_a_file_are_taken_and_the_head_left_to_chance(network, tmp_path):
    torch.manual_seed(1)
    other = CharacterNetwork("mobilenet_v2", 7, 32)
    safetensors.torch.save_file(other.net.state_dict(), tmp_path / "w.safetensors")
    note = start_network(network, str(tmp_path / "w.safetensors"))
    assert "312 of 314" in note
    assert torch.equal(network.net.features[0][0].weight, other.net.features[0][0].weight)


def test_starting_from_scratch_is_said_where_nothing_is_in_the_cache(network, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    before = network.head.weight.clone()
    assert "from scratch" in start_network(network, "auto")
    assert "from scratch" in start_network(network, "scratch")
    assert torch.equal(network.head.weight, before)


def test_weights_that_are_not_there_or_of_another_network_are_refused(network, tmp_path):
    with pytest.raises(WeightFileError) as caught:
        start_network(network, str(tmp_path / "none.safetensors"))
    assert caught.value.code == "anime.weights_missing"
    safetensors.torch.save_file({"x": torch.zeros(3)}, tmp_path / "x.safetensors")
    with pytest.raises(WeightMismatchError):
        start_network(network, str(tmp_path / "x.safetensors"))


def test_published_weights_without_a_network_connection_are_refused(network, monkeypatch):
    from torchvision.models import MobileNet_V2_Weights

    def unreachable(*_args, **_options):
        raise OSError("no network")

    monkeypatch.setattr(MobileNet_V2_Weights, "get_state_dict", unreachable)
    with pytest.raises(WeightFileError) as caught:
        start_network(network, "IMAGENET1K_V1")
    assert caught.value.code == "anime.weights_unavailable"


def test_views_follow_from_seed_epoch_and_position():
    pixels = torch.randint(0, 256, (3, 3, 64, 64), dtype=torch.uint8)
    one = make_views(pixels, 32, draw_numbers(5, 2, [4, 5, 6]), ViewSettings())
    alone = make_views(pixels[1:2], 32, draw_numbers(5, 2, [5]), ViewSettings())
    torch.testing.assert_close(one[1:2], alone)
    assert not torch.allclose(one, make_views(pixels, 32, draw_numbers(5, 3, [4, 5, 6]), ViewSettings()), atol=0.05)
    assert one.shape == (3, 3, 32, 32) and float(one.min()) >= 0 and float(one.max()) <= 1


def test_a_view_without_changes_is_the_picture_or_its_mirror_image():
    rising = torch.arange(32).repeat(32, 1).mul(8).to(torch.uint8).expand(1, 3, 32, 32)
    draws = np.full((2, 12), 0.5)
    draws[0, 2], draws[1, 2] = 0.9, 0.1
    views = make_views(rising.repeat(2, 1, 1, 1), 32, draws, ViewSettings(least_area=1.0, degrees=0, colour=0))
    torch.testing.assert_close(views[0], rising[0] / 255, atol=0.02, rtol=0)
    torch.testing.assert_close(views[1], rising[0].flip(2) / 255, atol=0.02, rtol=0)


def test_mixed_labels_say_how_much_of_each_picture_is_seen():
    views = torch.arange(4.0).view(4, 1, 1, 1).expand(4, 3, 16, 16).contiguous()
    targets = torch.eye(4)
    for seed in range(8):
        torch.manual_seed(seed)
        mixed, labels = mix_batch(views, targets, share=1.0)
        torch.testing.assert_close(labels.sum(1), torch.ones(4))
        torch.testing.assert_close(mixed.mean((1, 2, 3)), labels @ torch.arange(4.0))
    torch.manual_seed(0)
    assert mix_batch(views, targets, share=0.0)[0] is views


def test_the_map_of_activation_is_that_of_gradients(network):
    network.eval()
    pixels = torch.randint(0, 256, (3, 32, 32), dtype=torch.uint8)
    maps = network.maps(pixels[None].float() / 255).detach().requires_grad_()
    logits = network.net.classifier(maps.mean((2, 3)))
    (gradient,) = torch.autograd.grad(logits[0, 2], maps)
    weights = gradient.mean((2, 3), keepdim=True)
    expected = (weights * maps).sum(1)[0].clamp(min=0).detach()
    expected = expected / expected.max().clamp(min=1e-12)
    torch.testing.assert_close(network.activation_map(pixels, 2), expected, atol=1e-4, rtol=1e-3)
