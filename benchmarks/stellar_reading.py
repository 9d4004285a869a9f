"""Reading SDSS spectra: ours against specutils, with equal values; then whole stars into arrays.

Reads the real files of ../shared/data/stellar where they are, and simulated ones otherwise. Prints the ratio to
specutils told the format (its best) and left to recognise it (its usual use), and exits with 1 when ours is less than
10 times as fast as the faster of the two, or a value differs.
"""

from __future__ import annotations

import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ml_core.stellar.simulate import simulate_survey
from ml_core.stellar.spectra.sdss import read_spectrum
from ml_core.stellar.survey import open_survey

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "stellar"
FORMAT = "SDSS-III/IV spec"
WANTED = 10.0
REPEATS = 5


def main() -> int:
    """Compare, then measure a survey."""
    with tempfile.TemporaryDirectory(prefix="cvs-bench-") as folder:
        survey = Path(folder) / "survey"
        started = time.perf_counter()
        simulate_survey(survey, 100)
        print(f"simulate 100 stars with pictures    {time.perf_counter() - started:8.2f} s")
        files = sorted(SHARED.glob("spectra*/**/spec-*.fits")) or sorted(survey.glob("spectra/*/*.fits"))[:20]
        ratio, is_equal = compare(files)
        measure_survey(survey, Path(folder) / "cache")
    return int(ratio < WANTED or not is_equal)


def compare(files: list[Path]) -> tuple[float, bool]:
    """Ratio to the faster way of specutils, and whether all values are equal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from specutils import Spectrum

        ours = seconds(files, read_spectrum)
        told = seconds(files, lambda path: Spectrum.read(str(path), format=FORMAT))
        usual = seconds(files[:3], lambda path: Spectrum.read(str(path)))
        is_equal = all(equal(path, Spectrum.read(str(path), format=FORMAT)) for path in files)
    print(f"{len(files)} files, a spectrum: ours              {ours * 1e3:8.2f} ms")
    print(f"    specutils, told the format      {told * 1e3:8.2f} ms, {told / ours:6.1f} times ours (>= {WANTED:.0f})")
    print(f"    specutils, recognising it       {usual * 1e3:8.2f} ms, {usual / ours:6.1f} times ours")
    print(f"    values equal: {is_equal}")
    return min(told, usual) / ours, is_equal


def seconds(files: list[Path], read: Callable[[Path], Any]) -> float:
    """Seconds for a file: the best of several passes over all, after one that warms the disk's cache."""
    passes = []
    for _ in range(REPEATS + 1):
        started = time.perf_counter()
        for path in files:
            read(path)
        passes.append((time.perf_counter() - started) / len(files))
    return min(passes[1:])


def equal(path: Path, theirs: Any) -> bool:
    """Flux and inverse variance to the bit where both are numbers, wavelengths to single precision."""
    ours = read_spectrum(path)
    ivar = np.asarray(theirs.uncertainty.array, np.float32)
    return bool(
        np.array_equal(ours.flux, np.asarray(theirs.flux.value, np.float32))
        and np.array_equal(ours.ivar, np.where(np.isfinite(ivar) & (ivar > 0), ivar, 0))
        and np.allclose(ours.wavelength, theirs.spectral_axis.value, rtol=1e-6, atol=0)
    )


def measure_survey(folder: Path, cache: Path) -> None:
    """Print what a survey costs the first time and every other time."""
    for title in ("first", "again"):
        started = time.perf_counter()
        arrays = open_survey(folder).arrays(cache)
        spent = (time.perf_counter() - started) / len(arrays["name"])
        print(f"arrays of a survey, {title}: {spent * 1e3:15.2f} ms a star")


if __name__ == "__main__":
    sys.exit(main())
