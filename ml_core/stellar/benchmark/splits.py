"""Which stars are learnt from before which stars are scored: whole families, or whole clusters, are left out.

A random split is kind: its test stars have siblings among the training stars. What a survey of other stars will bring
is better foretold by stars of a kind that was never seen: another metallicity, template library, field or instrument.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.errors import CodedError
from ml_core.stellar.baselines.flux_shape import binned, flux_shape
from ml_core.stellar.catalogue_files import read_columns
from ml_core.stellar.survey import find_catalogue

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

#: Tables beside the catalogue that may hold columns about the stars.
_TABLES: Final = ("families.csv", "truth.csv")
_BIN_WIDTH: Final = 80
_COMPONENTS: Final = 4
_BLOCK: Final = 1024
#: Relative error of a bin that its noise does not go below: calibration.
_FLOOR: Final = 0.02


class SplitError(CodedError):
    """The stars cannot be divided as asked."""

    default_code = "stellar.split"


@dataclass(frozen=True)
class Split:
    """Rows that are learnt from and rows that are scored. None is in both."""

    name: str
    train: Integers
    test: Integers


def leave_family_out(families: Sequence[str]) -> list[Split]:
    """One split for each family, whose stars are scored after the others were learnt from.

    Stars whose family is empty are always learnt from.

    Raises:
        SplitError: There are fewer than two families.
    """
    of = np.asarray(families, np.str_)
    names = sorted(set(of.tolist()) - {""})
    if len(names) < 2:
        raise SplitError(
            f"The stars belong to {len(names)} families; at least two are needed.",
            hint="Name columns that tell families apart, or leave clusters out.",
        )
    return [Split(name, np.flatnonzero(of != name), np.flatnonzero(of == name)) for name in names]


def leave_cluster_out(
    flux: NDArray[Any], ivar: NDArray[Any], labels: NDArray[Any], count: int = 4, *, seed: int = 0
) -> list[Split]:
    """The same with clusters in the place of families: groups of stars whose spectra differ in the same way.

    The shape of the spectrum in wide bins, without what the star's type explains, is projected on its principal
    components; k-means divides them. What is left is what else spectra differ by: metallicity, reddening, calibration.
    Stars weigh by how well their bins are known, so that noise makes no clusters.

    Args:
        flux: (N, 3522) on the grid.
        ivar: (N, 3522), 0 = not usable.
        labels: (N,) 0..4.
        count: Clusters.
        seed: Of k-means.

    Raises:
        SplitError: There are fewer than ten stars for each cluster.
    """
    from sklearn.cluster import KMeans

    if len(labels) < 10 * count:
        raise SplitError(f"{len(labels)} stars are too few for {count} clusters.",
                         hint="Take fewer clusters, or more stars.")  # fmt: skip
    residual, weight = _residuals(flux, ivar, np.asarray(labels))
    _, _, axes = np.linalg.svd(residual * np.sqrt(weight)[:, None], full_matrices=False)
    places = residual @ axes[:_COMPONENTS].T
    found = KMeans(count, n_init=10, random_state=seed).fit(places, sample_weight=weight).labels_
    return leave_family_out([f"cluster {number + 1}" for number in found])


def _residuals(flux: NDArray[Any], ivar: NDArray[Any], labels: NDArray[Any]) -> tuple[Floats, Floats]:
    """(N, 44) bins without what the type explains, and a weight for each star."""
    bins, weight = [], []
    for start in range(0, len(labels), _BLOCK):
        shape, weights = flux_shape(flux[start : start + _BLOCK], ivar[start : start + _BLOCK])
        bins.append(binned(shape, weights, _BIN_WIDTH))
        mean_ivar = weights.sum(1) / np.maximum((weights > 0).sum(1), 1)
        weight.append(1 / (1 / np.maximum(mean_ivar * _BIN_WIDTH, 1e-12) + _FLOOR**2))
    each = np.concatenate(weight)
    each = each / each.max()
    return _without_type(np.concatenate(bins), each, labels), each


def _without_type(shapes: Floats, weight: Floats, labels: NDArray[Any]) -> Floats:
    """Less the mean of the class, and less the way from class to class.

    A class is a whole sub-type wide: with its mean alone taken out, the early and the late halves of the classes would
    make the clusters, and leaving a half out teaches a wrong edge.
    """
    known = np.unique(labels)
    means = np.stack([np.average(shapes[labels == at], axis=0, weights=weight[labels == at]) for at in known])
    ways = np.gradient(means, known.astype(float), axis=0) if len(known) > 1 else np.zeros_like(means)
    ways = ways / np.maximum(np.linalg.norm(ways, axis=1, keepdims=True), 1e-12)
    row = np.searchsorted(known, labels)
    left = shapes - means[row]
    found: Floats = left - (left * ways[row]).sum(1, keepdims=True) * ways[row]
    return found


def read_families(folder: Path, names: Sequence[str], columns: Sequence[str]) -> list[str]:
    """The family of each star: the values of ``columns`` joined by "/"; empty for a star that no table knows.

    The columns may stand in the catalogue, or with a column ``name`` in ``families.csv`` or ``truth.csv`` beside it.

    Args:
        folder: Of the survey.
        names: Stars.
        columns: Such as ``family`` and ``feh``.

    Raises:
        SplitError: No table has all the columns.
    """
    catalogue = find_catalogue(folder)
    tables = [*([catalogue] if catalogue else []), *(folder / name for name in _TABLES)]
    for path in tables:
        if not path.is_file():
            continue
        held = read_columns(path)
        if {"name", *columns} <= set(held):
            joined = ["/".join(_text(value) for value in row) for row in zip(*(held[c] for c in columns), strict=True)]
            known = dict(zip(map(str, held["name"]), joined, strict=True))
            return [known.get(name, "") for name in names]
    raise SplitError(
        f"No table of the survey has the columns {', '.join(columns)}.", where=folder.name,
        hint="Add them to the catalogue, or a families.csv with a column name beside it, or leave clusters out.",
    )  # fmt: skip


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()
