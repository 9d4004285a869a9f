"""The recipes of data: recognise a layout, import a data set version, measure and export one."""

from __future__ import annotations

import shutil
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from ml_core.data.archive import ArchiveLimits
from ml_core.data.choose_reading import all_readings
from ml_core.data.doubts import recipes as _doubts  # noqa: F401 - registers its recipes
from ml_core.data.export.run import ExportOrder, export_version
from ml_core.data.import_images import ImportOrder, import_images
from ml_core.data.manifest import READINGS_FILE, REJECTS_FILE, STATISTICS_FILE, read_version
from ml_core.data.revision.changes import parse_changes, read_json
from ml_core.data.revision.difference import difference
from ml_core.data.revision.fixes import changes_of_fixes
from ml_core.data.revision.revise import revise
from ml_core.data.statistics import StatisticsOrder, measure_version
from ml_core.errors import FormatError
from ml_core.run.config import RecipeConfig, option
from ml_core.run.context import RunContext
from ml_core.run.files import write_json_atomic
from ml_core.run.registry import recipe


class ImportConfig(RecipeConfig):
    """What to import and how to split it."""

    source: str = option("", description="Folder of images, or a zip archive. Empty for a sample.", group="Data")
    sample: Literal["", "digits"] = option("", description="Make a sample instead: handwritten digits.", group="Data",
                                           advanced=True)  # fmt: skip
    version: str = option(description="Folder that the version is written to; it must not exist yet.", group="Data")
    images: str = option("", description="Folder that an archive is unpacked to. Empty: beside the version.",
                         group="Data", advanced=True)  # fmt: skip
    format: str = option("", description="Name of the layout. Empty: recognise it.", group="Data", advanced=True)
    task: Literal["classify", "detect", "auto"] = option(
        "classify", group="Data", advanced=True,
        description="classify: one class for each image. detect: boxes, polygons or masks. auto: what fits best.",
    )  # fmt: skip
    labels: str = option("", description="Folder or file of labels to take where there are several. Empty: the best.",
                         group="Data", advanced=True)  # fmt: skip
    use_given_splits: bool = option(
        True, description="Folders called train, val and test decide. Off: all images are dealt anew.", group="Splits"
    )
    val: float = option(0.15, ge=0.0, le=0.9, title="Validation share", group="Splits",
                        description="Share of validation images where none are given.")  # fmt: skip
    test: float = option(0.15, ge=0.0, le=0.9, title="Test share", group="Splits",
                         description="Share of test images where none are given.")  # fmt: skip
    seed: int = option(0, ge=0, le=2**31 - 1, description="Decides the splits that are dealt.", group="Splits")
    accept_rejects: bool = option(
        False, description="Go on however many files cannot be used. Look at the list of rejects first.", group="Care"
    )
    max_reject_share: float = option(
        0.05, ge=0.0, le=1.0, description="Above this share of unusable images a person must agree.", group="Care",
        advanced=True,
    )  # fmt: skip
    max_unpacked_gb: float = option(64.0, gt=0.0, le=10_000.0, unit="GB", group="Care", advanced=True,
                                    description="Larger archives are refused.")  # fmt: skip
    workers: int = option(0, ge=0, le=64, description="Threads for the scan; 0 chooses.", group="Machine",
                          advanced=True, may_change=True)  # fmt: skip


class RecogniseConfig(RecipeConfig):
    """Which folder to look at."""

    source: str = option(description="Folder of images and label files.", group="Data")


class ExportConfig(RecipeConfig):
    """Which version to write, and how."""

    version: str = option(description="Folder of the version.", group="Data")
    root: str = option(description="Folder of its images.", group="Data")
    format: Literal["classification", "coco", "voc", "yolo"] = option(
        description="Layout to write. What it cannot hold is named.", group="Format"
    )
    boxes_only: bool = option(False, description="Write polygons and masks as boxes.", group="Format")
    target: str = option("", group="Data", advanced=True,
                         description="New folder or .zip file. Empty: an archive among the artifacts.")  # fmt: skip


class ReviseConfig(RecipeConfig):
    """Which version to correct, and how."""

    version: str = option(description="Folder of the version.", group="Data")
    target: str = option(description="Folder of the new version; it must not exist yet.", group="Data")
    fixes: str = option("", description="Names of fixes with commas between them.", group="Changes")
    changes: str = option("", description="JSON file with a list of corrections.", group="Changes")


class StatisticsConfig(RecipeConfig):
    """Which version to measure."""

    version: str = option(description="Folder of the version.", group="Data")
    root: str = option(description="Folder of its images.", group="Data")
    near_distance: int = option(
        4, ge=0, le=8, group="Care", description="Bits in which the perceptual hashes of near copies may differ.",
    )  # fmt: skip
    workers: int = option(0, ge=0, le=64, description="Threads; 0 chooses.", group="Machine", advanced=True,
                          may_change=True)  # fmt: skip


