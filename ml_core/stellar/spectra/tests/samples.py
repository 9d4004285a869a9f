"""Small SDSS-like files, whole and broken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ml_core.stellar.spectra.fits_writer import CardValue, fits_bytes

LOGLAM = 3.58 + 1e-4 * np.arange(3838)
NAME = "5682674213417840640"


def columns(seed: int = 0, **changes: Any) -> dict[str, np.ndarray]:
    """A COADD table; ``changes`` replace columns."""
    rng = np.random.default_rng(seed)
    flux = 20 + 5 * np.sin(LOGLAM * 50) + rng.normal(size=LOGLAM.size)
    made = {
        "flux": flux.astype(np.float32), "loglam": LOGLAM.astype(np.float32),
        "ivar": rng.uniform(0.5, 2, LOGLAM.size).astype(np.float32),
        "and_mask": rng.integers(0, 2, LOGLAM.size).astype(np.int32) << 24,
    }  # fmt: skip
    return {**made, **changes}


def facts(**changes: Any) -> dict[str, np.ndarray]:
    """A SPECOBJ table as in BOSS files: the identifier is a 64-bit integer."""
    made = {
        "PLATE": np.array([5047], np.int32), "MJD": np.array([55833], np.int32), "FIBERID": np.array([936], np.int32),
        "CLASS": np.array([b"STAR  "]), "SUBCLASS": np.array([b"M1 (204445)".ljust(21)]),
        "Z": np.array([-1.9e-4], np.float32), "Z_ERR": np.array([9e-6], np.float32),
        "SN_MEDIAN_ALL": np.array([48.5], np.float32), "SPECOBJID": np.array([int(NAME)], np.int64),
        "PSFMAG": np.array([[20.8, 18.1, 16.7, 16.0, -9999.0]], np.float32),
    }  # fmt: skip
    return {**made, **changes}


def header(**changes: CardValue) -> dict[str, CardValue]:
    return {"TELESCOP": "SDSS 2.5-M", "VERS2D": "v5_7_0", "PLATEID": 1, "MJD": 2, "FIBERID": 3, "PLUG_RA": 335.22523,
            "PLUG_DEC": 12.05867, "VACUUM": True, "BUNIT": "1E-17 erg/cm^2/s/Ang", **changes}  # fmt: skip


def spec(path: Path, coadd: dict[str, np.ndarray] | None = None, about: dict[str, np.ndarray] | None = None,
         **cards: CardValue) -> Path:  # fmt: skip
    """Write a whole file."""
    tables = [("COADD", coadd or columns()), ("SPALL", about or facts())]
    path.write_bytes(fits_bytes(header(**cards), tables))
    return path
