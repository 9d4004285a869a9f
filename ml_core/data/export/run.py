"""A version written in another format: counts in are counts out plus what was left out by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from ml_core.data.export.class_folders import write_class_folders
from ml_core.data.export.coco import write_coco
from ml_core.data.export.sink import Sink, open_sink
from ml_core.data.export.source import Losses, Source
from ml_core.data.export.voc import write_voc
from ml_core.data.export.yolo import write_yolo
from ml_core.data.import_order import ImportReporter
from ml_core.errors import CodedError, FormatError

_LISTED: Final = 1000


class Writer(Protocol):
    """Writes a version in one format and returns how many annotations it wrote."""

    def __call__(
        self, source: Source, sink: Sink, losses: Losses, *, boxes_only: bool, step: Callable[[], None]
    ) -> int: ...


WRITERS: Final[dict[str, Writer]] = {
    "classification": write_class_folders, "coco": write_coco, "voc": write_voc, "yolo": write_yolo,
}  # fmt: skip


@dataclass(frozen=True)
class ExportOrder:
    """What to export and how.

    Attributes:
        version: Folder of the version.
        root: Folder of its images.
        target: A new folder, or a new archive where the name ends in ``.zip``.
        format: A key of `WRITERS`.
        boxes_only: Write shapes as boxes.
    """

    version: Path
    root: Path
    target: Path
    format: str
    boxes_only: bool = False


def export_version(order: ExportOrder, run: ImportReporter) -> dict[str, Any]:
    """Write the export and return its report: ``format``, ``images``, ``annotations``, ``losses``, ``left_out``.

    Raises:
        FormatError: ``export.no_boxes``, ``export.target_exists``, ``export.image_missing``, ``export.image_changed``
            or ``format.unknown``. Nothing is left then.
    """
    if order.format not in WRITERS:
        raise FormatError(f'There is no format "{order.format}" to export to.', code="format.unknown",
                          hint=f"Known formats: {', '.join(WRITERS)}.")  # fmt: skip
    source = Source(order.version, order.root)
    if source.table is None and order.format != "classification":
        raise FormatError("The data set has one class for each image and no boxes.", code="export.no_boxes",
                          hint="Export it as folders of classes.")  # fmt: skip
    losses = Losses()
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        run.raise_if_requested()
        run.progress(done, len(source.items), "images", "write")

    with open_sink(order.target) as sink:
        written = WRITERS[order.format](source, sink, losses, boxes_only=order.boxes_only, step=step)
        annotations = 0 if source.table is None else len(source.table)
        if done != len(source.items) or written + losses.left_out_annotations != annotations:
            raise CodedError("The export lost count of its images or annotations.", code="export.miscounted",
                             hint="Report this defect.")  # fmt: skip
    for what, count in losses.counts.most_common():
        run.log(f"{count:,} x {what}", "warning")
    return {
        "format": order.format,
        "fingerprint": source.facts["fingerprint"],
        "images": {"in": len(source.items), "out": len(source.items) - losses.left_out_images,
                   "left_out": losses.left_out_images},
        "annotations": {"in": annotations, "out": written, "left_out": losses.left_out_annotations},
        "losses": [{"what": what, "count": count} for what, count in losses.counts.most_common()],
        "left_out": [{"path": path, "why": why} for path, why in losses.names[:_LISTED]],
    }  # fmt: skip
