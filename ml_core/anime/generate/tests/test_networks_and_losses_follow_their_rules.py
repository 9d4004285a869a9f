"""The networks have the parts that are asked for, and the losses the gradients."""

from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError
from torch import nn
from torch.nn import functional

from ml_core.anime.classifier.network import CharacterNetwork
from ml_core.anime.generate.augment import augment
from ml_core.anime.generate.config import GeneratorConfig
from ml_core.anime.generate.guide import choose_features, perceptual_distance
from ml_core.anime.generate.networks import NOISE, STYLE, Discriminator, Generator, StyledConv, steps_up
from ml_core.anime.generate.presets import PRESETS, estimate_seconds
from ml_core.anime.generate.task import Pair, first_codes

LABELS = torch.zeros(2, dtype=torch.int64)


@pytest.mark.parametrize(("size", "first"), [(32, 4), (64, 4), (96, 6), (112, 7), (224, 7)])
def test_sizes_are_reached_by_doubling(size, first):
    assert steps_up(size)[0] == first
    if size <= 112:
        images = Generator(1, size, [8, 8, 8])(torch.randn(2, NOISE), LABELS)
        assert images.shape == (2, 3, size, size)
        assert Discriminator(1, size, [8, 8, 8])(images, LABELS).shape[:2] == (2, 1)


def test_the_generator_upsamples_and_convolves_and_has_no_transposed_convolution():
    kinds = {type(module) for module in Generator(2, 64, [8, 8]).modules()}
    assert nn.Upsample in kinds and nn.Conv2d in kinds
    assert not any(issubclass(kind, nn.modules.conv._ConvTransposeNd) for kind in kinds)


def test_scaling_inputs_and_outputs_is_the_same_as_scaling_the_weights():
    layer = StyledConv(3, 5)
    nn.init.normal_(layer.conv.bias)
    maps, style = torch.randn(2, 3, 6, 6), torch.randn(2, STYLE)
    found = layer(maps, style)
    for row in range(2):
        scaled = layer.conv.weight * layer.scales(style)[row][None, :, None, None]
        weight = scaled * torch.rsqrt(scaled.pow(2).sum((1, 2, 3), keepdim=True) + 1e-6)
        padded = functional.pad(maps[row : row + 1], (1, 1, 1, 1), mode="replicate")
        wanted = functional.leaky_relu(functional.conv2d(padded, weight, layer.conv.bias), 0.2) * 2**0.5
        assert torch.allclose(found[row : row + 1], wanted, atol=1e-5)


def test_noise_and_label_both_matter():
    torch.manual_seed(0)
    net, noise = Generator(2, 32, [8, 8]), torch.randn(2, NOISE)
    images = net(noise, LABELS)
    assert not torch.allclose(images[0], images[1], atol=1e-3)
    assert not torch.allclose(images, net(noise, LABELS + 1), atol=1e-3)


def test_augmentation_changes_each_image_and_lets_gradients_through():
    torch.manual_seed(0)
    images = torch.rand(1, 3, 16, 16).expand(4, -1, -1, -1).clone().requires_grad_()
    changed = augment(images)
    assert changed.shape == images.shape and not torch.allclose(changed[0], changed[1], atol=1e-2)
    (gradient,) = torch.autograd.grad(changed.sum(), images)
    assert all(float(row.abs().sum()) > 0 for row in gradient)


def test_the_perceptual_loss_is_least_at_the_original_and_not_at_the_mean():
    torch.manual_seed(0)
    features, note = choose_features("recogniser", CharacterNetwork("mobilenet_v2", 2, 32).eval())
    assert "instead of VGG16" in note
    originals = torch.rand(6, 3, 32, 32)
    mean = originals.mean(0, keepdim=True).expand_as(originals)
    assert float(perceptual_distance(features, originals, originals)) < 1e-6
    near = (originals + 0.05 * torch.randn_like(originals)).clamp(0, 1)
    assert float(perceptual_distance(features, near, originals)) < 0.7 * float(
        perceptual_distance(features, mean, originals)
    )


def test_codes_are_spread_like_noise_and_images_that_look_alike_have_codes_that_lie_together():
    torch.manual_seed(0)
    base = torch.randint(0, 256, (40, 3, 16, 16), dtype=torch.uint8)
    near = (base[:1].int() + 4).clamp(0, 255).to(torch.uint8)
    pair = Pair(32, [8, 8], torch.cat([base, near]))
    codes = pair.code(torch.arange(41)).detach()
    assert torch.allclose(codes.mean(0), torch.zeros(NOISE), atol=1e-4)
    assert torch.allclose(codes.pow(2).mean(0), torch.ones(NOISE), atol=1e-3)
    distances = torch.cdist(codes[40:], codes[:40])[0]
    assert int(distances.argmin()) == 0 and float(distances[0]) < 0.5 * float(distances[1:].min())
    assert first_codes(base[:5]).shape == (5, NOISE)


def test_presets_fill_in_what_is_not_set_and_estimates_grow_with_the_work():
    asked = {"known": "a", "recogniser": "b", "target_class": "c"}
    large = GeneratorConfig.model_validate({**asked, "preset": "gpu_224", "batch_size": 4})
    assert (large.size, large.batch_size) == (224, 4)
    assert (large.adversarial_weight, large.class_weight, large.perceptual_weight) == (0.1, 0.2, 10.0)
    with pytest.raises(ValidationError, match="power of two"):
        GeneratorConfig.model_validate({**asked, "size": 72})
    assert estimate_seconds("cpu_64") <= 30 * 60
    assert estimate_seconds("cpu_64", {"num_epochs": 2 * PRESETS["cpu_64"]["num_epochs"]}) == pytest.approx(
        2 * estimate_seconds("cpu_64")
    )
    assert estimate_seconds("cpu_64", cores=1) > estimate_seconds("cpu_64", cores=2)
