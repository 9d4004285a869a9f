"""A scene from files, ready for any method, without an import."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml_core.errors import FormatError
from ml_core.hsi.formats.axis_order import arrange
from ml_core.hsi.formats.inspection import Choice, Inspection, inspect_scene
from ml_core.hsi.formats.masks import read_mask
from ml_core.hsi.formats.stored import blocks
from ml_core.hsi.scene import Scene


def open_scene(
    path: Path | str,
    *,
    cube_key: str | None = None,
    mask_path: Path | str | None = None,
    mask_key: str | None = None,
    axis_order: str | None = None,
    name: str | None = None,
) -> Scene:
    """Open a scene of any format, or a scene folder. Cubes are mapped where the file allows it.

    Args:
        path: A file, a scene folder, or a folder of one scene's files.
        cube_key: Name of the array of the cube; None: by evidence.
        mask_path: File of the mask where it lies in another one.
        mask_key: Name of the array of the mask; None: by evidence.
        axis_order: The cube's axes in the file's order, such as ``BHW``; None: by evidence.
        name: Name of the scene; None: what the file says, or the file's name.

    Raises:
        FormatError: It cannot be read, or what is asked for is not there.
        UnsafeFileError: A file could do harm.
        CodedError: ``hsi.too_large``: it must be imported first.
    """
    path = Path(path)
    # Imported here: scene folders are read by the readers of this package.
    from ml_core.hsi.scene_folder import is_scene_folder, read_scene_folder

    if is_scene_folder(path):
        return read_scene_folder(path, name=name)
    paths = [path] if mask_path is None else [path, Path(mask_path)]
    for given in paths:
        if not given.exists():
            raise FormatError("There is no such file.", code="hsi.unreadable", where=given.name, hint="Check the path.")
    apart = mask_path is not None
    choice = Choice(
        cube_file=str(path) if apart and path.is_file() else "", cube_key=cube_key or "", axis_order=axis_order or "",
        mask_file=str(Path(mask_path)) if mask_path is not None else "", mask_key=mask_key or "",
    )  # fmt: skip
    return build_scene(inspect_scene(paths if apart else path, choice), name=name)


def build_scene(inspection: Inspection, *, name: str | None = None) -> Scene:
    """The scene of an inspection, not copied and not repaired."""
    stored = inspection.cube.found.stored
    cube = arrange(stored.open(), inspection.cube.axis_order)
    facts = inspection.facts
    good = usable_bands(cube)
    if facts.bad_bands is not None:
        good &= ~facts.bad_bands
    return Scene(
        name=name or facts.name,
        cube=cube,
        mask=read_mask(inspection.mask) if inspection.mask else None,
        wavelengths=facts.wavelengths,
        good_bands=good,
        georeference=facts.georeference,
        sensor=facts.sensor,
    )


def usable_bands(cube: NDArray[np.generic]) -> NDArray[np.bool_]:
    """(B,) False where a band is constant or holds a value that is not finite. One pass over the rows."""
    bands = cube.shape[2]
    low, high, finite = np.full(bands, np.inf), np.full(bands, -np.inf), np.ones(bands, bool)
    for start, stop in blocks(len(cube), cube.nbytes):
        rows = np.asarray(cube[start:stop])
        if rows.dtype.kind == "f":
            finite &= np.isfinite(rows).all(axis=(0, 1))
        with np.errstate(invalid="ignore"):
            low = np.fmin(low, np.fmin.reduce(rows, axis=(0, 1)))
            high = np.fmax(high, np.fmax.reduce(rows, axis=(0, 1)))
    return finite & (high > low)
