"""A scene from files, ready for any method, without an import."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_core.errors import FormatError
from ml_core.hsi.formats.axis_order import arrange
from ml_core.hsi.formats.choosing import Choice
from ml_core.hsi.formats.inspection import Inspection, inspect_scene
from ml_core.hsi.formats.masks import read_mask
from ml_core.hsi.formats.stored import MAX_LOADED_BYTES, blocks
from ml_core.hsi.measure_scene import measure_scene
from ml_core.hsi.repair import plan_repair, repair_cube
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
    """The scene of an inspection: mapped as it is, or repaired in memory where values are missing.

    Raises:
        FormatError: Nothing decides which array is the cube, or one cannot be read.
    """
    inspection.refuse_ambiguous()
    facts = inspection.facts
    cube = arrange(inspection.cube.found.stored.open(), inspection.cube.axis_order)
    good, is_whole = usable_bands(cube)
    invalid = None
    if not is_whole or facts.nodata is not None:
        cube, good, invalid = _repaired(cube, facts.nodata)
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
        invalid=invalid,
    )


def _repaired(
    cube: NDArray[Any], nodata: float | None
) -> tuple[NDArray[Any], NDArray[np.bool_], NDArray[np.bool_] | None]:
    """A copy in which missing values are replaced as an import would, its usable bands, and its invalid pixels."""
    if cube.nbytes > MAX_LOADED_BYTES:
        raise FormatError("The cube has missing values and is too large to be repaired in memory.",
                          code="hsi.too_large", hint="Import the scene first.")  # fmt: skip
    copy = np.ascontiguousarray(cube, cube.dtype.newbyteorder("="))
    copy = copy if copy.flags.owndata else copy.copy()
    measured = measure_scene(copy, nodata=nodata)
    plan = plan_repair(copy, measured, nodata)
    repair_cube(copy, plan, nodata=nodata)
    return copy, ~(measured.constant | plan.lost_bands), plan.invalid if plan.invalid.any() else None


def usable_bands(cube: NDArray[Any]) -> tuple[NDArray[np.bool_], bool]:
    """(B,) False where a band is constant, and whether every value is finite. One pass over the rows."""
    bands, is_whole = cube.shape[2], True
    low, high = np.full(bands, np.inf), np.full(bands, -np.inf)
    for start, stop in blocks(len(cube), cube.nbytes):
        rows = np.asarray(cube[start:stop])
        is_whole = is_whole and (rows.dtype.kind != "f" or bool(np.isfinite(rows).all()))
        low = np.fmin(low, np.fmin.reduce(rows, axis=(0, 1)))
        high = np.fmax(high, np.fmax.reduce(rows, axis=(0, 1)))
    return np.asarray(high > low), is_whole
