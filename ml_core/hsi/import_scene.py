"""From files to a scene folder: find the cube, copy it by rows, measure, repair what is missing, say what was found.

The files that come in are never changed. The scene folder appears whole or not at all.
"""

from __future__ import annotations

import errno
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ml_core.errors import CodedError, FormatError
from ml_core.hsi.formats.axis_order import arrange
from ml_core.hsi.import_config import ImportSceneConfig
from ml_core.hsi.measure_scene import Measurement, measure_scene, noise_of
from ml_core.hsi.preview import draw_mask, false_colour, png_bytes
from ml_core.hsi.repair import RepairPlan, plan_repair, repair_cube
from ml_core.hsi.scene import Scene
from ml_core.hsi.scene_findings import find_in_scene, finding
from ml_core.hsi.scene_folder import (
    CUBE_FILE,
    INVALID_FILE,
    MASK_FILE,
    PREVIEW_FILE,
    SCENE_FILE,
    STATISTICS_FILE,
    is_scene_folder,
    read_facts,
    scene_facts,
)
from ml_core.hsi.scene_source import Reporter, SceneSource, find_source
from ml_core.hsi.scene_statistics import scene_statistics
from ml_core.run.files import sync_folder, write_atomic, write_json_atomic

if TYPE_CHECKING:
    from ml_core.run.context import RunContext

PREVIEW_SIDE = 512


def import_scene(config: ImportSceneConfig, run: RunContext) -> dict[str, Any]:
    """The recipe ``hsi.import``.

    Returns:
        ``metrics`` and ``scene``, the content of ``scene.json``. Preview and statistics become artifacts.

    Raises:
        FormatError: The files cannot be read, or hold nothing to look at.
        UnsafeFileError: A file could do harm.
        CodedError: ``disk.full`` before anything is written, or ``hsi.needs_copy``.
    """
    started = time.monotonic()
    target = Path(config.target)
    facts = make_scene_folder(config, run)
    for name in (PREVIEW_FILE, STATISTICS_FILE):
        shutil.copyfile(target / name, run.artifact_path(name))
        run.artifact(run.artifact_path(name))
    run.data_fingerprint(facts["fingerprint"])
    height, width, bands = facts["shape"]
    metrics = {"rows": height, "columns": width, "bands": bands, "findings": len(facts["findings"]),
               "seconds": time.monotonic() - started}  # fmt: skip
    return {"metrics": metrics, "scene": facts}


def make_scene_folder(config: ImportSceneConfig, run: Reporter) -> dict[str, Any]:
    """Make the scene folder and return the content of its ``scene.json``; one that is there already is kept."""
    target = Path(config.target)
    if is_scene_folder(target):
        return read_facts(target)
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)  # what a killed process left
    unpacked = Path(config.files) if config.files else target.with_name(f".{target.name}.files")
    try:
        source = find_source(config, unpacked, run)
        for line in source.evidence:
            run.log(line)
        for line in source.warnings:
            run.log(line, "warning")
        _refuse_full_disk(source, target, config)
        partial.mkdir(parents=True)
        facts = _write(config, source, partial, run)
        run.raise_if_requested()
        partial.rename(target)
        sync_folder(target.parent)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise CodedError("The disk became full while the scene was copied.", code="disk.full",
                             hint="Free some disk space and try again.") from error  # fmt: skip
        raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        if not config.files:
            shutil.rmtree(unpacked, ignore_errors=True)
    return facts


def _refuse_full_disk(source: SceneSource, target: Path, config: ImportSceneConfig) -> None:
    """Before anything is written: room for the cube, for a second copy where its axes must be turned, and a reserve."""
    existing = next(folder for folder in target.absolute().parents if folder.is_dir())
    free = shutil.disk_usage(existing).free
    needed = 0 if config.copy_cube == "in_place" else source.cube_bytes * (2 if source.needs_spool else 1)
    if needed + config.reserve_gb * 1e9 > free:
        raise CodedError(
            f"The scene needs {needed / 1e9:,.2f} GB and a reserve of {config.reserve_gb:,.2f} GB, but only "
            f"{free / 1e9:,.2f} GB are free.", code="disk.full",
            hint="Free some disk space, or register the file in place where its format can be mapped.",
        )  # fmt: skip


def _write(config: ImportSceneConfig, source: SceneSource, partial: Path, run: Reporter) -> dict[str, Any]:
    cube, place = _take_cube(config, source, partial, run)
    before = measure_scene(cube, nodata=source.nodata, progress=_stage(run, "measure"))
    _refuse_nothing(before)
    plan = plan_repair(cube, before, source.nodata)
    after, nodata = before, source.nodata
    if plan.is_needed:
        if place is not None:
            raise FormatError("The cube has missing values, which cannot be repaired in place.", code="hsi.needs_copy",
                              hint="Import the scene with a copy.", where="copy_cube")  # fmt: skip
        replaced = repair_cube(cube, plan, nodata=nodata, progress=_stage(run, "repair"))
        run.log(f"Replaced {replaced:,} missing values in the copy; the file itself is unchanged.", "warning")
        after, nodata = measure_scene(cube, progress=_stage(run, "measure")), None
    return _describe(config, source, partial, run, cube, place, before, after, plan)


