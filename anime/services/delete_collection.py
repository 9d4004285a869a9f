"""Delete a collection with its data set, or stop using a data set as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anime.models import Collection, Enrolment, Training
from anime.services.end_runs import end_runs
from cvstudio.datasets.services.delete_dataset import delete_dataset
from cvstudio.runs.models import Run

if TYPE_CHECKING:
    from cvstudio.accounts.models import User


def delete_collection(collection: Collection, user: User, *, keep_data: bool = False) -> int:
    """Delete characters, captions and corrections, and all versions with their images. Recognisers stay.

    Args:
        collection: What to delete.
        user: Who asks.
        keep_data: Leave the data set; only what stands beside it goes.

    Returns:
        Bytes that came back.

    Raises:
        BusyError: A run is at work on it.
        InUseError: Weights or runs need a version of the data set.
    """
    runs = Run.objects.filter(
        id__in=[
            *Training.objects.filter(collection=collection).values_list("run_id", flat=True),
            *Enrolment.objects.filter(collection=collection).values_list("run_id", flat=True),
            *([collection.examine_run_id] if collection.examine_run_id else []),
        ]
    )
    end_runs(runs)
    if keep_data:
        collection.delete()
        return 0
    return delete_dataset(collection.dataset, user)
