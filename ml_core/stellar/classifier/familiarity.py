"""Does a spectrum look like those of the training? Asked of every star, for what it decides: whom to believe.

Two numbers are compared with what is usual at the star's signal to noise: what the components leave over, and how far
the coefficients lie from those of any class. Stars of a metallicity or library that the training lacked stand out by
2 to 4 deviations when their signal is good. This is no verdict on the star; `novelty` gives that.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

#: Places of S/N where the usual value is kept; linear in the logarithm between them.
_KNOTS: Final = torch.linspace(-1.0, 4.6, 12)
#: Stars that a knot borrows from the whole.
_BORROWED: Final = 10.0
_LEAST_SPREAD: Final = 0.05
#: A spectrum this many deviations from the usual is half familiar.
_HALF: Final = 1.75
_WIDTH: Final = 0.4
#: Below this S/N the two numbers hardly tell one kind of star from another, and a noisy star is taken for familiar.
_TELLING_SN: Final = 3.0


class Usual(nn.Module):
    """Usual value and spread of a positive number, by signal to noise."""

    mean: Tensor
    spread: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(len(_KNOTS)))
        self.register_buffer("spread", torch.full((len(_KNOTS),), 1e6))

    @torch.no_grad()
    def fit(self, value: Tensor, sn: Tensor) -> None:
        """Take mean and spread of the logarithm from training stars (N,); without any nothing is unusual."""
        if len(value) == 0:
            return
        logarithm, places = _log(value), _places(sn)
        self.mean.copy_(_smooth(logarithm, places))
        away = (logarithm - places @ self.mean).square()
        self.spread.copy_(_smooth(away, places).sqrt().clamp(min=_LEAST_SPREAD))

    def deviations(self, value: Tensor, sn: Tensor) -> Tensor:
        """(N,) how many spreads above the usual."""
        places = _places(sn)
        return (_log(value) - places @ self.mean) / (places @ self.spread)


class Familiarity(nn.Module):
    """From 1, like the training, to 0."""

    def __init__(self) -> None:
        super().__init__()
        self.misfit, self.distance = Usual(), Usual()

    def fit(self, misfit: Tensor, distance: Tensor, sn: Tensor) -> None:
        """From training stars and noisier copies."""
        self.misfit.fit(misfit, sn)
        self.distance.fit(distance, sn)

    def forward(self, misfit: Tensor, distance: Tensor, sn: Tensor) -> Tensor:
        """(N,)."""
        away = torch.maximum(self.misfit.deviations(misfit, sn), self.distance.deviations(distance, sn))
        telling = sn.square() / (sn.square() + _TELLING_SN**2)
        return torch.sigmoid((_HALF - telling * away) / _WIDTH)


def _log(value: Tensor) -> Tensor:
    return value.clamp(1e-6, 1e6).log()


def _places(sn: Tensor) -> Tensor:
    """(N, knots) linear weights."""
    knots = _KNOTS.to(sn.device)
    place = sn.clamp(min=1e-3).log().clamp(float(_KNOTS[0]), float(_KNOTS[-1]))
    return (1 - (place.unsqueeze(1) - knots).abs() / (knots[1] - knots[0])).clamp(min=0)


def _smooth(values: Tensor, places: Tensor) -> Tensor:
    return (places.T @ values + _BORROWED * values.mean()) / (places.sum(0) + _BORROWED)
