"""Where an import takes its cube from: files that were looked into, or a simulation; and how it gets into the scene."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ml_core.data.archive import ArchiveLimits, extract_zip
from ml_core.errors import ConfigError, FormatError
from ml_core.hsi.formats.axis_order import arrange
from ml_core.hsi.formats.choosing import Choice
from ml_core.hsi.formats.inspection import Inspection, inspect_scene
from ml_core.hsi.formats.masks import read_mask
from ml_core.hsi.formats.stored import copy_blocks
from ml_core.hsi.import_config import ImportSceneConfig
from ml_core.hsi.scene import Georeference
from ml_core.hsi.simulate import simulate_scene

#: Arrays that cannot be mapped and are not in our order of axes are turned in memory up to this size.
_TURNED_IN_MEMORY_BYTES: Final = 1 << 30

Progress = Callable[[int, int], None]


class Reporter(Protocol):
    """What an import tells and asks while it works; a run's context fits."""

    def log(self, message: str, level: Any = "info") -> None:
        """Write a line for people."""

    def progress(self, done: float, total: float | None, unit: str = "items", stage: str = "") -> None:
        """Report a position."""

    def raise_if_requested(self) -> None:
        """Raise when the user asked to end."""


@dataclass(frozen=True)
class SceneSource:
    """A cube to import, and what is known about it.

    Attributes:
        name: Of the scene.
        shape: Rows, columns, bands.
        dtype: Type of the values, in this machine's byte order.
        sensor: Name of the sensor, or empty.
        mask: (H, W) or None.
        wavelengths: (B,) or None.
        listed_bad: (B,) bands that the file calls bad.
        georeference: Or None.
        nodata: Value that stands for "not measured", or None.
        inspection: What was found in the files; None for a simulation.
        simulated: The cube of a simulation.
        evidence: Sentences for people.
        warnings: Sentences for people.
    """

    name: str
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    sensor: str
    mask: NDArray[np.uint8] | None
    wavelengths: NDArray[np.float64] | None
    listed_bad: NDArray[np.bool_]
    georeference: Georeference | None
    nodata: float | None
    inspection: Inspection | None = None
    simulated: NDArray[Any] | None = None
    evidence: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def cube_bytes(self) -> int:
        """Bytes of the copied cube."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def needs_spool(self) -> bool:
        """Whether the copy goes over a temporary file of the same size."""
        if self.inspection is None:
            return False
        stored = self.inspection.cube.found.stored
        return not stored.is_mappable and not self._fills_directly and stored.nbytes > _TURNED_IN_MEMORY_BYTES

    @property
    def _fills_directly(self) -> bool:
        assert self.inspection is not None
        cube = self.inspection.cube
        stored = cube.found.stored
        return cube.axis_order == "HWB" and not stored.is_fortran and stored.dtype.isnative

    def copy_into(self, path: Path, progress: Progress) -> NDArray[Any]:
        """Write the cube to the new ``.npy`` file ``path`` by rows, and map it writable."""
        target = np.lib.format.open_memmap(path, mode="w+", dtype=self.dtype, shape=self.shape)
        if self.inspection is None:
            assert self.simulated is not None
            copy_blocks(self.simulated, target, progress=progress)
            return target
        cube = self.inspection.cube
        stored = cube.found.stored
        if self._fills_directly and not stored.is_mappable:
            stored.fill(target, progress)
        elif self.needs_spool:
            spool = path.with_name("spool.npy")
            copy_blocks(arrange(stored.spool(spool, progress), cube.axis_order), target, progress=progress)
            spool.unlink()
        else:
            copy_blocks(arrange(stored.open(), cube.axis_order), target, progress=progress)
        target.flush()
        return target


def find_source(config: ImportSceneConfig, unpacked: Path, run: Reporter) -> SceneSource:
    """Look into what is to be imported.

    Args:
        config: The import.
        unpacked: Folder that an archive is unpacked to; kept when it exists already.
        run: Receives progress and evidence.

    Raises:
        FormatError: Nothing can be read, or there is no cube.
        UnsafeFileError: A file could do harm.
        ConfigError: A given list does not fit the bands.
    """
    if config.sample:
        return _simulation(config)
    source = Path(config.source)
    if not config.source or not source.exists():
        raise FormatError("The files to import are no longer there.", code="import.source_missing",
                          hint="Upload or register them again.", where="source")  # fmt: skip
    if source.is_file() and source.suffix.lower() == ".zip":
        source = _unpack(source, unpacked, config, run)
    paths = [source, Path(config.mask)] if config.mask else [source]
    choice = Choice(
        cube_file=config.cube_file or (str(source) if config.mask and source.is_file() else ""),
        cube_key=config.cube_key, axis_order=config.axis_order, mask_file=config.mask or config.mask_file,
        mask_key=config.mask_key, mask_order=config.mask_order, use_mask=config.use_mask,
    )  # fmt: skip
    return _from_inspection(config, inspect_scene(paths if len(paths) > 1 else source, choice))


def _from_inspection(config: ImportSceneConfig, inspection: Inspection) -> SceneSource:
    inspection.refuse_ambiguous()
    facts, bands = inspection.facts, inspection.size[2]
    wavelengths = facts.wavelengths
    if config.wavelengths:
        wavelengths = _checked_wavelengths(config.wavelengths, bands)
    listed = np.zeros(bands, bool) if facts.bad_bands is None else facts.bad_bands.copy()
    if any(not 0 <= band < bands for band in config.bad_bands):
        raise ConfigError(f"A bad band lies outside of the {bands} bands.", where="bad_bands",
                          hint=f"Bands are numbered from 0 to {bands - 1}.")  # fmt: skip
    listed[config.bad_bands] = True
    mask = inspection.mask
    return SceneSource(
        name=config.name or facts.name,
        shape=inspection.size,
        dtype=inspection.cube.found.stored.dtype.newbyteorder("="),
        sensor=config.sensor or facts.sensor,
        mask=read_mask(mask) if mask else None,
        wavelengths=wavelengths,
        listed_bad=listed,
        georeference=facts.georeference,
        nodata=facts.nodata,
        inspection=inspection,
        evidence=(*inspection.cube.evidence, *(mask.evidence if mask else ()), *facts.evidence),
        warnings=(*facts.warnings, *inspection.cube.warnings, *(mask.warnings if mask else ()), *inspection.notes),
    )


def _checked_wavelengths(given: list[float], bands: int) -> NDArray[np.float64]:
    values = np.asarray(given, np.float64)
    if len(values) != bands or not np.isfinite(values).all() or values.min() <= 0:
        raise ConfigError(
            f"There are {len(values)} wavelengths for {bands} bands, or one is not positive.", where="wavelengths",
            hint="Give one positive number of nanometres for each band.",
        )  # fmt: skip
    return values


def _simulation(config: ImportSceneConfig) -> SceneSource:
    scene = simulate_scene(config.seed)
    return SceneSource(
        name=config.name or scene.name, shape=scene.shape, dtype=scene.cube.dtype, sensor=config.sensor or scene.sensor,
        mask=scene.mask if config.use_mask else None, wavelengths=scene.wavelengths,
        listed_bad=np.zeros(scene.shape[2], bool), georeference=scene.georeference, nodata=None, simulated=scene.cube,
        evidence=("The scene was simulated; its targets were planted.",),
    )  # fmt: skip


def _unpack(archive: Path, folder: Path, config: ImportSceneConfig, run: Reporter) -> Path:
    if not folder.is_dir():  # a folder of this name is always whole
        done = extract_zip(
            archive, folder, limits=ArchiveLimits(max_total_bytes=int(config.max_unpacked_gb * 1e9)),
            check_cancelled=run.raise_if_requested,
            progress=lambda written, total: run.progress(written, total, "bytes", "unpack"),
        )  # fmt: skip
        run.log(f"Unpacked {done.files:,} files, {done.total_bytes / 1e6:,.1f} MB.")
    return folder
