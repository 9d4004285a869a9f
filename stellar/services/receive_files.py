"""Take the files of a survey from a client piece by piece: a catalogue, spectra, pictures, or zips of them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import BinaryIO, Final

from django.conf import settings

from cvstudio.datasets.errors import UploadTooLargeError
from cvstudio.datasets.services.receive_upload import RESERVE_BYTES, refuse_large
from ml_core.data.archive import ArchiveLimits, extract_zip
from ml_core.errors import CodedError, FormatError
from ml_core.stellar.spectra.fits_table import read_tables
from ml_core.stellar.spectra.names import parse_spectrum_file
from ml_core.stellar.survey import IMAGES_FOLDER, SPECTRA_FOLDER
from stellar.errors import StellarError
from stellar.storage import new_upload_folder

#: What one form may hold; a survey of more files comes as a zip.
MAX_FILES: Final = 100
TABLES: Final = frozenset({".csv", ".tsv", ".txt", ".vot", ".votable", ".xml", ".ecsv"})
SPECTRA: Final = frozenset({".fits", ".fit", ".npz"})
PICTURES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})
_ZIP: Final = ".zip"


class SurveyUpload:
    """Files on their way to a fresh folder. What no service keeps is removed by `discard`.

    Spectra and pictures find their stars by their names, so the names are kept as far as they are plain; nothing of a
    name decides where a file lies.
    """

    def __init__(self, declared_bytes: int | None = None) -> None:
        self.folder = new_upload_folder()
        self.label = ""
        self.names: list[str] = []
        self.received = 0
        self.kept = False
        self._declared = declared_bytes
        self._stream: BinaryIO | None = None

    def begin(self, client_name: str) -> None:
        """A file begins.

        Raises:
            StellarError: Its name ends like nothing that a survey is made of, or there are too many files.
            UploadTooLargeError: The client announces more than `MAX_UPLOAD_SIZE`.
            CodedError: ``disk.full``.
        """
        self.end()
        name = plain_name(client_name)
        if Path(name).suffix.lower() not in TABLES | SPECTRA | PICTURES | {_ZIP}:
            raise StellarError(
                f"A survey is not made of {Path(name).suffix[:20] or 'unnamed'} files.", code="upload.suffix",
                where="file", hint="Bring a catalogue (.csv, .vot, .fits, .ecsv), spectra (.fits), images, or a zip.",
            )  # fmt: skip
        if len(self.names) >= MAX_FILES:
            raise StellarError("These are too many files at once.", code="upload.too_many_files", where="file",
                               hint=f"At most {MAX_FILES}; pack them as a zip.")  # fmt: skip
        if not self.names:
            self._make_folder()
        name = free_name(name, self.names)
        self.label = self.label or Path(client_name.replace("\\", "/")).stem
        self.names.append(name)
        self._stream = (self.folder / name).open("xb")

    def write(self, piece: bytes) -> None:
        """Take the next piece of the file.

        Raises:
            UploadTooLargeError: More than `MAX_UPLOAD_SIZE` came in all.
        """
        assert self._stream is not None
        self.received += len(piece)
        if self.received > settings.MAX_UPLOAD_SIZE:
            raise UploadTooLargeError(
                f"An upload may have at most {settings.MAX_UPLOAD_SIZE:,} bytes.", where="file",
                hint="Have the folder registered on the server instead.",
            )  # fmt: skip
        self._stream.write(piece)

    def end(self) -> None:
        """The file is whole."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def finish(self) -> dict[str, str]:
        """Sort the files and say what the import is to read: values for ``stellar.import``.

        One zip alone is unpacked by the import itself, which reports its progress.

        Raises:
            CodedError: Nothing came.
            StellarError: There is no catalogue among the files, or more than one.
            UnsafeFileError: An archive could do harm.
            FormatError: An archive is damaged.
        """
        self.end()
        if not self.names or not self.received:
            raise CodedError("The upload is empty.", code="upload.empty", hint="Choose the files of a survey.",
                             where="file")  # fmt: skip
        if len(self.names) == 1 and self.names[0].lower().endswith(_ZIP):
            return {"source": str(self.folder / self.names[0])}
        self._unpack()
        catalogue = _catalogue_of(self.folder)
        for kind, suffixes in ((SPECTRA_FOLDER, SPECTRA), (IMAGES_FOLDER, PICTURES)):
            _gather(self.folder, catalogue, kind, suffixes)
        return {"catalogue": str(catalogue), "spectra": str(self.folder / SPECTRA_FOLDER),
                "images": str(self.folder / IMAGES_FOLDER)}  # fmt: skip

    def discard(self) -> None:
        """Remove what came."""
        self.end()
        self.kept = False
        shutil.rmtree(self.folder, ignore_errors=True)

    def _unpack(self) -> None:
        limits = ArchiveLimits(max_total_bytes=8 * settings.MAX_UPLOAD_SIZE)
        for name in self.names:
            if name.lower().endswith(_ZIP):
                archive = self.folder / name
                extract_zip(archive, self.folder / f"{archive.stem}-unpacked", limits=limits)
                archive.unlink()

    def _make_folder(self) -> None:
        refuse_large(self._declared)
        parent = self.folder.parent
        parent.mkdir(parents=True, exist_ok=True)
        if (self._declared or 0) + RESERVE_BYTES > shutil.disk_usage(parent).free:
            raise CodedError("There is not enough free disk space for this upload.", code="disk.full",
                             hint="Delete what is no longer needed, then try again.")  # fmt: skip
        self.folder.mkdir()


def plain_name(client_name: str) -> str:
    """A client's file name without folders, and with nothing but letters, digits, dots, dashes and underscores."""
    last = client_name.replace("\\", "/").rpartition("/")[2]
    path = Path(re.sub(r"[^A-Za-z0-9._+-]+", "_", last).lstrip("._-") or "file")
    return f"{path.stem[:80]}{path.suffix[:20]}"


def free_name(name: str, taken: list[str]) -> str:
    """The name, or one with a number where another file has it."""
    known = {other.lower() for other in taken}
    path, number = Path(name), 2
    while name.lower() in known:
        name, number = f"{path.stem}-{number}{path.suffix}", number + 1
    return name


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
