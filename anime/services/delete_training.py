"""Forget a training; its weight and its run stay."""

from __future__ import annotations

from anime.models import Training
from anime.services.end_runs import end_runs


def delete_training(training: Training) -> None:
    """Take it off the lists. The weight is deleted in the library of weights.

    Raises:
        BusyError: It is at work.
    """
    end_runs([training.run])
    training.delete()
