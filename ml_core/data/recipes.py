"""The recipes of data: import a data set version, and measure one."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any, Literal

from ml_core.data.archive import ArchiveLimits
from ml_core.data.import_images import ImportOrder, import_images
from ml_core.data.manifest import REJECTS_FILE, STATISTICS_FILE
from ml_core.data.statistics import StatisticsOrder, measure_version
from ml_core.errors import FormatError
from ml_core.run.config import RecipeConfig, option
from ml_core.run.context import RunContext
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
    artifact = run.artifact_path(REJECTS_FILE)
    try:
        version = import_images(order, run, rejects_copy=artifact)
    except FormatError:
        if artifact.exists():
            run.artifact(artifact, "text/csv")
        raise
    run.artifact(artifact, "text/csv")
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
