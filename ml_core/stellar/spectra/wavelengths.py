"""Wavelengths in air and in vacuum, and the shift by a radial velocity."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml_core.stellar.spectra.spectrum import Spectrum

#: km/s.
SPEED_OF_LIGHT: Final = 299_792.458
#: Below this (Angstrom) observatories and line lists give vacuum wavelengths anyway.
_AIR_BEGINS: Final = 2000.0


def vacuum_to_air(wavelength: NDArray[np.floating]) -> NDArray[np.float64]:
    """Air wavelengths (A) of vacuum wavelengths (A), at 15 C and 1013.25 hPa.

    Source: Ciddor 1996, Appl. Opt. 35, 1566, as used by VALD3 for lambda > 2000 A; accurate to 1e-8.
    """
    vacuum = np.asarray(wavelength, np.float64)
    return np.where(vacuum > _AIR_BEGINS, vacuum / _refraction(vacuum), vacuum)


def air_to_vacuum(wavelength: NDArray[np.floating]) -> NDArray[np.float64]:
    """Vacuum wavelengths (A) of air wavelengths (A): the inverse of `vacuum_to_air`, iterated to 1e-9 A."""
    air = np.asarray(wavelength, np.float64)
    vacuum = air
    for _ in range(4):
        vacuum = air * _refraction(vacuum)
    return np.where(air > _AIR_BEGINS, vacuum, air)


def _refraction(vacuum: NDArray[np.float64]) -> NDArray[np.float64]:
    squared = (1e4 / np.maximum(vacuum, 1000.0)) ** 2  # the formula has poles in the far ultraviolet
    return np.asarray(1.0 + 0.0000834254 + 0.02406147 / (130.0 - squared) + 0.00015998 / (38.9 - squared))


def doppler(wavelength: NDArray[np.floating], velocity: float) -> NDArray[np.float64]:
    """Wavelengths at rest of observed ones, for a star that recedes with ``velocity`` km/s (non-relativistic)."""
    return np.asarray(wavelength, np.float64) / (1.0 + velocity / SPEED_OF_LIGHT)


def in_vacuum(spectrum: Spectrum) -> Spectrum:
    """The spectrum with vacuum wavelengths; one in air is converted, one that says nothing is taken as vacuum."""
    if spectrum.wavelength_medium == "vacuum":
        return spectrum
    if spectrum.wavelength_medium == "air":
        note = "Wavelengths were converted from air to vacuum."
        wavelength = air_to_vacuum(spectrum.wavelength)
    else:
        note = "The file does not say whether its wavelengths are in air or vacuum; vacuum was assumed."
        wavelength = spectrum.wavelength
    return replace(spectrum, wavelength=wavelength, wavelength_medium="vacuum", notes=(*spectrum.notes, note))
