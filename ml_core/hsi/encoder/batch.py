"""What goes into the prediction of hidden places, and what comes out."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from ml_core.hsi.encoder.density import Density


class Windows(NamedTuple):
    """Square windows of token maps with hidden places.

    Attributes:
        spectral, spatial: (batch, N) int64 ids in row order; K_s and K_x stand for unknown.
        coordinates: (batch, N, C) float32.
        places: (batch, Q) int64, positions in the window that are hidden and asked for.
        hidden_spatial: (batch, Q) int64, their spatial ids: what training learns to tell.
        hidden: (batch, N) bool, what must not be seen: the places, and repetitions of them.
        domain_ids: (batch,) int64.
        stride: (batch,) float32, pixels of the scene between neighbouring tokens.
    """

    spectral: Tensor
    spatial: Tensor
    coordinates: Tensor
    places: Tensor
    hidden_spatial: Tensor
    hidden: Tensor
    domain_ids: Tensor
    stride: Tensor


class Prediction(NamedTuple):
    """What is known about the hidden places of windows.

    Attributes:
        density: Of their coordinates.
        log_spectral, log_spatial: (batch, Q, K_s) and (batch, Q, K_x) log-probabilities of their ids.
    """

    density: Density
    log_spectral: Tensor
    log_spatial: Tensor
