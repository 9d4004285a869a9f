"""NumPy archives: a zip of ``.npy`` members. Members that are stored plainly are mapped inside the archive."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any, BinaryIO, Final

from numpy.typing import NDArray

from ml_core.data.archive_names import judge_member, refuse_clashes
from ml_core.data.zip_directory import count_members, damaged
from ml_core.errors import FormatError, UnsafeFileError
from ml_core.hsi.formats.npy import NpyHeader, read_header
from ml_core.hsi.formats.scene_file import FileFacts, SceneFile, text_value
from ml_core.hsi.formats.stored import (
    MappedArray,
    Progress,
    StoredArray,
    flat_bytes,
    number_refusal,
    refuse_bomb,
    truncated,
)

_MAX_MEMBERS: Final = 1_000
_CHUNK: Final = 1 << 20
_MAX_TEXT_BYTES: Final = 4_096
_LOCAL_HEADER: Final = struct.Struct("<4s22x2H")
_FAULTS: Final = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, ValueError, OSError, struct.error)


class PackedArray(StoredArray):
    """A compressed member."""

    def __init__(self, path: Path, info: zipfile.ZipInfo, key: str, header: NpyHeader, refusal: str) -> None:
        super().__init__(key, header.shape, header.dtype, refusal=refusal, is_fortran=header.is_fortran)
        self.path, self.info, self.header = path, info, header

    def fill(self, target: NDArray[Any], progress: Progress | None = None) -> None:
        """Unpack it as a stream."""
        memory, position = flat_bytes(target), 0
        try:
            with zipfile.ZipFile(self.path) as packed, packed.open(self.info) as stream:
                stream.read(self.header.size)
                while position < len(memory) and (chunk := stream.read(min(_CHUNK, len(memory) - position))):
                    memory[position : position + len(chunk)] = chunk
                    position += len(chunk)
                    if progress is not None:
                        progress(position, len(memory))
        except _FAULTS as error:
            raise truncated(self.key) from error
        if position < len(memory):
            raise truncated(self.key)


def read_npz(path: Path) -> SceneFile:
    """Look into a ``.npz`` archive: the header of each member, never its values.

    Raises:
        FormatError: It is no archive, or damaged.
        UnsafeFileError: A member has a hostile name, or is a bomb.
    """
    with path.open("rb") as stream:
        if _count_members(stream, path.name) > _MAX_MEMBERS:
            raise UnsafeFileError(f"The archive holds more than {_MAX_MEMBERS:,} arrays.",
                                  code="archive.too_many_members", where=path.name,
                                  hint="Keep one scene in a file.")  # fmt: skip
        try:
            packed = zipfile.ZipFile(stream)
        except _FAULTS as error:
            raise damaged() from error
        with packed:
            plans = [judge_member(info) for info in packed.infolist()]
            refuse_clashes(plans)
            arrays = [_look_into(path, stream, packed, plan.info) for plan in plans if _is_array(plan.info)]
    texts = {array.key: text_value(array.open()) for array in arrays if _is_text(array)}
    facts = FileFacts(name=texts.get("name", ""), sensor=texts.get("sensor", ""))
    return SceneFile(path, "npz", tuple(_refused(array) for array in arrays), facts, parts=(path,))


def _count_members(stream: BinaryIO, name: str) -> int:
    """Members of the archive; advice on packing pictures helps nobody whose file was cut."""
    try:
        return count_members(stream, _MAX_MEMBERS)
    except FormatError as error:
        raise truncated(name) from error


def _is_array(info: zipfile.ZipInfo) -> bool:
    return info.filename.endswith(".npy")


def _is_text(array: StoredArray) -> bool:
    return array.dtype.kind == "U" and array.nbytes <= _MAX_TEXT_BYTES


def _refused(array: StoredArray) -> StoredArray:
    array.refusal = number_refusal(array.dtype, f'"{array.key}"')
    return array


def _look_into(path: Path, stream: IO[bytes], packed: zipfile.ZipFile, info: zipfile.ZipInfo) -> StoredArray:
    key = info.filename.removesuffix(".npy")
    try:
        with packed.open(info) as member:
            header = read_header(member, key)
    except FormatError:
        raise
    except _FAULTS as error:
        raise damaged() from error
    refusal = "It is a pickle." if header.dtype.hasobject else ""
    if not refusal and header.size + header.data_bytes > info.file_size:
        raise truncated(key)
    refuse_bomb(info.file_size, info.compress_size, key)
    if info.compress_type != zipfile.ZIP_STORED:
        return PackedArray(path, info, key, header, refusal)
    offset = _data_offset(stream, info) + header.size
    if not refusal and offset + header.data_bytes > path.stat().st_size:
        raise truncated(key)
    return MappedArray(path, key, header.shape, header.dtype, offset=offset, is_fortran=header.is_fortran,
                       refusal=refusal)  # fmt: skip


def _data_offset(stream: IO[bytes], info: zipfile.ZipInfo) -> int:
    """Where the content of a member begins: its local header may be longer than its entry in the directory."""
    stream.seek(info.header_offset)
    raw = stream.read(_LOCAL_HEADER.size)
    if len(raw) < _LOCAL_HEADER.size or raw[:4] != b"PK\x03\x04":
        raise damaged()
    _, name_length, extra_length = _LOCAL_HEADER.unpack(raw)
    return info.header_offset + _LOCAL_HEADER.size + int(name_length) + int(extra_length)
