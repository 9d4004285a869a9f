"""McNemar's exact test: are two judges of the same cases equally often right?"""

from __future__ import annotations

from math import exp, lgamma, log


def mcnemar(first_only: int, second_only: int) -> float:
    """Two-sided p-value of the exact test.

    Only cases that one of the two gets right and the other wrong say anything; were both equally good, each of these
    would be a toss of a fair coin. (McNemar, Psychometrika 12, 1947; the binomial form, not the approximation by chi
    squared, which is wrong where there are few.)

    Args:
        first_only: Cases that the first alone gets right.
        second_only: Cases that the second alone gets right.
    """
    cases, fewer = first_only + second_only, min(first_only, second_only)
    if first_only == second_only:
        return 1.0
    start = lgamma(cases + 1) - cases * log(2)
    tail = sum(exp(start - lgamma(k + 1) - lgamma(cases - k + 1)) for k in range(fewer + 1))
    return min(1.0, 2 * tail)
