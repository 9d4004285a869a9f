"""What a reader makes of a file: its arrays, and what it tells about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_core.errors import FormatError
from ml_core.hsi.formats.stored import StoredArray
from ml_core.hsi.scene import Georeference


@dataclass(frozen=True)
class FileFacts:
    """What a file tells besides its arrays.

    Attributes:
        name: Name of the scene; empty when the file has none.
        sensor: Name of the sensor; empty when unknown.
        wavelengths: (B,) in nanometres, or None.
        bad_bands: (B,) bool, True where the file calls a band bad; or None.
        georeference: Place on the ground, or None.
        nodata: Value that stands for "not measured", or None.
        evidence: Sentences about what was understood, guessed or repaired in the header.
        warnings: Sentences about what is likely not meant.
    """

    name: str = ""
    sensor: str = ""
    wavelengths: NDArray[np.float64] | None = None
    bad_bands: NDArray[np.bool_] | None = None
    georeference: Georeference | None = None
    nodata: float | None = None
    evidence: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class SceneFile:
    """A file that was looked into.

    Attributes:
        path: Where it lies.
        format: ``npy``, ``npz``, ``mat5``, ``mat73``, ``envi`` or ``geotiff``.
        arrays: What it holds, in the file's order.
        facts: What it tells about them.
        fixed_axes: The format itself says that a cube's axes are rows, columns, bands.
        parts: Files that belong to it, itself included.
    """

    path: Path
    format: str
    arrays: tuple[StoredArray, ...]
    facts: FileFacts = field(default_factory=FileFacts)
    fixed_axes: bool = False
    parts: tuple[Path, ...] = ()

    def array(self, key: str) -> StoredArray:
        """The array called ``key``.

        Raises:
            FormatError: There is none; the hint names those that are there.
        """
        for stored in self.arrays:
            if stored.key == key:
                return stored
        names = ", ".join(f'"{stored.key}"' for stored in self.arrays[:20]) or "none"
        raise FormatError(f'The file has no array "{key}".', code="hsi.key_unknown", where=self.path.name,
                          hint=f"Its arrays: {names}.")  # fmt: skip


Reader = Callable[[Path], SceneFile]

_SIGNATURE_BYTES = 600
_HDF5 = b"\x89HDF\r\n\x1a\n"


def open_file(path: Path) -> SceneFile:
    """Look into a file. The format follows from its first bytes, not from its name.

    Args:
        path: A ``.npy``, ``.npz``, ``.mat``, ENVI (header or data) or GeoTIFF file.

    Raises:
        FormatError: ``hsi.unknown_format``, or it is damaged.
        UnsafeFileError: It could do harm.
    """
    try:
        with path.open("rb") as stream:
            start = stream.read(_SIGNATURE_BYTES)
    except OSError as error:
        raise FormatError(f"The file cannot be opened: {error.strerror}.", code="hsi.unreadable",
                          hint="Check the path.", where=path.name) from error  # fmt: skip
    reader = _reader_for(path, start)
    if reader is None:
        raise FormatError(
            "The file is in none of the formats that can be read.", code="hsi.unknown_format", where=path.name,
            hint="Bring .npz, .npy, .mat (version 5 or 7.3), ENVI (.hdr with its data file) or GeoTIFF.",
        )  # fmt: skip
    return reader(path)


def is_scene_file(path: Path) -> bool:
    """Whether some reader takes the file, judged by its first bytes."""
    try:
        with path.open("rb") as stream:
            return _reader_for(path, stream.read(_SIGNATURE_BYTES)) is not None
    except OSError:
        return False


def _reader_for(path: Path, start: bytes) -> Reader | None:
    # The libraries behind the formats are imported when a file needs them: rasterio alone takes half a second.
    if start.startswith(b"\x93NUMPY"):
        from ml_core.hsi.formats.npy import read_npy

        return read_npy
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        from ml_core.hsi.formats.npz_archive import read_npz

        return read_npz if path.suffix.lower() != ".zip" else None
    if start.startswith(_HDF5) or start[512:520] == _HDF5:
        from ml_core.hsi.formats.mat73 import read_mat73

        return read_mat73
    if start[124:126] in (b"\x00\x01", b"\x01\x00") and start[126:128] in (b"IM", b"MI"):
        from ml_core.hsi.formats.mat5 import read_mat5

        return read_mat5
    if start.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        from ml_core.hsi.formats.geotiff import read_geotiff

        return read_geotiff
    from ml_core.hsi.formats.envi import header_beside, read_envi

    if (path.suffix.lower() == ".hdr" and start.startswith(b"ENVI")) or header_beside(path) is not None:
        return read_envi
    return None


def text_value(array: NDArray[Any]) -> str:
    """The text in an array of one string; empty when there is none."""
    return " ".join(str(array.reshape(-1)[0]).split())[:200] if array.size == 1 and array.dtype.kind == "U" else ""
