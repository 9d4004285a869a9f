"""MATLAB files of version 5 to 7: named arrays, each plain or packed with zlib.

Format: MathWorks, "MAT-File Format", chapter 1. Read here and not by ``scipy.io``, because that inflates whole
variables before it compares them with their declared size and builds objects of cells and structs; we want numbers
only, mapped where they lie plain. ``scipy.io`` is the reference in the tests.
"""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ml_core.errors import FormatError
from ml_core.hsi.formats.scene_file import SceneFile
from ml_core.hsi.formats.stored import MappedArray, Progress, StoredArray, flat_bytes, refuse_bomb, truncated

_HEADER_BYTES: Final = 128
_CHUNK: Final = 1 << 20
_MAX_VARIABLES: Final = 1_000
_MAX_AXES: Final = 32
_MATRIX, _COMPRESSED = 14, 15
_TYPES: Final = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_NUMERIC: Final = range(6, 16)
_OTHER: Final = {
    1: "a cell array", 2: "a struct", 3: "an object", 4: "text", 5: "a sparse matrix", 16: "a function handle",
    17: "an object",
}  # fmt: skip
_COMPLEX_FLAG: Final = 0x0800


class _Source(Protocol):
    def read(self, size: int) -> bytes: ...


class _Plain:
    """Bytes of a plain element, never beyond its end."""

    def __init__(self, stream: IO[bytes], size: int) -> None:
        self.stream, self.left = stream, size

    def read(self, size: int) -> bytes:
        data = self.stream.read(min(size, self.left))
        self.left -= len(data)
        return data


class _Inflated:
    """Bytes of a packed element, inflated as far as they are asked for."""

    def __init__(self, stream: IO[bytes], size: int) -> None:
        self.stream, self.left, self.inflater = stream, size, zlib.decompressobj()

    def read(self, size: int) -> bytes:
        parts, missing = [], size
        while missing and not self.inflater.eof:
            packed = self.inflater.unconsumed_tail
            if not packed:
                packed = self.stream.read(min(1 << 16, self.left))
                self.left -= len(packed)
                if not packed:
                    break
            parts.append(self.inflater.decompress(packed, missing))
            missing -= len(parts[-1])
        return b"".join(parts)


