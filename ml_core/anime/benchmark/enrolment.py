"""How well characters are added: repeated draws of their images, all new ones at once, everybody a possible answer."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from ml_core.anime.collection.reading import Collection, read_collection
from ml_core.anime.collection.square import side_for
from ml_core.anime.online.learning import OnlineLearningSystem
from ml_core.anime.recognise.scores import unknown_auroc
from ml_core.anime.recognise.storage import load_recogniser, read_recogniser_facts

SIZES: Final = (1, 5, 10, 20)
Rows = NDArray[np.int64]
Told = Callable[[int, int], None]


def measure_enrolment(
    weight: Path, test: Path, new: Path, scratch: Path, *, draws: int, seed: int, progress: Told
) -> dict[str, Any]:
    """Add all characters of ``new`` to a recogniser, with 1, 5, 10 and 20 images each, and judge by all others.

    Args:
        weight: Folder of the recogniser.
        test: Images of characters that it knows.
        new: Characters that it does not.
        scratch: Folder for the feature database; it is made anew.
        draws: Repetitions of each size.
        seed: Of the draws.
        progress: Called with draws done and all.

    Returns:
        ``enrol`` by size: ``new_top1``, ``known_top1``, ``known_top1_before``, ``seconds`` a character, ``characters``
        that had more images than that, and ``by_draw``. ``unknown_auroc``: before any was added.
    """
    facts, model = read_recogniser_facts(weight), load_recogniser(weight)
    fit, side = facts.get("fit_picture", "crop"), side_for(model.network.size if model.network else 0)
    known, strangers = read_collection(test, fit, side=side), read_collection(new, fit, side=side)
    shutil.rmtree(scratch, ignore_errors=True)
    trial = _Trial(OnlineLearningSystem(weight, scratch), known, strangers)
    found: dict[str, Any] = {}
    for place, size in enumerate(SIZES):
        rows = []
        for draw in range(draws):
            progress(place * draws + draw, len(SIZES) * draws)
            rows.append(trial.add(size, np.random.default_rng([seed, size, draw])))
        found[str(size)] = _summary([row for row in rows if row is not None], trial.known_before)
    progress(len(SIZES) * draws, len(SIZES) * draws)
    shutil.rmtree(scratch, ignore_errors=True)
    return {"enrol": found, "unknown_auroc": trial.auroc}


class _Trial:
    """A recogniser with images of known and of new characters, whose descriptions are made once."""

    def __init__(self, learner: OnlineLearningSystem, known: Collection, strangers: Collection) -> None:
        self._learner, self._known, self._strangers = learner, known, strangers
        self._base = learner.database.revision
        before = learner.recogniser
        self._known_vectors = before.vectors(known.pixels)
        self._strange_vectors = before.vectors(strangers.pixels)
        answer = before.answer(known.pixels, self._known_vectors)
        strange = before.answer(strangers.pixels, self._strange_vectors)
        self.known_before = float((answer.probabilities.argmax(1) == self._truth(known)).mean())
        self.auroc = unknown_auroc(answer.familiarity, strange.familiarity)

    def add(self, size: int, rng: np.random.Generator) -> dict[str, float] | None:
        """One draw; None where no new character has more than ``size`` images."""
        chosen = self._draw(size, rng)
        if not chosen:
            return None
        seconds = []
        for name, (shown, _) in chosen.items():
            paths = [self._strangers.root / self._strangers.pictures[row].path for row in shown]
            seconds.append(self._learner.add_new_role(name, paths).seconds)
        rows = torch.from_numpy(np.concatenate([rest for _, rest in chosen.values()]))
        after = self._learner.recogniser
        asked = after.answer(self._strangers.pixels[rows], self._strange_vectors[rows]).probabilities.argmax(1)
        known = after.answer(self._known.pixels, self._known_vectors).probabilities.argmax(1)
        result = {
            "new_top1": float((asked == self._truth(self._strangers)[rows]).mean()),
            "known_top1": float((known == self._truth(self._known)).mean()),
            "seconds": float(np.mean(seconds)),
            "characters": float(len(chosen)),
        }
        self._learner.rollback(self._base)
        return result

    def _draw(self, size: int, rng: np.random.Generator) -> dict[str, tuple[Rows, Rows]]:
        """Images to add each character with, and those to judge by: none is a copy of one that was shown."""
        labels, groups = self._strangers.labels.numpy(), self._strangers.copies.group_of
        drawn = {}
        for label, name in enumerate(self._strangers.characters):
            own = np.flatnonzero(labels == label)
            order = rng.permutation(own)
            firsts = np.sort(np.unique(groups[order], return_index=True)[1])  # the first drawn of each group of copies
            shown = order[firsts[:size]]
            rest = own[~np.isin(groups[own], groups[shown])]
            if len(shown) == size and len(rest):
                drawn[name] = shown, rest
        return drawn

    def _truth(self, collection: Collection) -> Rows:
        """Columns of the images' characters; -1 for one that is not among them now."""
        roles = {name: place for place, name in enumerate(self._learner.roles)}
        places = np.array([roles.get(name, -1) for name in collection.characters], dtype=np.int64)
        truth: Rows = places[collection.labels.numpy()]
        return truth


def _summary(rows: list[dict[str, float]], before: float) -> dict[str, Any]:
    if not rows:
        return {"new_top1": None, "known_top1": None, "known_top1_before": before, "seconds": None, "characters": 0}
    means = {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
    return {**means, "known_top1_before": before, "by_draw": {key: [row[key] for row in rows] for key in rows[0]}}
