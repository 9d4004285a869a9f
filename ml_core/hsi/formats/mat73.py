"""HDF5, which MATLAB calls version 7.3. MATLAB writes axes in reverse; what others wrote is taken as it stands.

Only arrays that lie in this very file are read: links to other files, virtual and external storage are refused, since
they would let an upload read any file of the server.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np
from numpy.typing import NDArray

from ml_core.errors import FormatError
from ml_core.hsi.formats.scene_file import FileFacts, SceneFile
from ml_core.hsi.formats.stored import (
    MappedArray,
    Progress,
    StoredArray,
    blocks,
    number_refusal,
    refuse_bomb,
    truncated,
)

_MAX_OBJECTS: Final = 1_000
_INTERNAL: Final = ("#refs#", "#subsystem#")
_FAULTS: Final = (OSError, RuntimeError, KeyError, ValueError, TypeError)


class HdfArray(StoredArray):
    """A data set in chunks."""

    def __init__(self, path: Path, key: str, shape: tuple[int, ...], dtype: np.dtype[Any], *, refusal: str,
                 is_reversed: bool, chunk: int) -> None:  # fmt: skip
        super().__init__(key, shape, dtype, refusal=refusal, is_fortran=is_reversed)
        self.path, self.chunk = path, max(1, chunk)

    def fill(self, target: NDArray[Any], progress: Progress | None = None) -> None:
        """Read it by whole chunks of its slowest axis."""
        plain = target.T if self.is_fortran else target
        try:
            with h5py.File(self.path, "r", locking=False) as file:
                stored = file[self.key]
                if stored.shape == ():
                    plain[()] = stored[()]
                    return
                for start, stop in blocks(-(-len(plain) // self.chunk), plain.nbytes):
                    rows = slice(start * self.chunk, min(stop * self.chunk, len(plain)))
                    plain[rows] = stored[rows]
                    if progress is not None:
                        progress(rows.stop, len(plain))
        except _FAULTS as error:
            raise truncated(self.key) from error


def read_mat73(path: Path) -> SceneFile:
    """Look into an HDF5 file.

    Raises:
        FormatError: It is damaged.
        UnsafeFileError: A data set is a bomb.
    """
    try:
        with h5py.File(path, "r", locking=False) as file:
            arrays, links = [], []
            for key, link, item in _items(file):
                if link:
                    links.append(f'"{key}" was left out: it is a link, and links are not followed.')
                elif item is not None:
                    arrays.append(_array(path, key, item))
    except _FAULTS as error:
        raise FormatError("The HDF5 file is damaged or ends early.", code="hsi.truncated", where=path.name,
                          hint="Copy or upload it again, completely.") from error  # fmt: skip
    reversed_ = any(array.is_fortran for array in arrays)
    evidence = ("MATLAB wrote the file, so its axes were reversed back.",) if reversed_ else ()
    return SceneFile(path, "mat73", tuple(arrays), FileFacts(evidence=evidence, warnings=tuple(links)), parts=(path,))


def _items(file: h5py.File) -> Iterator[tuple[str, bool, h5py.Dataset | None]]:
    """Name, whether it is a soft or external link, and the data set. Hard links make rings: no group counts twice."""
    seen: set[Any] = set()
    waiting: list[tuple[str, h5py.Group]] = [("", file)]
    count = 0
    while waiting:
        prefix, group = waiting.pop(0)
        place = h5py.h5o.get_info(group.id).addr
        if place in seen:
            continue
        seen.add(place)
        for name in group:
            count += 1
            if count > _MAX_OBJECTS:
                return
            if name in _INTERNAL:
                continue
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                yield f"{prefix}{name}", True, None
                continue
            item = group[name]
            if isinstance(item, h5py.Dataset):
                yield f"{prefix}{name}", False, item
            elif isinstance(item, h5py.Group):
                waiting.append((f"{prefix}{name}/", item))


def _array(path: Path, key: str, item: h5py.Dataset) -> StoredArray:
    is_reversed = "MATLAB_class" in item.attrs
    shape = tuple(int(length) for length in (item.shape or ()))
    shape = shape[::-1] if is_reversed else shape
    refusal = "" if item.shape is not None else f'"{key}" is empty.'
    refusal = refusal or _refusal(key, item)
    dtype = np.dtype("u1") if refusal else item.dtype
    if refusal:
        return HdfArray(path, key, shape, dtype, refusal=refusal, is_reversed=is_reversed, chunk=1)
    offset = item.id.get_offset() if item.chunks is None else None
    if offset is not None and item.id.get_storage_size() == item.size * dtype.itemsize:
        return MappedArray(path, key, shape, dtype, offset=int(offset), is_fortran=is_reversed)
    refuse_bomb(item.size * dtype.itemsize, item.id.get_storage_size(), key)
    chunk = item.chunks[0] if item.chunks else 1
    return HdfArray(path, key, shape, dtype, refusal="", is_reversed=is_reversed, chunk=chunk)


def _refusal(key: str, item: h5py.Dataset) -> str:
    if item.is_virtual or item.external:
        return f'"{key}" takes its values from other files, which are not followed.'
    kind = item.attrs.get("MATLAB_class", b"")
    kind = kind.decode("latin-1") if isinstance(kind, bytes) else str(kind)
    if kind in ("cell", "struct", "function_handle", "char"):
        return f'"{key}" is a {kind.replace("_", " ")}, no numbers.'
    if "MATLAB_empty" in item.attrs:
        return f'"{key}" is empty.'
    return number_refusal(item.dtype, f'"{key}"')
