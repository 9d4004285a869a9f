"""Simulated stars as arrays of a survey, without files."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ml_core.stellar.classifier import StarClassifier, StarClassifierSettings
from ml_core.stellar.images.composite import SIDE
from ml_core.stellar.simulated_spectrum import LOGLAM, simulate_spectrum
from ml_core.stellar.spectra.resample import POINTS, to_grid
from ml_core.stellar.spectra.spectrum import BANDS, Spectrum

Arrays = dict[str, NDArray[Any]]


def simulate_arrays(count: int, seed: int = 0, sn: float = 25.0) -> Arrays:
    """Arrays as `survey.arrays` gives them; the picture is a round star in the colours of the magnitudes."""
    rng = np.random.default_rng(seed)
    rows: dict[str, list[Any]] = {name: [] for name in ("flux", "ivar", "image", "label", "magnitudes", "sn")}
    for number in range(count):
        label = number % 5
        star = simulate_spectrum(rng, label + float(rng.uniform(-0.5, 0.5)), sn)
        magnitudes = np.array([star.magnitudes[band] for band in BANDS])
        spectrum = Spectrum(np.power(10.0, LOGLAM), star.flux, star.ivar, star.ivar <= 0, star.and_mask, "vacuum",
                            star.sn, magnitudes)  # fmt: skip
        grid = to_grid(spectrum)
        rows["flux"].append(grid.flux)
        rows["ivar"].append(grid.ivar)
        rows["image"].append(_picture(magnitudes, rng))
        rows["label"].append(label)
        rows["magnitudes"].append(magnitudes.astype(np.float32))
        rows["sn"].append(star.sn)
    arrays = {name: np.array(values) for name, values in rows.items()}
    return arrays | {"has_spectrum": np.ones(count, bool), "has_image": np.ones(count, bool)}


def _picture(magnitudes: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.uint8]:
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    shape = np.exp(-(x**2 + y**2) / 8.0)
    light = 0.5 * 10 ** (-0.4 * (magnitudes[[3, 2, 1]] - magnitudes[3]))
    image = light * shape[:, :, None] + rng.normal(0.06, 0.004, (SIDE, SIDE, 3))
    pixels: NDArray[np.uint8] = np.clip(255 * image, 0, 255).astype(np.uint8)
    return pixels


def inputs(arrays: Arrays) -> tuple[torch.Tensor, ...]:
    """Arguments of `StarClassifier.forward`."""
    names = ("flux", "ivar", "image", "magnitudes", "has_spectrum", "has_image")
    return tuple(torch.from_numpy(np.array(arrays[name])) for name in names)


def batch(arrays: Arrays) -> dict[str, torch.Tensor]:
    """Arguments of `StarClassifier.losses`."""
    names = ("flux", "ivar", "image", "photometry", "has_spectrum", "has_image")
    return dict(zip(names, inputs(arrays), strict=True)) | {"label": torch.from_numpy(arrays["label"])}


def train(arrays: Arrays, steps: int = 150, settings: StarClassifierSettings | None = None) -> StarClassifier:
    """A classifier that has seen the stars some times."""
    torch.manual_seed(0)
    model = StarClassifier(settings)
    model.fit_front_end(arrays)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-2)
    whole = batch(arrays)
    for _ in range(steps):
        drawn = torch.randint(len(arrays["label"]), (64,))
        found = model.losses({name: values[drawn] for name, values in whole.items()})
        loss = torch.stack(list(found.values())).sum()
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
    return model.eval()


__all__ = ["POINTS", "Arrays", "batch", "inputs", "simulate_arrays", "train"]
