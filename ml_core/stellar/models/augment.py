"""Random changes of a batch of stars that leave the class as it is: fainter, worse calibrated, turned."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor

_UNCHANGED: Final = 0.5
_FAINTEST: Final = 0.1
_CURVE_SD: Final = 0.03
_WAVES: Final = 4


def renoise(flux: Tensor, ivar: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
    """Spectra as a shorter exposure would have given them, with a smooth error of the flux calibration.

    Half of the stars keep their S/N; for the others it falls by a factor of 1 to 10, evenly in the logarithm. The
    inverse variance is that of the noisier spectrum.

    Args:
        flux: (N, P).
        ivar: (N, P), 0 = not measured.
        generator: On the device of ``flux``; torch's own where it is left out.
    """
    count, points = flux.shape
    draws = torch.rand(count, 2, generator=generator, device=flux.device)
    factor = torch.where(draws[:, 0] < _UNCHANGED, 1.0, _FAINTEST ** draws[:, 1]).unsqueeze(1)
    measured = ivar > 0
    variance = torch.where(measured, 1.0 / ivar.clamp(min=1e-30), 0.0)
    added = variance * (factor**-2 - 1)
    noise = torch.randn(flux.shape, generator=generator, device=flux.device) * added.sqrt()
    place = torch.linspace(0, math.pi, points, device=flux.device)
    waves = torch.stack([torch.cos(place * number) for number in range(1, _WAVES + 1)])
    curve = torch.randn(count, _WAVES, generator=generator, device=flux.device) @ waves * (_CURVE_SD / _WAVES**0.5)
    return flux * curve.exp() + noise, torch.where(measured, ivar * factor.square(), 0.0)


def turn_pictures(image: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """(N, S, S, 3), each in one of its eight orientations: the sky has no up."""
    eighth = torch.randint(8, (len(image),), generator=generator, device=image.device)
    turned = image.clone()
    for quarter in range(4):
        for mirrored in range(2):
            rows = eighth == 2 * quarter + mirrored
            part = torch.rot90(image[rows], quarter, (1, 2))
            turned[rows] = part.flip(2) if mirrored else part
    return turned
