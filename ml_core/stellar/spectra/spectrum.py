"""A spectrum in memory: the one form that every reader gives and everything else takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

WavelengthMedium = Literal["vacuum", "air", "unknown"]

#: Bands of the five SDSS magnitudes, in the order of every magnitude array.
BANDS: Final = ("u", "g", "r", "i", "z")


@dataclass(frozen=True)
class Spectrum:
    """Flux against wavelength with what is known about the star.

    Attributes:
        wavelength: (n,) in Angstrom, rising.
        flux: (n,) flux density; for SDSS in 1e-17 erg / (s cm2 A). 0 where the file holds no number.
        ivar: (n,) inverse variance of ``flux``; 0 where the pixel cannot be used.
        mask: (n,) true where the pixel cannot be used. This is ``ivar == 0`` and not ``and_mask != 0``: SDSS sets
            warning bits in ``and_mask`` on half of the pixels of its best spectra.
        and_mask: (n,) SDSS warning bits, set in all exposures; empty where the file has none.
        wavelength_medium: What the wavelengths are measured in. SDSS says vacuum.
        sn_median: Median of flux x sqrt(ivar) over the usable pixels, measured here.
        sn_pipeline: ``SN_MEDIAN_ALL`` of the file, or NaN. For a single exposure it is that of the sum.
        name: specObjID as a string: it exceeds 2^53.
        plate: 0 where unknown, as ``mjd`` and ``fiber``.
        mjd: Modified Julian day.
        fiber: Number of the fibre.
        ra: Degrees (J2000), or NaN.
        dec: Degrees, or NaN.
        z: Redshift by the pipeline, or NaN.
        z_err: Its error, or NaN.
        spec_class: ``STAR``, ``GALAXY``, ``QSO`` or empty.
        subclass: As the file writes it: ``M1``, ``M1 (204445)``, ``M6III (148783)``.
        magnitudes: (5,) AB magnitudes u, g, r, i, z of the file; NaN where there is none.
        flux_unit: As the file writes it.
        layout: Name of the file's layout.
        notes: Sentences about what was repaired or assumed.
    """

    wavelength: NDArray[np.float64]
    flux: NDArray[np.float32]
    ivar: NDArray[np.float32]
    mask: NDArray[np.bool_]
    and_mask: NDArray[np.int32]
    wavelength_medium: WavelengthMedium
    sn_median: float
    magnitudes: NDArray[np.float64]
    sn_pipeline: float = float("nan")
    name: str = ""
    plate: int = 0
    mjd: int = 0
    fiber: int = 0
    ra: float = float("nan")
    dec: float = float("nan")
    z: float = float("nan")
    z_err: float = float("nan")
    spec_class: str = ""
    subclass: str = ""
    flux_unit: str = "1E-17 erg/cm^2/s/Ang"
    layout: str = ""
    notes: tuple[str, ...] = ()
