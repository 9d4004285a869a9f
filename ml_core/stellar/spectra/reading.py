"""One door for spectra of any layout: SDSS by the fast reader, others by what they say about themselves."""

from __future__ import annotations

from pathlib import Path

from ml_core.errors import FormatError
from ml_core.stellar.spectra.sdss import read_spectrum
from ml_core.stellar.spectra.spectrum import Spectrum


def read_any_spectrum(path: Path | str) -> Spectrum:
    """Read a spectrum: SDSS, a FITS table with named columns, an ``.npz`` of arrays, or what specutils knows.

    Raises:
        FormatError: As `read_spectrum`, or ``spectrum.unknown_format`` with what the file holds.
    """
    path = Path(path)
    if path.suffix.lower() != ".npz":
        try:
            return read_spectrum(path)
        except FormatError as error:
            if error.code != "spectrum.no_coadd":
                raise
    from ml_core.stellar.spectra.other import read_other

    return read_other(path)
