"""How likely a pixel is, given its surroundings: a soft density on continuous coordinates.

The negative log-likelihood of hard ids separates hardly anything: bright common classes have many codes, and rare
pixels snap to a common one. A density on coordinates, whose spread follows from the context, does (docs/hsi.md).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

_LOG_TWO_PI = math.log(2 * math.pi)
_LOG_SCALE_RANGE = (-5.0, 4.0)
_MEAN_DIFFERENCE = 2 / math.sqrt(math.pi)  # mean |a - b| of two normal numbers of variance 1


class Density(NamedTuple):
    """Parameters of the density at Q places with N context pixels and C coordinates.

    Attributes:
        mean: (batch, Q, C) of the Gaussian part.
        log_scale: (batch, Q, C), logarithm of its standard deviations.
        weights: (batch, Q, N) log-weights of the context pixels in the pointer part.
        log_width: (batch, Q, C), logarithm of the kernel widths of the pointer part.
    """

    mean: Tensor
    log_scale: Tensor
    weights: Tensor
    log_width: Tensor


class NegativeLogLikelihoods(NamedTuple):
    """(batch, Q) each, in nats. ``pooled`` is the mean of the two: what both find surprising, is."""

    gaussian: Tensor
    pointer: Tensor
    pooled: Tensor


class DensityHead(nn.Module):
    """A Gaussian, and a kernel density on the visible pixels (a soft pointer).

    Their logarithms are averaged, a logarithmic opinion pool (Genest and Zidek, 1986); a mixture of the two with a
    learned gate separates less, for one of them always excuses a pixel.

    The Gaussian knows how much a place varies; the pointer knows several materials at once. Both start from what
    needs no learning: mean and variance of the visible pixels, the nearer the heavier, and kernels as wide as the
    differences of neighbours. The network learns which pixels matter and what to add.

    Args:
        hidden_size: Length of hidden states.
        coordinates: Number of coordinates, C.
        key_size: Length of queries and keys.
    """

    def __init__(self, hidden_size: int, coordinates: int, key_size: int = 16) -> None:
        super().__init__()
        self.coordinates = coordinates
        self.correction = nn.Linear(hidden_size, 2 * coordinates)
        self.query = nn.Linear(hidden_size, 2 * key_size)
        self.key = nn.Linear(hidden_size, 2 * key_size)
        self.width = nn.Linear(hidden_size, 1)
        self.log_widths = nn.Parameter(torch.zeros(coordinates))
        for layer in (self.correction, self.width):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)

    def forward(
        self, places: Tensor, states: Tensor, coordinates: Tensor, hidden: Tensor, distance_bias: Tensor
    ) -> Density:
        """The density at places.

        Args:
            places: (batch, Q, hidden_size), last hidden states of the hidden places.
            states: (batch, N, hidden_size), states of all places of the window.
            coordinates: (batch, N, C), zero at hidden places.
            hidden: (batch, N) bool.
            distance_bias: (2, batch, Q, N), what weights have beside their content.
        """
        keys, queries = self.key(states).chunk(2, dim=-1), self.query(places).chunk(2, dim=-1)
        with torch.autocast(coordinates.device.type, enabled=False):
            pixels = coordinates.float()
            log_weights = [
                (
                    (query.float() @ key.float().transpose(1, 2)) * key.shape[-1] ** -0.5
                    + bias.masked_fill(hidden[:, None], -torch.inf)
                ).log_softmax(-1)
                for query, key, bias in zip(queries, keys, distance_bias.float(), strict=True)
            ]
            weights = log_weights[0].exp()
            mean = weights @ pixels
            noise = neighbour_noise(pixels, hidden)
            variance = (weights @ pixels.square() - mean.square()).clamp(min=0) + 0.1 * noise.square().unsqueeze(1)
            shift, stretch = self.correction(places.float()).chunk(2, dim=-1)
            log_scale = 0.5 * variance.log() + stretch
            log_width = noise.log().unsqueeze(1) + self.log_widths + self.width(places.float())
        low, high = _LOG_SCALE_RANGE
        return Density(mean + shift, log_scale.clamp(low, high), log_weights[1], log_width.clamp(low, high))


def neighbour_noise(pixels: Tensor, hidden: Tensor) -> Tensor:
    """Typical difference of visible neighbours in a square window, as a standard deviation: (batch, C).

    Args:
        pixels: (batch, N, C) in row order.
        hidden: (batch, N) bool.
    """
    side = math.isqrt(pixels.shape[1])
    picture = pixels.view(len(pixels), side, side, -1)
    seen = ~hidden.view(len(pixels), side, side, 1)
    total, count = pixels.new_zeros(()), pixels.new_zeros(())
    for axis in (1, 2):
        both = seen.narrow(axis, 0, side - 1) & seen.narrow(axis, 1, side - 1)
        step = (picture.narrow(axis, 1, side - 1) - picture.narrow(axis, 0, side - 1)).abs() * both
        total, count = total + step.sum((1, 2)), count + both.sum((1, 2))
    return (total / count.clamp(min=1) / _MEAN_DIFFERENCE).clamp(min=1e-2)


def negative_log_likelihoods(density: Density, targets: Tensor, context: Tensor) -> NegativeLogLikelihoods:
    """How unlikely pixels are.

    Args:
        density: At Q places.
        targets: (batch, Q, C), or (batch, Q, R, C) to ask for R pixels at each place.
        context: (batch, N, C), coordinates of all places of the window; hidden ones have weight zero.

    Returns:
        (batch, Q) or (batch, Q, R) each.
    """
    single = targets.dim() == 3
    pixels = (targets.unsqueeze(2) if single else targets).float()
    with torch.autocast(targets.device.type, enabled=False):
        gaussian = _gaussian(density, pixels)
        pointer = _pointer(density, pixels, context.float())
    found = NegativeLogLikelihoods(gaussian, pointer, 0.5 * (gaussian + pointer))
    return NegativeLogLikelihoods(*(part.squeeze(2) for part in found)) if single else found


def _gaussian(density: Density, pixels: Tensor) -> Tensor:
    deviation = (pixels - density.mean.unsqueeze(2)) * torch.exp(-density.log_scale).unsqueeze(2)
    constant = density.log_scale.sum(-1) + 0.5 * pixels.shape[-1] * _LOG_TWO_PI
    return 0.5 * deviation.square().sum(-1) + constant.unsqueeze(2)


def _pointer(density: Density, pixels: Tensor, context: Tensor) -> Tensor:
    """-log sum_j w_j N(x; x_j, width), squares multiplied out so that matrix products do the work."""
    precision = torch.exp(-2 * density.log_width)
    scaled = pixels * precision.unsqueeze(2)
    cross = scaled.flatten(1, 2) @ context.transpose(1, 2)
    own = (scaled * pixels).sum(-1)
    other = precision @ context.square().transpose(1, 2)
    log_kernel = cross.view(*own.shape, -1) - 0.5 * (own.unsqueeze(-1) + other.unsqueeze(2))
    constant = density.log_width.sum(-1) + 0.5 * pixels.shape[-1] * _LOG_TWO_PI
    return constant.unsqueeze(2) - torch.logsumexp(density.weights.unsqueeze(2) + log_kernel, dim=-1)


def smooth_mean_error(density: Density, targets: Tensor) -> Tensor:
    """Huber distance of the Gaussian means, (batch, Q): keeps means honest while the spread is still wide."""
    return functional.smooth_l1_loss(density.mean, targets.float(), reduction="none").mean(-1)
