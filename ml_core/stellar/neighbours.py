"""Stars that a classifier sees as alike: nearest neighbours in its embedding, and a flat map of all stars."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ml_core.errors import CodedError

MapMethod = Literal["auto", "pca", "tsne"]
Progress = Callable[[int, int], None]

#: Rows compared at once: 16 MB of 64 numbers each.
_BLOCK: Final = 65_536
#: t-SNE of more stars takes minutes; `auto` then takes the principal components.
TSNE_MOST: Final = 5_000
_PERPLEXITY: Final = 30.0
_KEPT: Final = 50


class EmbeddingError(CodedError):
    """Embeddings that cannot be compared."""

    default_code = "stellar.embedding"


def nearest(
    embeddings: NDArray[Any], queries: ArrayLike, count: int = 10, *, exclude: ArrayLike | None = None
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The nearest stars by Euclidean distance, exactly: every star is compared, block by block.

    Args:
        embeddings: (N, D), may be mapped from a file. Rows with NaN or infinity are nobody's neighbours.
        queries: (D,) or (Q, D).
        count: How many; fewer come back when there are fewer.
        exclude: (Q,) index of the row that is the query itself, -1 for none.

    Returns:
        Indices and distances, nearest first, (count,) or (Q, count); of equal distances the lower index comes first.
        A place without a star has index -1 and distance infinity.

    Raises:
        EmbeddingError: The widths differ, or a query is not finite.
    """
    asked = np.atleast_2d(np.asarray(queries, np.float64))
    if embeddings.ndim != 2 or asked.shape[1] != embeddings.shape[1] or not np.isfinite(asked).all():
        raise EmbeddingError(
            f"A query of {asked.shape[1]} numbers cannot be compared with embeddings of shape {embeddings.shape}.",
            hint="Take query and stars from the same classifier.",
        )
    own = np.full(len(asked), -1) if exclude is None else np.asarray(exclude).reshape(-1)
    count = max(1, min(count, len(embeddings)))
    best = np.full((len(asked), 0), -1, np.int64)
    distance = np.full((len(asked), 0), np.inf)
    for start in range(0, len(embeddings), _BLOCK):
        block = np.asarray(embeddings[start : start + _BLOCK], np.float64)
        indices = np.arange(start, start + len(block))
        found = np.stack([np.square(block - query).sum(1) for query in asked])
        found[~np.isfinite(found) | (indices == own[:, None])] = np.inf
        best = np.concatenate([best, np.broadcast_to(indices, found.shape)], axis=1)
        distance = np.concatenate([distance, found], axis=1)
        order = _smallest(distance, count)
        best, distance = np.take_along_axis(best, order, 1), np.take_along_axis(distance, order, 1)
    best[np.isinf(distance)] = -1
    distance = np.sqrt(distance)
    return (best[0], distance[0]) if np.ndim(queries) == 1 else (best, distance)


def _smallest(values: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Places of the ``count`` least values of each row, in order; ties by place."""
    if values.shape[1] > 4 * count:
        # A bound first: sorting only what is within it leaves ties at the bound to their order.
        bound = np.partition(values, count - 1, axis=1)[:, count - 1 : count]
        rows = [np.flatnonzero(row <= limit) for row, limit in zip(values, bound, strict=True)]
        chosen = [
            places[np.argsort(row[places], kind="stable")[:count]] for row, places in zip(values, rows, strict=True)
        ]
        return np.stack(chosen)
    order: NDArray[np.int64] = np.argsort(values, axis=1, kind="stable")[:, :count]
    return order


def embedding_map(embeddings: ArrayLike, method: MapMethod = "auto", *, seed: int = 0) -> NDArray[np.float32]:
    """(N, 2) places of the stars on a map in which alike stars lie together.

    ``pca`` takes the two principal components, which keep distances as far as two axes can; ``tsne`` (van der Maaten &
    Hinton 2008) keeps neighbourhoods, and its distances mean nothing. ``auto`` is ``tsne`` up to 5,000 stars. Each
    axis is centred; the same embeddings and seed give the same map.

    Args:
        embeddings: (N, D). Rows with NaN or infinity get NaN.
        method: How.
        seed: Of t-SNE.
    """
    given = np.asarray(embeddings, np.float32)
    if given.ndim != 2:
        raise EmbeddingError(f"Embeddings have two axes, not {given.ndim}.")
    places = np.full((len(given), 2), np.nan, np.float32)
    rows = np.flatnonzero(np.isfinite(given).all(1))
    if len(rows):
        components = _components(given[rows])
        flat = _tsne(components, seed) if _wants_tsne(method, len(rows)) else components[:, :2]
        places[rows] = flat - flat.mean(0)
    return places


def _wants_tsne(method: MapMethod, stars: int) -> bool:
    return stars > 3 and (method == "tsne" or (method == "auto" and stars <= TSNE_MOST))


def _components(rows: NDArray[np.float32]) -> NDArray[np.float64]:
    """(N, at least 2) principal components in falling order; signs make the largest weight of each positive."""
    centred = rows.astype(np.float64) - rows.mean(0, dtype=np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1][:, :_KEPT]
    axes = axes * np.sign(axes[np.abs(axes).argmax(0), np.arange(axes.shape[1])])
    found = centred @ axes
    return np.pad(found, ((0, 0), (0, max(0, 2 - found.shape[1]))))


def _tsne(components: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    from sklearn.manifold import TSNE

    perplexity = min(_PERPLEXITY, (len(components) - 1) / 3)
    # Starting from the principal components keeps the large order of the map, and its reproduction.
    found: NDArray[np.float64] = TSNE(2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(components)
    return found