def _take_cube(
    config: ImportSceneConfig, source: SceneSource, partial: Path, run: Reporter
) -> tuple[NDArray[Any], dict[str, Any] | None]:
    """The cube, and where it stays when it is not copied."""
    if config.copy_cube == "copy" or source.inspection is None:
        return source.copy_into(partial / CUBE_FILE, _stage(run, "copy")), None
    found, order = source.inspection.cube.found, source.inspection.cube.axis_order
    is_unpacked = Path(config.source).suffix.lower() == ".zip"
    if not found.stored.is_mappable or is_unpacked:
        raise FormatError("The cube is packed, so it cannot be mapped where it lies.", code="hsi.needs_copy",
                          hint="Import the scene with a copy.", where="copy_cube")  # fmt: skip
    data = found.source.parts[-1].resolve()
    status = data.stat()
    place = {
        "path": str(data), "opened": str(found.source.path.resolve()), "key": found.stored.key, "axis_order": order,
        "size_bytes": status.st_size, "modified_ns": status.st_mtime_ns,
    }  # fmt: skip
    return arrange(found.stored.open(), order), place


def _refuse_nothing(measured: Measurement) -> None:
    if measured.constant.all():
        known = measured.mean[np.isfinite(measured.mean)]
        what = "holds no value at all" if not len(known) else "is 0 everywhere" if not known.any() else "is constant"
        raise FormatError(f"The cube {what}: there is nothing to find in it.", code="hsi.nothing",
                          hint="Check the file, and which array is taken for the cube.")  # fmt: skip


def _describe(
    config: ImportSceneConfig, source: SceneSource, partial: Path, run: Reporter, cube: NDArray[Any],
    place: dict[str, Any] | None, before: Measurement, after: Measurement, plan: RepairPlan,
) -> dict[str, Any]:  # fmt: skip
    good = ~(source.listed_bad | after.constant | plan.lost_bands | before.constant)
    if not good.any():
        raise FormatError("Every band is constant, missing or listed as bad.", code="hsi.nothing",
                          hint="Check the list of bad bands.", where="bad_bands")  # fmt: skip
    scene = Scene(source.name, cube, source.mask, source.wavelengths, good, source.georeference, source.sensor,
                  config.domain_id)  # fmt: skip
    noise, explained = noise_of(after.sample, ~after.constant)
    findings = find_in_scene(
        before, plan, listed_bad=source.listed_bad, explained=explained, wavelengths=source.wavelengths,
        anomalies=None if source.mask is None else int(np.count_nonzero(source.mask)),
    )  # fmt: skip
    findings += [
        finding("import_note", "warning", 1, line, "Check it on the scene's page.") for line in source.warnings
    ]
    findings += _doubled(after.fingerprint, config.compare)
    if source.mask is not None:
        np.save(partial / MASK_FILE, source.mask, allow_pickle=False)
    if plan.invalid.any():
        np.save(partial / INVALID_FILE, plan.invalid, allow_pickle=False)
    picture = false_colour(scene, max_side=PREVIEW_SIDE)
    write_atomic(partial / PREVIEW_FILE, png_bytes(picture if source.mask is None else draw_mask(picture, source.mask)))
    statistics = scene_statistics(after, noise=noise, explained=explained, good_bands=good,
                                  wavelengths=source.wavelengths)  # fmt: skip
    write_json_atomic(partial / STATISTICS_FILE, statistics)
    inspection = source.inspection
    facts = scene_facts(scene, {
        "fingerprint": after.fingerprint, "findings": findings, "evidence": list(source.evidence), "in_place": place,
        "bytes": source.cube_bytes,
        "source": None if inspection is None else {
            "files": list(inspection.names), "cube": inspection.cube.as_dict(),
            "mask": inspection.mask.as_dict() if inspection.mask else None,
        },
    })  # fmt: skip
    write_json_atomic(partial / SCENE_FILE, facts)
    for entry in findings:
        run.log(entry["message"], "info" if entry["severity"] == "info" else "warning")
    return facts


def _doubled(fingerprint: str, folders: list[str]) -> list[dict[str, Any]]:
    """Scenes with the very same values: trained on one and scored on the other, they make every score too good."""
    equal = []
    for folder in map(Path, folders):
        if is_scene_folder(folder):
            other = read_facts(folder)
            if other.get("fingerprint") == fingerprint:
                equal.append(str(other["name"]))
    if not equal:
        return []
    return [finding("doubled_scene", "warning", len(equal), f"The same values are in: {', '.join(equal[:5])}.",
                    "Keep one of them: a scene that was trained on is no test.")]  # fmt: skip


def _stage(run: Reporter, stage: str) -> Callable[[int, int], None]:
    def report(done: int, total: int) -> None:
        run.raise_if_requested()
        run.progress(done, total, "rows", stage)

    return report
