"""The uploaded files of a survey: a catalogue, spectra, images, or zips of them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cvstudio.datasets.services.receive_files import FilesUpload
from ml_core.data.archive import ArchiveLimits
from ml_core.errors import FormatError
from ml_core.stellar.spectra.fits_table import read_tables
from ml_core.stellar.spectra.names import parse_spectrum_file
from ml_core.stellar.survey import IMAGES_FOLDER, SPECTRA_FOLDER
from stellar.errors import StellarError
from stellar.storage import new_upload_folder

TABLES: Final = frozenset({".csv", ".tsv", ".txt", ".vot", ".votable", ".xml", ".ecsv"})
SPECTRA: Final = frozenset({".fits", ".fit", ".npz"})
IMAGES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})


class SurveyUpload(FilesUpload):
    """Files of one survey on their way to a fresh folder."""

    noun = "survey"
    suffixes = TABLES | SPECTRA | IMAGES | {".zip"}
    brings = "Bring a catalogue (.csv, .vot, .fits, .ecsv), spectra (.fits), images, or a zip."
    #: A survey of more files comes as a zip.
    max_files = 100

    def __init__(self, declared_bytes: int | None = None) -> None:
        super().__init__(new_upload_folder(), declared_bytes)

    def finish(self) -> dict[str, str]:
        """Sort the files and say what the import is to read: values for ``stellar.import``.

        One zip alone is unpacked by the import itself, which reports its progress.

        Raises:
            CodedError: Nothing came.
            StellarError: There is no catalogue among the files, or more than one.
            UnsafeFileError: An archive could do harm.
            FormatError: An archive is damaged.
        """
        self.check()
        if self.names == self.zips() and len(self.names) == 1:
            return {"source": str(self.folder / self.names[0])}
        self.unpack(ArchiveLimits().max_members)
        catalogue = _catalogue_of(self.folder)
        for kind, suffixes in ((SPECTRA_FOLDER, SPECTRA), (IMAGES_FOLDER, IMAGES)):
            _gather(self.folder, catalogue, kind, suffixes)
        return {"catalogue": str(catalogue), "spectra": str(self.folder / SPECTRA_FOLDER),
                "images": str(self.folder / IMAGES_FOLDER)}  # fmt: skip


def _catalogue_of(folder: Path) -> Path:
    """The one table of stars among the files."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    found = [path for path in files if path.suffix.lower() in TABLES] or [path for path in files if _is_catalogue(path)]
    named = [path for path in found if path.stem.lower() == "objects"]
    if len(found) > 1 and len(named) != 1:
        raise StellarError(f"There are {len(found)} tables: which is the catalogue?", code="survey.two_catalogues",
                           hint="Send one, or name it objects.csv.", where=found[1].name)  # fmt: skip
    if not found:
        raise StellarError("There is no catalogue among the files.", code="survey.no_catalogue", where="file",
                           hint="Send objects.csv (name, ra, dec, plate, mjd, fiberID ...) with them.")  # fmt: skip
    return named[0] if len(found) > 1 else found[0]


def _is_catalogue(path: Path) -> bool:
    """Whether a FITS file is a table of many stars, and not the spectrum of one."""
    if path.suffix.lower() not in (".fits", ".fit") or parse_spectrum_file(path.name):
        return False
    try:
        tables = read_tables(path).tables
    except FormatError:
        return False
    columns = [{name.upper() for name in table.columns} for table in tables]
    is_spectrum = any({"LOGLAM", "WAVELENGTH", "LAMBDA", "WAVE"} & names for names in columns)
    return not is_spectrum and any({"PLATE", "PLATEID"} & names and "MJD" in names for names in columns)


def _gather(folder: Path, catalogue: Path, kind: str, suffixes: frozenset[str]) -> None:
    """Bring files of one kind into one folder. Of equal names the first is the one that counts."""
    target = folder / kind
    found = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix.lower() in suffixes]
    target.mkdir(exist_ok=True)
    for path in found:
        place = target / path.name
        if path != catalogue and path != place and not place.exists():
            path.rename(place)
