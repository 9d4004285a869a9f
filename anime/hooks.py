"""What follows when runs of the recipes of characters end. Imported by the app's `ready()`."""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_save, pre_delete
from django.dispatch import receiver

from anime.models import Collection
from anime.services.apply_corrections import EXTEND, release_corrections
from anime.services.apply_corrections import RECIPES as CORRECTIONS
from anime.services.create_collection import SAMPLE
from anime.services.examine import RECIPE as EXAMINE
from anime.services.examine import finish_examination
from anime.services.finish_enrolment import fail_enrolment, finish_enrolment
from anime.services.index_collection import RECIPE as INDEX
from anime.services.index_collection import finish_index, forget_index
from anime.services.start_enrolment import RECIPE as ENROL
from anime.services.start_training import RECIPES as TRAININGS
from anime.services.start_training import note_weight
from anime.services.sync_characters import catch_up, sync_run
from cvstudio.datasets.models import Dataset
from cvstudio.datasets.services.finish_import import fail_import, finish_import
from cvstudio.runs.hooks import on_completed, on_ended
from cvstudio.weights.signals import records_weights

#: What leaves a version becomes ready as an import does, then the characters follow: in this order.
for _recipe in (SAMPLE, EXTEND):
    on_completed(_recipe)(finish_import)
    on_ended(_recipe)(fail_import)
for _recipe in ("data.import", SAMPLE, *CORRECTIONS):
    on_completed(_recipe)(sync_run)
for _recipe in CORRECTIONS:
    on_ended(_recipe)(release_corrections)
on_completed(EXAMINE)(finish_examination)
on_completed(INDEX)(finish_index)

#: A training leaves a weight, then it is noted which.
_BEGAN_FROM = {"anime.distill": "teacher"}
for _recipe in TRAININGS.values():
    records_weights(_recipe, began_from=_BEGAN_FROM.get(_recipe, "recogniser"))
    on_completed(_recipe)(note_weight)

records_weights(ENROL, began_from="recogniser", continues=True)
on_completed(ENROL)(finish_enrolment)
on_ended(ENROL)(fail_enrolment)


@receiver(post_save, sender=Dataset)
def follow_choice(instance: Dataset, update_fields: frozenset[str] | None = None, **_: Any) -> None:
    """Characters follow when a person chooses another version of the data set."""
    if update_fields is not None and "current_version" in update_fields:
        catch_up(instance)


@receiver(pre_delete, sender=Collection)
def forget_with(instance: Collection, **_: Any) -> None:
    """The index goes with its collection, however that is deleted."""
    forget_index(instance)
