"""One array in a file: known by its header, mapped where the file allows it, read in pieces where not."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.errors import CodedError, FormatError, UnsafeFileError

#: Arrays that cannot be mapped are read whole up to this size; larger ones need an import, which goes through the disk.
MAX_LOADED_BYTES: Final = 4 << 30

#: An inspection must stay quick, so it looks into packed arrays up to this size only.
MAX_INSPECTED_BYTES: Final = 256 << 20

_MAX_RATIO: Final = 200.0
_RATIO_FLOOR_BYTES: Final = 64 << 20
_BLOCK_BYTES: Final = 64 << 20

Progress = Callable[[int, int], None]


class StoredArray(ABC):
    """An array that lies in a file.

    Attributes:
        key: Its name in the file; empty where a file holds one array.
        shape: Lengths of its axes as the file's users see them.
        dtype: Type of its values.
        refusal: A sentence why it cannot be read; empty when it can.
        is_fortran: Whether the first axis varies fastest.
    """

    def __init__(
        self, key: str, shape: tuple[int, ...], dtype: np.dtype[Any], *, refusal: str = "", is_fortran: bool = False
    ) -> None:
        self.key, self.shape, self.dtype, self.refusal, self.is_fortran = key, shape, dtype, refusal, is_fortran
        self._opened: NDArray[Any] | None = None

    @property
    def nbytes(self) -> int:
        """Bytes that it takes in memory."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def is_mappable(self) -> bool:
        """Whether it can be used without reading or copying it."""
        return False

    def mapped(self) -> NDArray[Any]:
        """The array mapped from the file; only where `is_mappable`."""
        raise NotImplementedError

    @abstractmethod
    def fill(self, target: NDArray[Any], progress: Progress | None = None) -> None:
        """Read all of it into ``target``, which has the same shape, type and order of axes.

        Raises:
            FormatError: The file ends early or is damaged.
        """

    def open(self) -> NDArray[Any]:
        """The array, mapped or read whole; the same object at each call.

        Raises:
            FormatError: It cannot be read, or is too large to be read whole.
        """
        if self._opened is None:
            self.refuse_unreadable()
            if self.is_mappable:
                self._opened = self.mapped()
            else:
                self._refuse_large()
                array = np.empty(self.shape, self.dtype, order="F" if self.is_fortran else "C")
                self.fill(array)
                self._opened = array
        return self._opened

    def spool(self, path: Path, progress: Progress | None = None) -> NDArray[Any]:
        """Write it to the new ``.npy`` file ``path`` piece by piece and map that."""
        self.refuse_unreadable()
        array = np.lib.format.open_memmap(
            path, mode="w+", dtype=self.dtype, shape=self.shape, fortran_order=self.is_fortran
        )
        self.fill(array, progress)
        array.flush()
        return array

    def refuse_unreadable(self) -> None:
        """Raise the refusal as an error where there is one."""
        if self.refusal:
            raise FormatError(self.refusal, code="hsi.array_refused", where=self.key,
                              hint="Save it as a plain array of numbers.")  # fmt: skip

    def _refuse_large(self) -> None:
        if self.nbytes > MAX_LOADED_BYTES:
            raise CodedError(
                f'The array "{self.key}" takes {self.nbytes / 1e9:,.1f} GB and is packed, so it cannot be mapped.',
                code="hsi.too_large", where=self.key,
                hint="Import the scene first: the import copies it piece by piece into a form that is mapped.",
            )  # fmt: skip


class MappedArray(StoredArray):
    """An array that lies in a file as plain bytes."""

    def __init__(
        self, path: Path, key: str, shape: tuple[int, ...], dtype: np.dtype[Any], *,
        offset: int, is_fortran: bool = False, refusal: str = "",
    ) -> None:  # fmt: skip
        super().__init__(key, shape, dtype, refusal=refusal, is_fortran=is_fortran)
        self.path, self.offset = path, offset

    @property
    def is_mappable(self) -> bool:
        """Always, save for arrays without any value, which no file can be mapped to."""
        return math.prod(self.shape) > 0

    def mapped(self) -> NDArray[Any]:
        """The array, read-only."""
        return np.memmap(
            self.path, self.dtype, "r", self.offset, self.shape, order="F" if self.is_fortran else "C"
        )  # fmt: skip

    def fill(self, target: NDArray[Any], progress: Progress | None = None) -> None:
        """Copy it by blocks of its slowest axis."""
        if self.is_mappable:
            copy_blocks(self.mapped(), target, axis=-1 if self.is_fortran else 0, progress=progress)


def copy_blocks(source: NDArray[Any], target: NDArray[Any], *, axis: int = 0, progress: Progress | None = None) -> None:
    """Copy block by block along an axis, so that never more than some 64 MB are on the way."""
    source, target = np.moveaxis(source, axis, 0), np.moveaxis(target, axis, 0)
    for start, stop in blocks(len(source), source.nbytes):
        target[start:stop] = source[start:stop]
        if progress is not None:
            progress(stop, len(source))


def blocks(length: int, nbytes: int, block_bytes: int = _BLOCK_BYTES) -> Iterator[tuple[int, int]]:
    """Start and stop of blocks of an axis of ``length``, each of about ``block_bytes`` of an array of ``nbytes``."""
    step = max(1, length * block_bytes // max(nbytes, 1))
    for start in range(0, length, step):
        yield start, min(start + step, length)


def flat_bytes(array: NDArray[Any]) -> memoryview:
    """The memory of a contiguous array (in either order of axes), to read a stream into."""
    plain = array if array.flags.c_contiguous else array.T
    return plain.reshape(-1).view(np.uint8).data


def number_refusal(dtype: np.dtype[Any], what: str) -> str:
    """Why values of this type are no measurements; empty when they are."""
    if dtype.hasobject:
        return f"{what} holds Python objects (a pickle), which could run foreign code when read."
    if dtype.kind == "c":
        return f"{what} holds complex numbers."
    if dtype.kind not in "buif":
        return f"{what} holds {'records' if dtype.fields else 'texts or dates'}, no numbers."
    if dtype.itemsize > 8:
        return f"{what} holds numbers of {dtype.itemsize} bytes, which other machines cannot read."
    return ""


def refuse_bomb(declared: int, packed: int, where: str) -> None:
    """Refuse what grows absurdly when it is unpacked.

    Raises:
        UnsafeFileError: ``hsi.bomb``.
    """
    if declared > _RATIO_FLOOR_BYTES and declared > _MAX_RATIO * max(1, packed):
        raise UnsafeFileError(
            f"The array grows from {packed:,} to {declared:,} bytes when unpacked, as a decompression bomb does.",
            code="hsi.bomb", where=where, hint="Save it without compression.",
        )  # fmt: skip


def truncated(where: str) -> FormatError:
    """The file ends before its data do."""
    return FormatError("The file is damaged or ends before its data do.", code="hsi.truncated", where=where,
                       hint="Copy or upload it again, completely.")  # fmt: skip