@recipe(
    "data.import", ImportConfig, queue="io", title="Import images",
    summary="Unpack, recognise, check and split a folder or a zip archive of images into an immutable version.",
)  # fmt: skip
def import_data(config: ImportConfig, run: RunContext) -> dict[str, Any]:
    """Make a version folder; ``rejects.csv`` becomes an artifact, also when the import is refused because of it."""
    version_folder = Path(config.version)
    order = ImportOrder(
        source=Path(config.source) if config.source else None,
        sample=config.sample,
        images=Path(config.images) if config.images else version_folder.with_name(f"{version_folder.name}-images"),
        version=version_folder,
        format=config.format,
        task=config.task,
        labels=config.labels,
        use_given_splits=config.use_given_splits,
        seed=config.seed,
        val=config.val,
        test=config.test,
        accept_rejects=config.accept_rejects,
        max_reject_share=config.max_reject_share,
        workers=config.workers,
        limits=ArchiveLimits(max_total_bytes=int(config.max_unpacked_gb * 1e9)),
    )
    started = time.monotonic()
    rejects, readings = run.artifact_path(REJECTS_FILE), run.artifact_path(READINGS_FILE)
    try:
        version = import_images(order, run, rejects, readings)
    finally:
        for artifact, media_type in ((rejects, "text/csv"), (readings, "application/json")):
            if artifact.exists():
                run.artifact(artifact, media_type)
    run.data_fingerprint(version["fingerprint"])
    counts = version["counts"]
    elapsed = max(time.monotonic() - started, 1e-9)
    metrics: dict[str, float] = {
        "images": counts["images"],
        "rejected": counts["rejected"],
        "files_per_s": counts["files"] / elapsed,
    }
    if "annotations" in counts:
        metrics |= {
            "annotations": counts["annotations"]["kept"],
            "annotations_rejected": counts["annotations"]["rejected"],
        }
    return {"metrics": metrics, "version": version}


@recipe(
    "data.recognise", RecogniseConfig, queue="io", title="Recognise a layout",
    summary="List every reading of a folder in every format, with the evidence for each.",
)  # fmt: skip
def recognise_data(config: RecogniseConfig, run: RunContext) -> dict[str, Any]:
    """Write ``readings.json``: every candidate, best first."""
    root = Path(config.source)
    if not root.is_dir():
        raise FormatError("There is no such folder.", code="import.source_missing", hint="Check its path.")
    readings = [asdict(candidate) for candidate in all_readings(root, run)]
    for reading in readings:
        run.log(f"{reading['format']} {' '.join(reading['labels'])}: {reading['score']:.2f}. {reading['evidence'][0]}")
    artifact = run.artifact_path("readings.json")
    write_json_atomic(artifact, readings)
    run.artifact(artifact, "application/json")
    return {"metrics": {"readings": len(readings)}, "readings": readings}


@recipe(
    "data.revise", ReviseConfig, queue="io", title="Correct a data set",
    summary="Make a new version from an old one by fixes of findings and by corrections; the old one stays.",
)  # fmt: skip
def revise_data(config: ReviseConfig, run: RunContext) -> dict[str, Any]:
    """Write the new version folder, and what became different as ``difference.json``."""
    old, new = Path(config.version), Path(config.target)
    names = [name for name in (part.strip() for part in config.fixes.split(",")) if name]
    if new.exists():  # an earlier attempt of this run made it
        version = read_version(new, ("classify", "detect"))
    else:
        facts = read_version(old, ("classify", "detect"))
        changes = changes_of_fixes(old, names)
        if config.changes:
            counts = facts["counts"]
            rows = counts["annotations"]["kept"] if "annotations" in counts else 0
            document = read_json(Path(config.changes))
            classes = changes.classes or facts["classes"]
            by_hand = parse_changes(document, images=counts["images"], rows=rows, classes=len(classes))
            changes = changes.followed_by(by_hand)
        version = revise(old, new, changes, run, reason=", ".join(names))
    run.data_fingerprint(version["fingerprint"])
    artifact = run.artifact_path("difference.json")
    write_json_atomic(artifact, difference(old, new))
    run.artifact(artifact, "application/json")
    return {"metrics": {"images": version["counts"]["images"]}, "version": version}


@recipe(
    "data.export", ExportConfig, queue="io", title="Export images and labels",
    summary="Write a version in the layout of YOLO, COCO, Pascal VOC or folders of classes; what is lost is named.",
)  # fmt: skip
def export_data(config: ExportConfig, run: RunContext) -> dict[str, Any]:
    """Write ``export.zip`` and the report ``export.json`` as artifacts."""
    artifact = run.artifact_path("export.zip")
    artifact.unlink(missing_ok=True)  # what an earlier attempt of this run wrote
    target = Path(config.target) if config.target else artifact
    order = ExportOrder(Path(config.version), Path(config.root), target, config.format, config.boxes_only)
    report = export_version(order, run)
    run.data_fingerprint(report["fingerprint"])
    if not config.target:
        run.artifact(artifact, "application/zip")
    summary = run.artifact_path("export.json")
    write_json_atomic(summary, report)
    run.artifact(summary, "application/json")
    metrics = {"images": report["images"]["out"], "annotations": report["annotations"]["out"],
               "images_left_out": report["images"]["left_out"],
               "annotations_left_out": report["annotations"]["left_out"]}  # fmt: skip
    return {"metrics": metrics, "report": {key: value for key, value in report.items() if key != "left_out"}}


@recipe(
    "data.statistics", StatisticsConfig, queue="io", title="Measure images",
    summary="Decode every image of a version and measure brightness, sharpness, sizes, copies and leaks.",
)  # fmt: skip
def measure_data(config: StatisticsConfig, run: RunContext) -> dict[str, Any]:
    """Write ``statistics.json`` into the version folder and as an artifact."""
    order = StatisticsOrder(Path(config.version), Path(config.root), config.near_distance, config.workers)
    statistics = measure_version(order, run)
    artifact = run.artifact_path(STATISTICS_FILE)
    shutil.copyfile(order.version / STATISTICS_FILE, artifact)
    run.artifact(artifact, "application/json")
    return {"metrics": statistics["summary"], "findings": statistics["findings"]}
