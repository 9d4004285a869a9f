"""NumPy's own format: a header with type, order and shape, then the plain bytes. Always mapped.

Format: NumPy enhancement proposal 1. ``np.load`` is not used, because what it checks comes after it has allocated.
"""

from __future__ import annotations

import math
import tokenize
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import numpy as np

from ml_core.errors import FormatError
from ml_core.hsi.formats.scene_file import SceneFile
from ml_core.hsi.formats.stored import MappedArray, number_refusal, truncated

# A header is a Python literal; NumPy lets through whatever its tokenizer and parser raise.
_FAULTS: Final = (
    ValueError, TypeError, SyntaxError, tokenize.TokenError, RecursionError, MemoryError, EOFError, OverflowError,
)  # fmt: skip


@dataclass(frozen=True)
class NpyHeader:
    """Shape, order and type of an array, and how many bytes the header itself takes."""

    shape: tuple[int, ...]
    is_fortran: bool
    dtype: np.dtype[Any]
    size: int

    @property
    def data_bytes(self) -> int:
        """Bytes that must follow."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_header(stream: IO[bytes], where: str) -> NpyHeader:
    """Read the header at the start of ``stream``, which then stands at the first value.

    Raises:
        FormatError: It is no such header, or declares what cannot be.
    """
    try:
        version = np.lib.format.read_magic(stream)
        if version == (1, 0):
            shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(stream)
        else:  # 3.0 differs from 2.0 in the alphabet of record names alone, and records are refused
            shape, is_fortran, dtype = np.lib.format.read_array_header_2_0(stream)
    except _FAULTS as error:
        raise FormatError("The header of the array cannot be read.", code="hsi.damaged", where=where,
                          hint="Save the array again with numpy.save.") from error  # fmt: skip
    if any(length < 0 for length in shape):
        raise FormatError("The header of the array declares a negative length.", code="hsi.damaged", where=where,
                          hint="Save the array again with numpy.save.")  # fmt: skip
    return NpyHeader(tuple(int(length) for length in shape), bool(is_fortran), dtype, stream.tell())


def read_npy(path: Path) -> SceneFile:
    """Look into a ``.npy`` file."""
    with path.open("rb") as stream:
        header = read_header(stream, path.name)
    refusal = number_refusal(header.dtype, "The file")
    if not refusal and header.size + header.data_bytes > path.stat().st_size:
        raise truncated(path.name)
    array = MappedArray(path, "", header.shape, header.dtype, offset=header.size, is_fortran=header.is_fortran,
                        refusal=refusal)  # fmt: skip
    return SceneFile(path, "npy", (array,), parts=(path,))
