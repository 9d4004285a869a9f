"""Choose the recogniser that a collection uses: a newer one, or an earlier one again."""

from __future__ import annotations

from anime.models import Collection
from anime.services.index_collection import index_unasked
from cvstudio.weights.models import WeightVersion


def use_recogniser(collection: Collection, version: WeightVersion | None) -> None:
    """Use a version that the person may see, or none. Versions never change, so that going back loses nothing."""
    collection.recogniser = version
    Collection.objects.filter(id=collection.id).update(recogniser=version)
    index_unasked(collection)
