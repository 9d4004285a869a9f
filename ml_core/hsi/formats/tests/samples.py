"""A small scene, and the same scene in every format."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import rasterio
from rasterio.transform import Affine
from scipy.io import savemat

from ml_core.hsi.scene import Scene
from ml_core.hsi.simulate import Simulation, simulate_scene

TRANSFORM = Affine(3.5, 0, 470_000, 0, -3.5, 3_620_000)
CODES = {"u1": 1, "i2": 2, "i4": 3, "f4": 4, "f8": 5, "u2": 12, "u4": 13, "i8": 14, "u8": 15}


@cache
def sample() -> Scene:
    """24 rows, 20 columns, 30 bands, with a mask; three different lengths, so that no axis can be mistaken."""
    return simulate_scene(3, Simulation(height=24, width=20, bands=34, targets=5, largest=12))


def npz(path: Path, **arrays: Any) -> Path:
    np.savez_compressed(path, **(arrays or {"cube": sample().cube, "gt": sample().mask}))
    return path


def npz_plain(path: Path) -> Path:
    np.savez(path, cube=sample().cube, gt=sample().mask)
    return path


def npy(path: Path) -> Path:
    np.save(path, sample().cube)
    return path


def mat5(path: Path, *, packed: bool = True, **arrays: Any) -> Path:
    savemat(path, arrays or {"data": sample().cube, "map": sample().mask}, do_compression=packed)
    return path


def mat73(path: Path, arrays: dict[str, Any] | None = None, *, chunked: bool = True) -> Path:
    """As MATLAB writes it: axes in reverse, a block for users before the file, the class as attribute."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for key, values in (arrays or {"image": sample().cube, "mask": sample().mask}).items():
            options: dict[str, Any] = {"compression": "gzip", "chunks": True} if chunked else {}
            data = file.create_dataset(key, data=np.ascontiguousarray(np.asarray(values).T), **options)
            data.attrs["MATLAB_class"] = np.bytes_("uint16")
    return path


def envi(
    path: Path, cube: np.ndarray | None = None, *, interleave: str = "bil", order: str = "<", dtype: str = "",
    suffix: str = ".img", offset: int = 0, without: tuple[str, ...] = (), **fields: Any,
) -> Path:  # fmt: skip
    """A header at ``path`` and its data; ``fields`` replace or add keys (``_`` stands for a space)."""
    cube = sample().cube if cube is None else cube
    height, width, bands = cube.shape
    kind = dtype or cube.dtype.str[1:]
    axes = {"bip": (0, 1, 2), "bil": (0, 2, 1), "bsq": (2, 0, 1)}[interleave]
    data = cube.astype(f"{order}{kind}").transpose(axes).tobytes()
    path.with_suffix(suffix).write_bytes(b"\0" * offset + data)
    header = {
        "samples": width, "lines": height, "bands": bands, "header offset": offset, "data type": CODES.get(kind, 6),
        "interleave": interleave, "byte order": int(order == ">"),
    }  # fmt: skip
    header |= {key.replace("_", " "): value for key, value in fields.items()}
    lines = [f"{key} = {value}" for key, value in header.items() if key not in without]
    path.write_text("ENVI\n; a remark = ignored\n" + "\n".join(lines) + "\n")
    return path


def geotiff(path: Path, values: np.ndarray | None = None, **options: Any) -> Path:
    cube = sample().cube if values is None else values
    cube = cube[..., None] if cube.ndim == 2 else cube
    profile = {"driver": "GTiff", "height": cube.shape[0], "width": cube.shape[1], "count": cube.shape[2],
               "dtype": cube.dtype, "transform": TRANSFORM, "crs": "EPSG:32611", **options}  # fmt: skip
    with rasterio.open(path, "w", **profile) as image:
        image.write(np.moveaxis(cube, -1, 0))
    return path


MAKERS: dict[str, Callable[[Path], Path]] = {
    "packed.npz": npz,
    "plain.npz": npz_plain,
    "one.npy": npy,
    "packed.mat": mat5,
    "plain.mat": lambda path: mat5(path, packed=False),
    "chunked.mat": mat73,
    "contiguous.mat": lambda path: mat73(path, chunked=False),
    "bsq.hdr": lambda path: envi(path, interleave="bsq"),
    "bil.hdr": envi,
    "bip.hdr": lambda path: envi(path, interleave="bip"),
    "big.hdr": lambda path: envi(path, order=">"),
    "image.tif": geotiff,
    "tiled.tif": lambda path: geotiff(path, tiled=True, blockxsize=16, blockysize=16, compress="deflate"),
}


def npy_header(shape: tuple[int, ...], descr: str = "<f8") -> bytes:
    """The header of a ``.npy`` file, whatever it declares."""
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape!r}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path
