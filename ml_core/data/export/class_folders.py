"""One folder per class: ``<split>/<class>/image``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from ml_core.data.annotations.builder import CROWD
from ml_core.data.export.sink import Sink
from ml_core.data.export.source import Losses, Source, distinct_names, item_source

_SEVERAL: Final = "Images with objects of several classes, which have no folder of their own."
_NONE: Final = "Images without an object of a named class, which have no folder of their own."
_BOXES: Final = "Boxes and shapes: only the class of the image stays."


def write_class_folders(
    source: Source, sink: Sink, losses: Losses, *, boxes_only: bool, step: Callable[[], None]
) -> int:
    """Write all images that have one class. Of a set with boxes, those whose boxes are all of one class."""
    folders = distinct_names(source.classes)
    names = source.new_names(one_folder=False)
    for position, (item, name) in enumerate(zip(source.items, names, strict=True)):
        label = item.label if source.table is None else _only_class(source, position)
        if label < 0:
            losses.leave_out_image(item.path, _SEVERAL if label == -2 else _NONE)
        else:
            sink.image(f"{item.split}/{folders[label]}/{name}", item_source(source.root, item), item.sha256)
        step()
    if source.table is not None:
        losses.note(_BOXES, len(source.table))
        losses.left_out_annotations = len(source.table)
    return 0


def _only_class(source: Source, position: int) -> int:
    """The class of all boxes; -1 for none, -2 for several."""
    assert source.table is not None
    rows = source.table.of_image(position)
    label = np.asarray(source.table.label[rows.start : rows.stop])
    crowd = np.asarray(source.table.flags[rows.start : rows.stop]) & CROWD != 0
    found = np.unique(label[(label >= 0) & ~crowd])
    return int(found[0]) if len(found) == 1 else -1 if not len(found) else -2
