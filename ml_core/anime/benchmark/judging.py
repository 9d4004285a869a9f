"""A recogniser by itself on images that it did not learn from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ml_core.anime.collection.reading import read_collection
from ml_core.anime.collection.sources import read_sources
from ml_core.anime.collection.square import side_for
from ml_core.anime.distill.compare import Judging, compare
from ml_core.anime.recognise.storage import load_recogniser, read_recogniser_facts


def judge_recogniser(weight: Path, test: Path) -> dict[str, Any]:
    """The row of a teacher in the comparison of `anime.distill`."""
    model, facts = load_recogniser(weight), read_recogniser_facts(weight)
    side = side_for(model.network.size if model.network else 0)
    images = read_collection(test, facts.get("fit_picture", "crop"), side=side)
    paths = [picture.path for picture in images.pictures]
    places = np.array([model.characters.index(name) for name in images.characters], dtype=np.int64)
    judging = Judging(images.pixels, places[images.labels.numpy()], read_sources(images.root, "", paths), paths)
    return compare(model, weight, {}, judging, teacher_may_be_judged=True)["teacher"]
