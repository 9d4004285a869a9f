"""The density head: likelihoods that integrate to one, see nothing hidden, and follow their context."""

from __future__ import annotations

import math

import torch

from ml_core.hsi.encoder.density import Density, DensityHead, negative_log_likelihoods, neighbour_noise


def a_density(coordinates: int = 1) -> tuple[Density, torch.Tensor]:
    torch.manual_seed(0)
    context = torch.randn(1, 6, coordinates)
    density = Density(
        mean=torch.randn(1, 2, coordinates),
        log_scale=torch.randn(1, 2, coordinates) * 0.3,
        weights=torch.randn(1, 2, 6).log_softmax(-1),
        log_width=torch.randn(1, 2, coordinates) * 0.3 - 1,
    )
    return density, context


def test_each_part_integrates_to_one() -> None:
    density, context = a_density()
    line = torch.linspace(-12, 12, 4801)
    parts = negative_log_likelihoods(density, line.view(1, 1, -1, 1).expand(1, 2, -1, -1), context)
    for part in (parts.gaussian, parts.pointer):
        assert torch.allclose(torch.exp(-part).sum(-1) * (line[1] - line[0]), torch.ones(1, 2), atol=1e-3)


def test_the_parts_agree_with_torch_distributions() -> None:
    density, context = a_density(3)
    pixel = torch.randn(1, 2, 3)
    found = negative_log_likelihoods(density, pixel, context)
    normal = torch.distributions.Normal(density.mean, density.log_scale.exp())
    assert torch.allclose(found.gaussian, -normal.log_prob(pixel).sum(-1), atol=1e-4)
    kernels = torch.distributions.Normal(context[:, None], density.log_width.exp().unsqueeze(2))
    pointer = torch.logsumexp(density.weights + kernels.log_prob(pixel.unsqueeze(2)).sum(-1), -1)
    assert torch.allclose(found.pointer, -pointer, atol=1e-4)
    assert torch.allclose(found.pooled, (found.gaussian + found.pointer) / 2)


def window(batch: int = 2, side: int = 7) -> tuple[torch.Tensor, torch.Tensor]:
    hidden = torch.zeros(batch, side, side, dtype=torch.bool)
    hidden[:, 2:5, 2:5] = True
    return torch.randn(batch, side * side, 3), hidden.flatten(1)


def test_an_untrained_head_is_near_the_mean_and_spread_of_what_is_seen() -> None:
    torch.manual_seed(0)
    pixels, hidden = window()
    pixels = (2.0 + 3.0 * pixels).masked_fill(hidden.unsqueeze(-1), 0.0)
    head = DensityHead(8, 3)
    states = torch.zeros(2, 49, 8)
    density = head(states[:, :9], states, pixels, hidden, torch.zeros(2, 2, 9, 49))
    assert torch.allclose(density.mean.mean((0, 1)), torch.full((3,), 2.0), atol=1.2)
    assert (density.log_scale.exp().mean((0, 1)) - 3.0).abs().max() < 1.2
    assert (density.weights.exp() * hidden[:, None]).sum() == 0


def test_noise_is_measured_on_visible_neighbours_alone() -> None:
    torch.manual_seed(0)
    pixels, hidden = window(batch=40, side=15)
    wild = pixels.masked_fill(hidden.unsqueeze(-1), 1e6)
    noise = neighbour_noise(wild, hidden)
    assert torch.allclose(noise.mean(0), torch.ones(3), atol=0.05)


def test_the_constant_of_the_normal_density_is_right() -> None:
    density = Density(*(torch.zeros(1, 1, 1) for _ in range(4)))
    found = negative_log_likelihoods(density, torch.zeros(1, 1, 1), torch.zeros(1, 1, 1))
    assert math.isclose(float(found.gaussian), 0.5 * math.log(2 * math.pi), abs_tol=1e-5)
