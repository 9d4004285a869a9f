"""Describes images by filters that were learnt from the images alone, without any label, in seconds on a CPU.

After A. Coates, H. Lee and A. Ng, "An Analysis of Single-Layer Networks in Unsupervised Feature Learning", AISTATS
2011: small pieces of the images are whitened and clustered; an image is how strongly the pieces of each of its quarters
answer to each cluster. Beside it stands a histogram of its colours.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ml_core.data.decode import load_image
from ml_core.data.import_order import ImportReporter
from ml_core.errors import CodedError

Floats = NDArray[np.float32]

SIDE: Final = 48
_PIECE: Final = 6
_STEP: Final = 2
_FILTERS: Final = 128
_SAMPLED: Final = 30_000
_ROUNDS: Final = 12
_NOISE: Final = 10 / 255  # a piece with less contrast is taken for plain
_WHITENING: Final = 0.1
_SOFT: Final = 0.25  # answers below it count as none
_COLOURS: Final = 4
_COLOUR_WEIGHT: Final = 3.0
_BATCH: Final = 64


def describe_images(paths: Sequence[Path], run: ImportReporter, *, seed: int = 0) -> Floats:
    """A row of numbers for each image; rows of images that cannot be decoded are NaN.

    Args:
        paths: The images.
        run: Is told how far it is, and asked whether to go on.
        seed: Decides which pieces the filters are learnt from.

    Returns:
        (N, 1088): strengths of 128 filters, both signs, in four quarters, and 64 colours.
    """
    pixels = np.zeros((len(paths), SIDE, SIDE, 3), dtype=np.uint8)
    readable = np.zeros(len(paths), dtype=bool)
    for place, picture in enumerate(_decoded(paths)):
        if picture is not None:
            pixels[place], readable[place] = picture, True
        run.progress(place + 1, len(paths), "images", "decode")
        run.raise_if_requested()
    features = np.full((len(paths), 8 * _FILTERS + _COLOURS**3), np.nan, dtype=np.float32)
    rows = np.flatnonzero(readable)
    if not len(rows):
        return features
    bank = _Filters(pixels[rows], np.random.default_rng(seed))
    for start in range(0, len(rows), _BATCH):
        part = rows[start : start + _BATCH]
        pictures = pixels[part].astype(np.float32) / np.float32(255)
        features[part, : 8 * _FILTERS] = bank.answers(pictures)
        features[part, 8 * _FILTERS :] = _colours(pictures)
        run.progress(int(part[-1]) + 1, len(paths), "images", "describe")
        run.raise_if_requested()
    strengths = features[:, : 8 * _FILTERS]
    strengths /= np.nanstd(strengths) or 1.0
    return features


def _decoded(paths: Sequence[Path]) -> Iterator[NDArray[np.uint8] | None]:
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1), thread_name_prefix="describe") as pool:
        for start in range(0, len(paths), _BATCH):  # so that a request to stop is soon obeyed
            yield from pool.map(_picture, paths[start : start + _BATCH])


def _picture(path: Path) -> NDArray[np.uint8] | None:
    try:
        image = load_image(path, "RGB", draft=(2 * SIDE, 2 * SIDE))
    except CodedError:
        return None
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.LANCZOS))


def _pieces(pictures: Floats) -> Floats:
    """(N, S, S, 3) to (N, P, P, D): pieces at every second pixel, without their brightness and contrast."""
    windows = np.lib.stride_tricks.sliding_window_view(pictures, (_PIECE, _PIECE), axis=(1, 2))
    return _even(windows[:, ::_STEP, ::_STEP].reshape(len(pictures), *_cells(), -1))


def _cells() -> tuple[int, int]:
    count = (SIDE - _PIECE) // _STEP + 1
    return count, count


def _even(pieces: Floats) -> Floats:
    pieces = pieces - pieces.mean(axis=-1, keepdims=True)
    even: Floats = pieces / np.sqrt(np.square(pieces).mean(axis=-1, keepdims=True) + np.float32(_NOISE**2))
    return even


class _Filters:
    """What pieces of these images look like, as unit vectors behind a whitening."""

    def __init__(self, pixels: NDArray[np.uint8], rng: np.random.Generator) -> None:
        images = rng.integers(0, len(pixels), _SAMPLED)
        tops, lefts = rng.integers(0, SIDE - _PIECE + 1, (2, _SAMPLED))
        windows = np.lib.stride_tricks.sliding_window_view(pixels, (_PIECE, _PIECE), axis=(1, 2))
        sample = _even(windows[images, tops, lefts].reshape(_SAMPLED, -1).astype(np.float32) / 255)
        mean = sample.mean(axis=0)
        variances, axes = np.linalg.eigh(np.cov(sample, rowvar=False).astype(np.float32))
        whitening = (axes / np.sqrt(np.maximum(variances, 0) + _WHITENING)) @ axes.T
        filters = _clustered((sample - mean) @ whitening, rng)
        self._projection: Floats = (whitening @ filters.T).astype(np.float32)
        self._offset: Floats = mean @ self._projection

    def answers(self, pictures: Floats) -> Floats:
        """(N, S, S, 3) to (N, 8 K): mean strengths in each quarter, of each sign."""
        strength = _pieces(pictures) @ self._projection - self._offset
        both = np.concatenate([np.maximum(strength - _SOFT, 0), np.maximum(-strength - _SOFT, 0)], axis=-1)
        half = both.shape[1] // 2
        quarters = (both[:, :half, :half], both[:, :half, half:], both[:, half:, :half], both[:, half:, half:])
        return np.concatenate([quarter.mean(axis=(1, 2)) for quarter in quarters], axis=-1)


def _clustered(points: Floats, rng: np.random.Generator) -> Floats:
    """Spherical k-means: unit vectors, each the direction of the points that answer to it most."""
    centres = rng.standard_normal((_FILTERS, points.shape[1])).astype(np.float32)
    for _ in range(_ROUNDS):
        centres /= np.linalg.norm(centres, axis=1, keepdims=True)
        answers = points @ centres.T
        best = np.abs(answers).argmax(axis=1)
        chosen = np.zeros_like(answers)
        chosen[np.arange(len(points)), best] = answers[np.arange(len(points)), best]
        centres = chosen.T @ points + np.float32(1e-3) * centres
    unit: Floats = centres / np.linalg.norm(centres, axis=1, keepdims=True)
    return unit


def _colours(pictures: Floats) -> Floats:
    """Roots of the shares of 4 x 4 x 4 colours."""
    bins = np.minimum((pictures * _COLOURS).astype(np.int64), _COLOURS - 1)
    codes = (bins[..., 0] * _COLOURS + bins[..., 1]) * _COLOURS + bins[..., 2]
    shares = [np.bincount(code.ravel(), minlength=_COLOURS**3) / code.size for code in codes]
    weighted: Floats = (_COLOUR_WEIGHT * np.sqrt(np.array(shares))).astype(np.float32)
    return weighted
