"""What the draw of the test stars contributes to a measure: bootstrap errors, and differences on the same stars."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from ml_core.stellar.metrics.tally import Integers, Tallier, answers

SAMPLES: Final = 200


def resamples(stars: int, seed: int, samples: int = SAMPLES) -> Iterator[Integers]:
    """Indices of ``samples`` draws with replacement of as many stars."""
    rng = np.random.default_rng(seed)
    for _ in range(samples):
        yield rng.integers(0, stars, stars)


def bootstrap_errors(tallier: Tallier, indices: Integers, seed: int = 0) -> dict[str, float]:
    """Standard deviation of each measure over resamples of the stars ``indices``; NaN for fewer than two stars."""
    if len(indices) < 2:
        return dict.fromkeys(tallier.tally().measures(), float("nan"))
    drawn = [tallier.tally(indices[sample]).measures() for sample in resamples(len(indices), seed)]
    return {name: float(np.std([values[name] for values in drawn], ddof=1)) for name in drawn[0]}


def paired_difference(
    first: ArrayLike, second: ArrayLike, labels: ArrayLike, *, measure: str = "macro_f1", seed: int = 0
) -> tuple[float, float]:
    """``measure`` of the first answers minus that of the second about the same stars, and the difference's error.

    The same stars are drawn for both, so what is hard about them cancels: two methods differ clearly long before their
    own errors stop to overlap.

    Args:
        first: (N, 5) probabilities.
        second: (N, 5) probabilities.
        labels: (N,) classes; unknown ones are left out.
        measure: One of `MEASURES`.
        seed: Of the bootstrap.

    Raises:
        MetricError: As `answers`.
    """
    one, other = Tallier(answers(first, labels)), Tallier(answers(second, labels))
    if one.stars < 2:
        return float("nan"), float("nan")
    drawn = [
        one.tally(sample).measures()[measure] - other.tally(sample).measures()[measure]
        for sample in resamples(one.stars, seed)
    ]
    found = one.tally().measures()[measure] - other.tally().measures()[measure]
    return found, float(np.std(drawn, ddof=1))