@dataclass(frozen=True)
class _Variable:
    """Header of a variable; ``consumed`` bytes of its element come before its values."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    data_bytes: int
    consumed: int
    refusal: str


class _Reader:
    """Reads the parts of one variable and counts the bytes."""

    def __init__(self, source: _Source, endian: str, where: str) -> None:
        self.source, self.endian, self.where, self.consumed = source, endian, where, 0

    def exactly(self, size: int) -> bytes:
        data = self.source.read(size)
        self.consumed += len(data)
        if len(data) < size:
            raise truncated(self.where)
        return data

    def tag(self) -> tuple[int, int, bytes | None]:
        """Type, size, and the content where it is so small that it lies in the tag itself."""
        raw = self.exactly(8)
        first, second = struct.unpack(f"{self.endian}2I", raw)
        if first >> 16:
            return first & 0xFFFF, min(first >> 16, 4), raw[4 : 4 + min(first >> 16, 4)]
        return first, second, None

    def small(self, limit: int) -> tuple[int, bytes]:
        """A part of at most ``limit`` bytes, with its padding."""
        kind, size, content = self.tag()
        if content is not None:
            return kind, content
        if size > limit:
            raise _damaged(self.where)
        return kind, self.exactly(size + -size % 8)[:size]

    def numbers(self, limit: int, code: str) -> tuple[int, ...]:
        """A part of whole numbers of four bytes, at least one."""
        content = self.small(limit)[1]
        if not content or len(content) % 4:
            raise _damaged(self.where)
        return struct.unpack(f"{self.endian}{len(content) // 4}{code}", content)


class PackedVariable(StoredArray):
    """A variable whose element is packed."""

    def __init__(self, path: Path, offset: int, size: int, variable: _Variable) -> None:
        super().__init__(variable.name, variable.shape, variable.dtype, refusal=variable.refusal, is_fortran=True)
        self.path, self.offset, self.size, self.consumed = path, offset, size, variable.consumed

    def fill(self, target: NDArray[Any], progress: Progress | None = None) -> None:
        """Inflate it as a stream."""
        memory, position = flat_bytes(target), 0
        with self.path.open("rb") as stream:
            stream.seek(self.offset)
            source = _Inflated(stream, self.size)
            try:
                source.read(self.consumed)
                while position < len(memory):
                    chunk = source.read(min(_CHUNK, len(memory) - position))
                    if not chunk:
                        raise truncated(self.key)
                    memory[position : position + len(chunk)] = chunk
                    position += len(chunk)
                    if progress is not None:
                        progress(position, len(memory))
            except zlib.error as error:
                raise truncated(self.key) from error


def read_mat5(path: Path) -> SceneFile:
    """Look into a MATLAB file: the header of each variable, never its values.

    Raises:
        FormatError: It is damaged.
        UnsafeFileError: A variable is a bomb.
    """
    arrays: list[StoredArray] = []
    total = path.stat().st_size
    with path.open("rb") as stream:
        header = stream.read(_HEADER_BYTES)
        if len(header) < _HEADER_BYTES:
            raise truncated(path.name)
        endian = ">" if header[126:128] == b"MI" else "<"
        position = _HEADER_BYTES
        while position + 8 <= total and len(arrays) < _MAX_VARIABLES:
            stream.seek(position)
            kind, size = struct.unpack(f"{endian}2I", stream.read(8))
            if position + 8 + size > total:
                raise truncated(path.name)
            if kind in (_MATRIX, _COMPRESSED):
                array = _variable(path, stream, position + 8, size, kind, endian)
                if array is not None:
                    arrays.append(array)
            position += 8 + size
    return SceneFile(path, "mat5", tuple(arrays), parts=(path,))


def _variable(path: Path, stream: IO[bytes], offset: int, size: int, kind: int, endian: str) -> StoredArray | None:
    source: _Source = _Inflated(stream, size) if kind == _COMPRESSED else _Plain(stream, size)
    try:
        variable = _header(_Reader(source, endian, path.name), kind == _COMPRESSED)
    except zlib.error as error:
        raise truncated(path.name) from error
    if not variable.name:  # workspace of functions that MATLAB hides
        return None
    if kind == _COMPRESSED:
        if not variable.refusal:
            refuse_bomb(variable.data_bytes, size, variable.name)
        return PackedVariable(path, offset, size, variable)
    if not variable.refusal and variable.consumed + variable.data_bytes > size:
        raise truncated(variable.name)
    return MappedArray(path, variable.name, variable.shape, variable.dtype, offset=offset + variable.consumed,
                       is_fortran=True, refusal=variable.refusal)  # fmt: skip


def _header(reader: _Reader, is_packed: bool) -> _Variable:
    if is_packed and reader.tag()[0] != _MATRIX:
        raise _damaged(reader.where)
    flags = reader.numbers(8, "I")[0]
    shape = reader.numbers(4 * _MAX_AXES, "i")
    name = reader.small(256)[1].decode("latin-1")
    kind = flags & 0xFF
    if kind not in _NUMERIC:
        return _Variable(name, shape, np.dtype("u1"), 0, 0, f'"{name}" is {_OTHER.get(kind, "no array")}, no numbers.')
    if any(length < 0 for length in shape):
        raise _damaged(reader.where)
    stored, size, content = reader.tag()
    if content is not None:  # at most four bytes: no cube and no mask
        return _Variable(name, shape, np.dtype("u1"), 0, 0, f'"{name}" is a single value.')
    if stored not in _TYPES:
        raise _damaged(reader.where)
    dtype = np.dtype(f"{reader.endian}{_TYPES[stored]}")
    refusal = f'"{name}" holds complex numbers.' if flags & _COMPLEX_FLAG else ""
    if size != math.prod(shape) * dtype.itemsize:
        raise FormatError(
            f'"{name}" declares {math.prod(shape):,} values but holds {size // dtype.itemsize:,}.', code="hsi.damaged",
            where=reader.where, hint="Save the file again.",
        )  # fmt: skip
    return _Variable(name, shape, dtype, size, reader.consumed, refusal)


def _damaged(where: str) -> FormatError:
    return FormatError("The MATLAB file is damaged.", code="hsi.damaged", where=where, hint="Save it again.")
