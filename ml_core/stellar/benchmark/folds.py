"""The rounds of a benchmark: in each, some stars are learnt from and others scored."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml_core.run.files import write_atomic
from ml_core.stellar.benchmark.config import BenchmarkConfig
from ml_core.stellar.benchmark.splits import Split, SplitError, leave_cluster_out, leave_family_out, read_families
from ml_core.stellar.spectra.spectrum import BANDS
from ml_core.stellar.survey import IMAGES_FOLDER, SPECTRA_FOLDER, open_survey, read_rejected, write_rejected
from ml_core.stellar.survey_arrays import Arrays

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Fold:
    """One round. The arrays are mapped from files; rows of them are read when they are asked for.

    Attributes:
        name: Of the family or cluster that is scored; ``test`` where there is a test survey.
        folder: A survey of the stars that are learnt from.
        learnt: Arrays that hold these stars, and `learnt_rows`, which they are.
        asked: Arrays that hold the stars that are scored, and `asked_rows`. No star is in both.
    """

    name: str
    folder: Path
    learnt: Arrays
    learnt_rows: NDArray[np.int64]
    asked: Arrays
    asked_rows: NDArray[np.int64]

    def train(self) -> Arrays:
        """Stars to learn from, without their images."""
        return {name: held[self.learnt_rows] for name, held in self.learnt.items() if name != "image"}

    def test(self) -> Arrays:
        """Stars to score."""
        return {name: held[self.asked_rows] for name, held in self.asked.items()}

    @property
    def labels(self) -> NDArray[np.int64]:
        """(N,) classes of the stars to score."""
        return np.asarray(self.asked["label"][self.asked_rows])

    @property
    def sn(self) -> NDArray[np.float32]:
        """(N,) S/N of the stars to score."""
        return np.asarray(self.asked["sn"][self.asked_rows])


def make_folds(config: BenchmarkConfig, cache: Path, work: Path, progress: Progress) -> list[Fold]:
    """Read the surveys and divide the stars.

    Raises:
        FormatError: A survey cannot be read.
        SplitError: No star is left to score, or the families or clusters cannot be told apart.
    """
    folder = Path(config.train).absolute()
    train = open_survey(folder).arrays(cache, config.modality, progress=progress)
    if config.split == "given":
        test = open_survey(Path(config.test)).arrays(cache, config.modality, progress=progress)
        everything = np.arange(len(train["name"]))
        return [Fold("test", folder, train, everything, test, _unseen(train, test, config.test))]
    if config.split == "family":
        splits = leave_family_out(read_families(folder, train["name"].tolist(), config.family_columns))
    else:
        splits = leave_cluster_out(train["flux"], train["ivar"], train["label"], config.clusters, seed=config.seed)
    return [_fold(split, number, folder, train, work) for number, split in enumerate(splits)]


def _unseen(train: Arrays, test: Arrays, where: str) -> NDArray[np.int64]:
    """Rows of the test survey that are not in the training survey."""
    new = np.flatnonzero(~np.isin(test["name"], train["name"]))
    if not len(new):
        raise SplitError(
            "All stars of the test survey are learnt from.", where=Path(where).name,
            hint="Give another survey, or leave families or clusters out (split).",
        )  # fmt: skip
    return new


def _fold(split: Split, number: int, folder: Path, arrays: Arrays, work: Path) -> Fold:
    view = write_view(folder, set(arrays["name"][split.train].tolist()), work / f"fold-{number}" / "survey")
    return Fold(split.name, view, arrays, split.train, arrays, split.test)


def write_view(folder: Path, names: set[str], view: Path) -> Path:
    """A survey of some of the stars of another, whose files stay where they are.

    Args:
        folder: The whole survey.
        names: Of the stars.
        view: Folder to make; one that an earlier call left is made again and holds the same.
    """
    view.mkdir(parents=True, exist_ok=True)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("name", "ra", "dec", "plate", "mjd", "fiberID", "subclass", *(f"{band}_mag" for band in BANDS)))
    for star in open_survey(folder).objects:
        if star.name in names:
            numbers = ["" if math.isnan(value) else repr(value) for value in (star.ra, star.dec, *star.magnitudes)]
            identity = (star.plate, star.mjd, star.fiber, star.subclass)
            writer.writerow((star.name, *numbers[:2], *identity, *numbers[2:]))
    write_atomic(view / "objects.csv", text.getvalue().encode())
    write_rejected(view, read_rejected(folder))
    for kind in (SPECTRA_FOLDER, IMAGES_FOLDER):
        (view / kind).unlink(missing_ok=True)
        if (folder / kind).is_dir():
            (view / kind).symlink_to(folder / kind, target_is_directory=True)
    return view
