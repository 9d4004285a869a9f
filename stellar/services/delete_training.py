"""Forget a training; its classifier and its run stay."""

from __future__ import annotations

from stellar.models import Training
from stellar.services.delete_survey import end_runs


def delete_training(training: Training) -> None:
    """Forget which survey a classifier came from. The classifier is deleted in the library of weights.

    Raises:
        BusyError: It is at work.
    """
    if training.run is not None:
        end_runs([training.run])
    training.delete()
