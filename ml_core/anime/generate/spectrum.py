"""What the spectrum of painted images says: peaks where upsampling leaves a grid, and fine power that blur lacks.

Upsampling repeats the spectrum of a coarse map, so that a generator's grid shows as peaks at a half and a quarter of
the sampling frequency (X. Zhang et al., "Detecting and simulating artifacts in GAN fake images", WIFS 2019).
"""

from __future__ import annotations

import torch
from torch import Tensor

_LINE = (0, -3, -2, 2, 3)
_FLOOR = 0.01  # of the mean fine power of real images: below it a peak cannot be seen


def grid_artefact(samples: Tensor, real: Tensor) -> float:
    """The strongest grid peak of samples over that of real images; about 1 where there is no grid.

    A peak is the power at a half or a quarter of the sampling frequency, along an axis or both, over that of near
    frequencies.

    Args:
        samples: (N, 3, S, S) uint8.
        real: (M, 3, S, S) uint8.
    """
    reference = _power(real)
    floor = _FLOOR * float(_fine(reference))
    return _strongest_peak(_power(samples), floor) / _strongest_peak(reference, floor)


def sharpness(samples: Tensor, real: Tensor) -> float:
    """Mean fine power of samples over that of real images; less than 1 is blur, more is noise."""
    return float(_fine(_power(samples)) / _fine(_power(real)).clamp(min=1e-12))


def _power(images: Tensor) -> Tensor:
    """(S, S) mean power of the brightness under a Hann window."""
    grey = images.float().mean(1) / 255
    grey = grey - grey.mean((1, 2), keepdim=True)
    window = torch.hann_window(grey.shape[-1], periodic=False)
    power: Tensor = torch.fft.fft2(grey * window[:, None] * window).abs().pow(2).mean(0)
    return power


def _fine(power: Tensor) -> Tensor:
    """Mean power of what changes within eight pixels, in both directions."""
    size = len(power)
    edge = size // 8
    return power[edge : size - edge + 1, edge : size - edge + 1].mean()


def _strongest_peak(power: Tensor, floor: float) -> float:
    """Power over the geometric mean around it on the same line: so the slope of a spectrum is not taken for a peak."""
    size = len(power)
    found = []
    for frequency in (size // 2, size // 4):
        for down, right in ((1, 0), (0, 1), (1, 1)):
            places = [(frequency + shift) % size for shift in _LINE]
            line = power[[down * place for place in places], [right * place for place in places]]
            peak, *around = (line + floor).log().unbind()
            found.append(float((peak - torch.stack(around).mean()).exp()))
    return max(found)
