"""ENVI images: a text header and a file of plain values beside it, always mapped.

The header is checked against the data: their size must fit, and the byte order must give values that resemble their
neighbours. A path in a header is never followed; the data file is looked for beside the header by its name.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.errors import FormatError
from ml_core.hsi.formats.envi_header import (
    DATA_TYPES,
    EnviHeader,
    georeference_of,
    is_envi_header,
    read_envi_header,
    wavelengths_of,
)
from ml_core.hsi.formats.scene_file import FileFacts, SceneFile
from ml_core.hsi.formats.stored import MappedArray, Progress, StoredArray, copy_blocks, number_refusal

DATA_SUFFIXES: Final = ("", ".img", ".dat", ".raw", ".bin", ".bsq", ".bil", ".bip", ".cub", ".envi")

_SAMPLE_ROWS: Final = 16
_ABSURD: Final = 1e20


class EnviArray(StoredArray):
    """The values as (H, W, B), whatever their order in the file."""

    def __init__(self, header: EnviHeader, inner: MappedArray) -> None:
        super().__init__("", (header.lines, header.samples, header.bands), inner.dtype, refusal=inner.refusal)
        self.inner, self.interleave = inner, header.interleave

    @property
    def is_mappable(self) -> bool:
        """Always."""
        return self.inner.is_mappable

    def mapped(self) -> NDArray[Any]:
        """A view with bands last."""
        values = self.inner.mapped()
        return values.transpose({"bip": (0, 1, 2), "bil": (0, 2, 1), "bsq": (1, 2, 0)}[self.interleave])

    def fill(self, target: NDArray[Any], progress: Progress | None = None) -> None:
        """Copy it by rows."""
        copy_blocks(self.mapped(), target, progress=progress)


def read_envi(path: Path) -> SceneFile:
    """Look into an ENVI image.

    Args:
        path: The header, or the data file with the header beside it.

    Raises:
        FormatError: The header or the data file is missing, or the header contradicts the data.
    """
    header_path, data_path = _pair(path)
    header = read_envi_header(header_path)
    dtype = np.dtype(DATA_TYPES[header.data_type])
    _check_size(header, dtype, data_path)
    shape = _native_shape(header)
    refusal = number_refusal(dtype, "The image")
    dtype = dtype if refusal else _ordered(header, dtype, data_path, shape)
    inner = MappedArray(data_path, "", shape, dtype, offset=header.offset, refusal=refusal)
    bad = header.numbers("bbl")
    ignored = header.numbers("data ignore value")
    facts = FileFacts(
        name=header_path.stem,
        sensor=header.fields.get("sensor type", "").strip("{} ")[:200],
        wavelengths=wavelengths_of(header),
        bad_bands=None if bad is None else bad == 0,
        georeference=georeference_of(header),
        nodata=None if ignored is None else float(ignored[0]),
        evidence=tuple(header.notes),
        warnings=tuple(header.warnings),
    )
    return SceneFile(header_path, "envi", (EnviArray(header, inner),), facts, fixed_axes=True,
                     parts=(header_path, data_path))  # fmt: skip


def header_beside(path: Path) -> Path | None:
    """The ENVI header of a data file, or None; other programs write headers of this name, too."""
    for suffix in (".hdr", ".HDR"):
        for candidate in (path.with_name(path.name + suffix), path.with_suffix(suffix)):
            if candidate != path and candidate.is_file() and is_envi_header(candidate):
                return candidate
    return None


def _pair(path: Path) -> tuple[Path, Path]:
    if path.suffix.lower() != ".hdr":
        header = header_beside(path)
        if header is None:
            raise FormatError("There is no ENVI header beside the data file.", code="hsi.envi_pair", where=path.name,
                              hint=f"Bring {path.stem}.hdr together with it.")  # fmt: skip
        return header, path
    stem = path.with_suffix("")
    for beside in sorted(path.parent.iterdir()):
        names = {(stem.name + suffix).lower() for suffix in DATA_SUFFIXES}
        if beside.name.lower() in names and beside != path and beside.is_file() and not beside.is_symlink():
            return path, beside
    raise FormatError("There is no data file beside the ENVI header.", code="hsi.envi_pair", where=path.name,
                      hint=f"Bring the data together with it, as {stem.name}.img or {stem.name}.raw.")  # fmt: skip


def _native_shape(header: EnviHeader) -> tuple[int, int, int]:
    rows, columns, bands = header.lines, header.samples, header.bands
    return {"bip": (rows, columns, bands), "bil": (rows, bands, columns), "bsq": (bands, rows, columns)}[
        header.interleave
    ]


def _check_size(header: EnviHeader, dtype: np.dtype[Any], data: Path) -> None:
    """Refuse data that do not fit the header; say what would fit."""
    values = header.lines * header.samples * header.bands
    there, expected = data.stat().st_size, header.offset + values * dtype.itemsize
    if there == expected:
        return
    fitting = [f"{code} ({np.dtype(name)})" for code, name in DATA_TYPES.items()
               if header.offset + values * np.dtype(name).itemsize == there]  # fmt: skip
    if there > expected and not fitting:
        header.warnings.append(f"The data file is {there - expected:,} bytes longer than the header says; "
                               "what comes after the image was left out.")  # fmt: skip
        return
    line = header.samples * header.bands * dtype.itemsize
    hint = f"The size would fit the data type {' or '.join(fitting)}." if fitting else (
        f"The data hold {max(0, there - header.offset) // line:,} of {header.lines:,} lines. Copy the file again, or "
        "correct lines, samples, bands and header offset."
    )  # fmt: skip
    raise FormatError(
        f"The ENVI header describes {expected:,} bytes, but the data file has {there:,}.", code="hsi.envi_size",
        where=data.name, hint=hint,
    )  # fmt: skip


def _ordered(header: EnviHeader, dtype: np.dtype[Any], data: Path, shape: tuple[int, ...]) -> np.dtype[Any]:
    """The type with its byte order: the declared one, else little-endian, or the other where the values say so."""
    if dtype.itemsize == 1:
        return dtype
    declared, other = (">", "<") if header.big_endian else ("<", ">")
    if header.big_endian is None:
        header.notes.append('The header lacks "byte order"; little-endian was assumed.')
    values = np.memmap(data, np.uint8, "r", header.offset, (math.prod(shape) * dtype.itemsize,))
    sample = _sample_rows(values, shape[-1] if header.interleave != "bip" else shape[1] * shape[2], dtype)
    step = shape[2] if header.interleave == "bip" else 1
    straight, swapped = (_roughness(sample.view(f"{order}{dtype.str[1:]}"), step) for order in (declared, other))
    if swapped < 0.5 * straight:
        named = {"<": "little-endian", ">": "big-endian"}
        says = "says" if header.big_endian is not None else "would mean"
        header.warnings.append(
            f"The header {says} {named[declared]}, but only as {named[other]} do neighbouring values "
            f"resemble each other (roughness {swapped:.2g} against {straight:.2g}), so they were read like that."
        )
        return np.dtype(f"{other}{dtype.str[1:]}")
    return np.dtype(f"{declared}{dtype.str[1:]}")


def _sample_rows(values: NDArray[np.uint8], length: int, dtype: np.dtype[Any]) -> NDArray[np.uint8]:
    """Some runs of ``length`` values from all over the file, as bytes (runs, length x item size)."""
    rows = values.reshape(-1, length * dtype.itemsize)
    picks = np.unique(np.linspace(0, len(rows) - 1, _SAMPLE_ROWS).astype(int))
    return np.ascontiguousarray(rows[picks])


def _roughness(rows: NDArray[Any], step: int) -> float:
    """Mean difference of neighbouring pixels by their mean distance from the median; absurd numbers are rough."""
    with np.errstate(invalid="ignore"):  # floats in the wrong byte order hold signalling NaN
        values = rows.astype(np.float64)
    sane = np.isfinite(values) & ((values == 0) | ((np.abs(values) < _ABSURD) & (np.abs(values) > 1 / _ABSURD)))
    if rows.dtype.kind == "f" and sane.mean() < 0.9:
        return 10.0
    values = np.where(sane, values, 0.0)
    if values.shape[1] <= step:
        return 0.0
    spread = np.abs(values - np.median(values, axis=1, keepdims=True)).mean()
    return float(np.abs(values[:, step:] - values[:, :-step]).mean() / spread) if spread > 0 else 0.0
