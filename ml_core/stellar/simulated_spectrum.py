"""Parametric spectra of M0..M4 dwarfs: a smooth continuum, molecular bands, lines, and the noise of a spectrograph.

Everything is an analytic function of one continuous type, made to look like an M dwarf and to grade from M0 to M4; no
template of anyone is in it. Scores on such stars say that the machinery works, not how well real stars are classified.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml_core.stellar.spectra.spectrum import BANDS
from ml_core.stellar.spectra.wavelengths import SPEED_OF_LIGHT

#: (n,) log10 of the wavelengths of the instrument, as SDSS-I: 3801 to 9198 A.
LOGLAM: Final[NDArray[np.float64]] = 3.58 + 1e-4 * np.arange(3838, dtype=np.float64)
_WIDE: Final[NDArray[np.float64]] = np.power(10.0, 3.47 + 2e-4 * np.arange(2850, dtype=np.float64))
_AB: Final = 3.6307805e-20 * 2.99792458e18 * 1e17

#: Head in A, scale over which the band fades to the red in A, depth at M0 and growth per sub-type (in optical depth).
_TIO: Final[tuple[tuple[float, float, float, float], ...]] = (
    (4584, 90, 0.05, 0.050), (4761, 110, 0.10, 0.075), (4954, 130, 0.14, 0.095), (5167, 150, 0.16, 0.110),
    (5448, 160, 0.10, 0.085), (5847, 150, 0.12, 0.100), (6158, 180, 0.16, 0.115), (6651, 160, 0.10, 0.110),
    (7053, 170, 0.20, 0.150), (7589, 120, 0.08, 0.085), (8432, 150, 0.02, 0.055), (8859, 110, 0.02, 0.050),
)  # fmt: skip
#: Head, scale, type at which it begins, growth.
_VO: Final[tuple[tuple[float, float, float, float], ...]] = ((7334, 110, 2.5, 0.05), (7851, 90, 2.5, 0.06))
#: Centre, width, depth at M0, growth: CaH 2 and 3, CaH 1, MgH.
_HYDRIDES: Final[tuple[tuple[float, float, float, float], ...]] = (
    (6830, 35, 0.10, 0.075),
    (6975, 28, 0.06, 0.050),
    (6385, 18, 0.02, 0.030),
    (5205, 35, 0.12, 0.040),
)
#: Centre, sigma, depth at M0, growth.
_LINES: Final[tuple[tuple[float, float, float, float], ...]] = (
    (3934.8, 6, 0.8, 0.0), (3969.6, 6, 0.8, 0.0), (4227.9, 9, 0.55, 0.12), (5891.6, 5, 0.35, 0.08),
    (5897.6, 5, 0.30, 0.08), (7667.0, 4, 0.12, 0.06), (7701.1, 4, 0.12, 0.06), (8185.5, 4, 0.05, 0.05),
    (8197.1, 4, 0.06, 0.055), (8500.4, 4, 0.16, -0.01), (8544.4, 5, 0.25, -0.015), (8664.5, 5, 0.22, -0.015),
)  # fmt: skip
#: Centre and width of round pass-bands in place of the SDSS filters.
_PASS: Final = {"u": (3560, 290), "g": (4720, 680), "r": (6180, 640), "i": (7500, 700), "z": (8950, 600)}


@dataclass(frozen=True)
class SimulatedSpectrum:
    """What a spectrograph would deliver, and what is behind it.

    Attributes:
        flux: (n,) on `LOGLAM` in 1e-17 erg / (s cm2 A).
        ivar: (n,) inverse variance, 0 in lost stretches.
        and_mask: (n,) warning bits, set on many good pixels as in real files.
        kind: Continuous sub-type, -0.5 to 4.5.
        velocity: km/s.
        sn: Median S/N of the pixels.
        magnitudes: u, g, r, i, z with photometric errors.
    """

    flux: NDArray[np.float32]
    ivar: NDArray[np.float32]
    and_mask: NDArray[np.int32]
    kind: float
    velocity: float
    sn: float
    magnitudes: dict[str, float]


def simulate_spectrum(rng: np.random.Generator, kind: float, sn: float) -> SimulatedSpectrum:
    """Draw one star of a sub-type.

    Args:
        rng: Decides everything that is random.
        kind: Continuous sub-type: 1.3 is an M1 near M2.
        sn: Wanted median S/N; the star is as faint as that takes.
    """
    shape = _star(rng, kind)
    velocity = float(rng.normal(0.0, 40.0))
    lam = np.power(10.0, LOGLAM)
    seen = np.interp(lam / (1 + velocity / SPEED_OF_LIGHT), _WIDE, shape)
    sky = 14.0 * (1.0 + 1.5 * np.exp((3800.0 - lam) / 250.0) + 3.0 * np.exp((lam - 9200.0) / 500.0))
    sky *= 1.0 + 1.2 * _airglow(lam)
    level = _level_for(sn, seen, sky)
    variance = _GAIN * (sky + level * seen)
    x = np.linspace(-1.0, 1.0, lam.size)
    calibration = 1 + rng.normal(0, 0.02) * x + rng.normal(0, 0.015) * (x * x - 1 / 3)
    flux = level * seen * calibration + rng.normal(0.0, 1.0, lam.size) * np.sqrt(variance)
    ivar = 1.0 / variance
    and_mask = np.where(_airglow(lam) > 0.5, 1 << 23, 0).astype(np.int32)
    for _ in range(int(rng.poisson(1.0))):
        start, length = int(rng.integers(0, lam.size)), int(rng.integers(2, 25))
        lost = slice(start, start + length)
        flux[lost], ivar[lost], and_mask[lost] = 0.0, 0.0, 1 << 24
    good = ivar > 0
    measured = float(np.median(flux[good] * np.sqrt(ivar[good])))
    magnitudes = {band: _photometry(rng, band, level * shape) for band in BANDS}
    return SimulatedSpectrum(flux.astype(np.float32), ivar.astype(np.float32), and_mask, kind, velocity, measured,
                             magnitudes)  # fmt: skip


#: Variance per unit of flux: sets how bright a star of a given S/N is (r = 17.4 at S/N 24).
_GAIN: Final = 0.03


def _star(rng: np.random.Generator, kind: float) -> NDArray[np.float64]:
    """Flux at rest on the wide grid, 1 at 7500 A, with the spread of metallicity, dust and activity."""
    lam = _WIDE
    metals = float(rng.normal(0.0, 0.12))
    temperature = 3900.0 - 155.0 * (kind + rng.normal(0.0, 0.08))
    planck = (
        (7500.0 / lam) ** 5 * np.expm1(1.4388e8 / (7500.0 * temperature)) / np.expm1(1.4388e8 / (lam * temperature))
    )
    depth = np.zeros_like(lam)
    strength = max(kind + 0.5, 0.0)
    for head, scale, start, growth in _TIO:
        depth += (1 + metals) * (start + growth * strength) * _band(lam, head, scale)
    for head, scale, begin, growth in _VO:
        depth += growth * max(kind - begin, 0.0) * _band(lam, head, scale)
    for centre, width, start, growth in _HYDRIDES:
        depth += (1 - 0.6 * metals) * (start + growth * strength) * np.exp(-0.5 * ((lam - centre) / width) ** 2)
    for centre, sigma, start, growth in _LINES:
        depth += max(start + growth * strength, 0.0) * np.exp(-0.5 * ((lam - centre) / sigma) ** 2)
    flux = planck * np.exp(-depth)
    if rng.random() < 0.04 + 0.03 * max(kind, 0.0):
        width = rng.uniform(1.5, 6.0)
        for centre, part in ((6564.6, 1.0), (4862.7, 0.35)):
            flux = flux + width * part * 0.15 * np.interp(centre, lam, flux) * np.exp(
                -0.5 * ((lam - centre) / 2.6) ** 2
            )
    dust = min(float(rng.exponential(0.1)), 1.0)
    flux = flux * np.power(10.0, -0.4 * dust * (lam / 5500.0) ** -1.3)
    return np.asarray(flux / np.interp(7500.0, lam, flux))


def _band(lam: NDArray[np.float64], head: float, scale: float) -> NDArray[np.float64]:
    """A band degraded to the red: a steep head, softened over 8 A, and an exponential tail."""
    rise = 1.0 / (1.0 + np.exp(-np.clip((lam - head) / 8.0, -60.0, 60.0)))
    return np.asarray(rise * np.exp(-np.maximum(lam - head, 0.0) / scale))


def _airglow(lam: NDArray[np.float64]) -> NDArray[np.float64]:
    """Comb of night-sky lines, growing to the red; 0 to 1."""
    comb = np.maximum(np.sin(lam / 9.0), 0.0) ** 8
    return np.asarray(comb * np.clip((lam - 7200.0) / 1500.0, 0.0, 1.0))


def _level_for(sn: float, shape: NDArray[np.float64], sky: NDArray[np.float64]) -> float:
    low, high = 1e-4, 1e6
    for _ in range(60):
        middle = math.sqrt(low * high)
        found = np.median(middle * shape / np.sqrt(_GAIN * (sky + middle * shape)))
        low, high = (middle, high) if found < sn else (low, middle)
    return math.sqrt(low * high)


def _photometry(rng: np.random.Generator, band: str, flux: NDArray[np.float64]) -> float:
    """AB magnitude in a round pass-band, with an error of 0.02 that grows for faint stars."""
    centre, half = _PASS[band]
    weight = np.exp(-(((_WIDE - centre) / half) ** 4))
    photons = np.trapezoid(flux * weight * _WIDE, _WIDE)
    reference = np.trapezoid(_AB * weight / _WIDE, _WIDE)
    magnitude = -2.5 * math.log10(photons / reference)
    error = math.hypot(0.02, 0.1 * 10 ** (0.4 * (magnitude - 22.3)))
    return magnitude + float(rng.normal(0.0, min(error, 1.0)))
