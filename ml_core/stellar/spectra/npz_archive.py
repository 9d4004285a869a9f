"""Arrays of a NumPy archive from outside: sizes are checked before memory is taken, and nothing is unpickled."""

from __future__ import annotations

import io
import math
import struct
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.data.zip_directory import count_members
from ml_core.errors import FormatError

_MAX_MEMBERS: Final = 100
_MAX_BYTES: Final = 64 << 20
_FAULTS: Final = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, ValueError, OSError, struct.error,
                  RuntimeError, TypeError, SyntaxError)  # fmt: skip


def read_arrays(path: Path, wanted: Collection[str]) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """The arrays whose names in capitals are ``wanted``, flat, and the names of all members.

    Raises:
        FormatError: ``spectrum.missing`` or ``spectrum.not_fits`` when it is no archive, damaged, too large, or an
            array is of objects.
    """
    try:
        with path.open("rb") as stream:
            if count_members(stream, _MAX_MEMBERS) > _MAX_MEMBERS:
                raise ValueError("too many arrays")
            with zipfile.ZipFile(stream) as packed:
                names = [info.filename.removesuffix(".npy") for info in packed.infolist()]
                arrays = {}
                for info, name in zip(packed.infolist(), names, strict=True):
                    if name.upper() in wanted:
                        if info.file_size > _MAX_BYTES:
                            raise ValueError("too large")
                        arrays[name.upper()] = _array(packed.read(info))
    except FileNotFoundError as error:
        raise FormatError("The spectrum file is missing or cannot be opened.", code="spectrum.missing",
                          hint="Bring the file back, or import the survey again.",
                          where=path.name) from error  # fmt: skip
    except (*_FAULTS, FormatError) as error:
        raise FormatError("The .npz file cannot be read.", code="spectrum.not_fits",
                          hint="Save plain arrays of numbers again with numpy.savez.",
                          where=path.name) from error  # fmt: skip
    return arrays, names


def _array(content: bytes) -> NDArray[Any]:
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, kind = read_header(stream)
    if kind.kind not in "fiu":
        raise ValueError("not of numbers")
    count = math.prod(shape)
    if count * kind.itemsize > len(content) - stream.tell():
        raise ValueError("cut short")
    return np.frombuffer(content, kind, count, stream.tell())
