"""A survey of simulated stars in the layout of the specification: what a fresh machine shows, and what tests use.

Simulated files say so: ``SIMULATD = T`` in the header, plates below 266 (real ones begin there), MJD above 60000.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from ml_core.run.files import write_atomic
from ml_core.stellar.images.composite import save_jpeg
from ml_core.stellar.images.reading import image_file
from ml_core.stellar.simulated_image import compose, simulate_bands
from ml_core.stellar.simulated_spectrum import LOGLAM, SimulatedSpectrum, simulate_spectrum
from ml_core.stellar.spectra.fits_writer import CardValue, fits_bytes
from ml_core.stellar.spectra.names import spectrum_file
from ml_core.stellar.spectra.spectrum import BANDS
from ml_core.stellar.spectra.subclass import CLASSES
from ml_core.stellar.spectra.wavelengths import SPEED_OF_LIGHT

COLUMNS: Final = ("name", "ra", "dec", "plate", "mjd", "fiberID", "subclass", *(f"{band}_mag" for band in BANDS))
TRUTH_FILE: Final = "truth.csv"
_FIRST_PLATE: Final = 100
_FIBERS: Final = 640
_FLAWS: Final = ("several_sources", "off_centre", "noisy", "saturated", "cut_off")
_FLAWED_PART: Final = 0.1


def simulate_survey(
    folder: Path, stars: int = 100, seed: int = 0, *, images: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> None:  # fmt: skip
    """Write ``objects.csv``, ``spectra/M?/``, ``images/M?/`` and ``truth.csv`` (what an observer would not know).

    Star ``i`` is the same whatever the number of stars. The classes come in turn; 40 % of the stars have S/N < 5.

    Args:
        folder: Made where it does not exist.
        stars: At most 100,000.
        seed: Decides everything.
        images: Whether to make pictures.
        progress: Called with (stars written, stars in all).
    """
    for name in CLASSES:
        for kind in ("spectra", "images") if images else ("spectra",):
            (folder / kind / name).mkdir(parents=True, exist_ok=True)
    rows, truth = [], []
    for index in range(stars):
        rng = np.random.default_rng([seed, index])
        label = index % len(CLASSES)
        spectrum = simulate_spectrum(rng, label + float(rng.uniform(-0.5, 0.5)), _draw_sn(rng))
        row = _row(rng, index, seed, label, spectrum)
        path = (
            folder / "spectra" / CLASSES[label] / spectrum_file(int(row["plate"]), int(row["mjd"]), int(row["fiberID"]))
        )
        path.write_bytes(spectrum_bytes(spectrum, row))
        flags: tuple[str, ...] = ()
        if images:
            flags = (str(rng.choice(_FLAWS)),) if rng.random() < _FLAWED_PART else ()
            pixels = compose(simulate_bands(rng, spectrum.magnitudes, flags))
            save_jpeg(pixels, folder / "images" / CLASSES[label] / image_file(str(row["name"])))
        rows.append(row)
        truth.append({"name": row["name"], "type": f"{spectrum.kind:.4f}", "velocity": f"{spectrum.velocity:.2f}",
                      "sn": f"{spectrum.sn:.3f}", "image_flags": "|".join(flags)})  # fmt: skip
        if progress is not None:
            progress(index + 1, stars)
    _write_csv(folder / "objects.csv", COLUMNS, rows)
    _write_csv(folder / TRUTH_FILE, ("name", "type", "velocity", "sn", "image_flags"), truth)


def spectrum_bytes(spectrum: SimulatedSpectrum, row: dict[str, str]) -> bytes:
    """A file in the layout of SDSS's lite spectra, with the columns that matter here."""
    plate, mjd, fiber = int(row["plate"]), int(row["mjd"]), int(row["fiberID"])
    header: dict[str, CardValue] = {
        "TELESCOP": "SDSS 2.5-M", "VERS2D": "v5_13_0", "ORIGIN": "CV Studio", "SIMULATD": True, "PLATEID": plate,
        "MJD": mjd, "FIBERID": fiber, "PLUG_RA": float(row["ra"]), "PLUG_DEC": float(row["dec"]), "VACUUM": True,
        "COEFF0": float(LOGLAM[0]), "COEFF1": 1e-4, "BUNIT": "1E-17 erg/cm^2/s/Ang",
    }  # fmt: skip
    blank = np.zeros(LOGLAM.size, np.float32)
    coadd = {
        "flux": spectrum.flux, "loglam": LOGLAM.astype(np.float32), "ivar": spectrum.ivar,
        "and_mask": spectrum.and_mask, "or_mask": spectrum.and_mask, "wdisp": blank + 1, "sky": blank, "model": blank,
    }  # fmt: skip
    fluxes = [10 ** (-0.4 * (spectrum.magnitudes[band] - 22.5)) for band in BANDS]
    facts = {
        "SPECOBJID": np.array([row["name"].encode().rjust(22)]), "PLATE": np.array([plate], np.int32),
        "MJD": np.array([mjd], np.int32), "FIBERID": np.array([fiber], np.int32), "CLASS": np.array([b"STAR  "]),
        "SUBCLASS": np.array([row["subclass"].encode().ljust(21)]),
        "Z": np.array([spectrum.velocity / SPEED_OF_LIGHT], np.float32), "Z_ERR": np.array([3e-5], np.float32),
        "SN_MEDIAN_ALL": np.array([spectrum.sn], np.float32), "SPECTROFLUX": np.array([fluxes], np.float32),
    }  # fmt: skip
    return fits_bytes(header, [("COADD", coadd), ("SPECOBJ", facts)])


def _draw_sn(rng: np.random.Generator) -> float:
    """S/N as the specification has it, 0 to 94: 40 % below 5, the others evenly in the logarithm."""
    if rng.random() < 0.4:
        return float(rng.uniform(0.5, 5.0))
    return float(math.exp(rng.uniform(math.log(5.0), math.log(94.0))))


def _row(rng: np.random.Generator, index: int, seed: int, label: int, spectrum: SimulatedSpectrum) -> dict[str, str]:
    plate, fiber, mjd = _FIRST_PLATE + index // _FIBERS, index % _FIBERS + 1, 60_001 + seed % 5_000
    name = plate << 50 | fiber << 38 | (mjd - 50_000) << 24  # as a specObjID, beyond 2^53
    return {
        "name": str(name), "ra": f"{rng.uniform(110, 260):.6f}",
        "dec": f"{math.degrees(math.asin(rng.uniform(0, 0.9))):.6f}", "plate": str(plate), "mjd": str(mjd),
        "fiberID": str(fiber), "subclass": CLASSES[label],
        **{f"{band}_mag": f"{spectrum.magnitudes[band]:.5f}" for band in BANDS},
    }  # fmt: skip


def _write_csv(path: Path, columns: tuple[str, ...], rows: list[dict[str, str]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_atomic(path, text.getvalue().encode())
