"""What is to be known about a collection before anything is trained: counts, copies, repairs, doubts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from ml_core.anime.collection.reading import Collection
from ml_core.data.doubts.wrong_classes import Doubt

FEW_PICTURES: Final = 5


def collection_health(collection: Collection, doubts: Sequence[Doubt] = ()) -> dict[str, Any]:
    """A JSON-able report.

    Args:
        collection: What was read.
        doubts: Labels in doubt, where something has judged them.
    """
    pictures, names = collection.pictures, collection.characters
    counts = Counter(picture.label for picture in pictures)
    paths = [picture.path for picture in pictures]
    return {
        "images": len(pictures),
        "characters": [{"name": name, "images": counts[number]} for number, name in enumerate(names)],
        "empty": collection.empty,
        "few": [name for number, name in enumerate(names) if counts[number] < FEW_PICTURES],
        "formats": dict(Counter(picture.format for picture in pictures)),
        "extension_lies": [picture.path for picture in pictures if picture.extension_lies],
        "laid_over_white": [picture.path for picture in pictures if picture.has_transparency],
        "extreme_aspect": [picture.path for picture in pictures if picture.is_extreme],
        "equal_files": [[paths[position] for position in group] for group in collection.copies.exact],
        "near_copies": [[paths[position] for position in group] for group in collection.copies.near],
        "two_names": [
            [paths[position] for position in group]
            for group in collection.copies.across([picture.label for picture in pictures])
        ],
        "rejects": [
            {"path": reject.path, "reason": reject.reason, "cure": reject.cure}
            for reject in collection.rejects
            if reject.is_fault
        ],
        "ignored_files": sum(not reject.is_fault for reject in collection.rejects),
        "doubts": [
            {
                "path": paths[doubt.position],
                "character": names[doubt.label],
                "likely": names[doubt.likely],
                "own": doubt.own,
                "other": doubt.other,
            }
            for doubt in doubts
        ],
    }
