"""Reading collections, characters and what was made of them. Every query starts at `visible_to`."""

from __future__ import annotations

from typing import Any, Final, TypeVar
from uuid import UUID

from django.db.models import Count, Model, Prefetch, Q, QuerySet

from anime.errors import NotFoundError, NotReadyError
from anime.image_query import IMAGE_SORTS, ImageQuery
from anime.models import (
    Character,
    CharacterImage,
    Collection,
    Correction,
    Enrolment,
    GeneratedImage,
    Recognition,
    Training,
)
from cvstudio.common.keyset import KeysetPage, keyset_page
from cvstudio.datasets.models import DatasetVersion
from cvstudio.weights.models import WeightVersion

M = TypeVar("M", bound=Model)

_NOT_YOURS: Final = "Check the id. Things of other people are not shown."
_RUN_LARGE: Final = ("config", "result", "preflight", "summary")

#: Tasks of weights, which are the recipes that leave them.
RECOGNISER: Final = "anime.classifier"
STUDENT: Final = "anime.distill"
WORDS: Final = "anime.fusion"
GENERATOR: Final = "anime.generator"
RECOGNISERS: Final = (RECOGNISER, STUDENT, WORDS)


def without_large(*runs: str) -> list[str]:
    """Names of the large fields of runs, for `defer`."""
    return [f"{run}__{name}" for run in runs for name in _RUN_LARGE]


def listed_collections(user: Any) -> QuerySet[Collection]:
    """Collections with their data set, its version in use and what is not ready yet, newest first (2 queries)."""
    unfinished = (
        DatasetVersion.objects.exclude(state=DatasetVersion.State.READY)
        .select_related("import_run")
        .defer("statistics", *without_large("import_run"))
        .order_by("-number")
    )
    waiting = Count("corrections", filter=Q(corrections__state=Correction.State.WAITING))
    return (
        Collection.objects.visible_to(user)
        .select_related("owner", "dataset__owner", "dataset__current_version", "recogniser__weight")
        .defer("health", "dataset__current_version__statistics", "recogniser__facts")
        .prefetch_related(Prefetch("dataset__versions", queryset=unfinished, to_attr="unfinished"))
        .annotate(waiting=waiting)
        .order_by("-created_at", "-id")
    )


def visible_collection(user: Any, collection_id: UUID) -> Collection:
    """One collection (2 queries).

    Raises:
        NotFoundError: It does not exist, or belongs to somebody else.
    """
    return _one(listed_collections(user).filter(id=collection_id).first(), "There is no such collection.")


def ready_collection(user: Any, collection_id: UUID) -> Collection:
    """One collection with characters (2 queries).

    Raises:
        NotFoundError: It does not exist, or belongs to somebody else.
        NotReadyError: Its import has not ended well.
    """
    collection = visible_collection(user, collection_id)
    require_ready(collection)
    return collection


def require_ready(collection: Collection) -> DatasetVersion:
    """The version in use.

    Raises:
        NotReadyError: No import has ended well.
    """
    version = collection.dataset.current_version
    if version is None or collection.synced_id is None:
        raise NotReadyError(f"{collection.name} has not been imported yet.", where="collection",
                            hint="Wait for the import, or look why it failed.")  # fmt: skip
    return version


def listed_characters(user: Any, collection: Collection | None = None) -> QuerySet[Character]:
    """Characters that have a number now, of one collection or of all (1 query)."""
    rows = Character.objects.visible_to(user).select_related("collection__dataset").exclude(position=None)
    rows = rows.defer("collection__health")
    if collection is not None:
        rows = rows.filter(collection=collection)
    return rows.order_by("collection_id", "position")


def visible_character(user: Any, character_id: UUID) -> Character:
    """One character, also one without images now (1 query).

    Raises:
        NotFoundError: It does not exist, or belongs to somebody else.
    """
    rows = Character.objects.visible_to(user).select_related(
        "collection__dataset__current_version", "collection__owner"
    )
    rows = rows.defer("collection__health", "collection__dataset__current_version__statistics")
    return _one(rows.filter(id=character_id).first(), "There is no such character.")


def image_rows(user: Any, query: ImageQuery) -> QuerySet[CharacterImage]:
    """Images that pass a filter, with character and file (1 query)."""
    rows = CharacterImage.objects.visible_to(user).select_related("character", "image__version")
    return query.apply(rows.defer("image__version__statistics", "image__version__evidence"))


def image_page(user: Any, query: ImageQuery, cursor: str = "", size: int = 50) -> KeysetPage:
    """A page of images (1 query)."""
    return keyset_page(image_rows(user, query), IMAGE_SORTS, query.sort, cursor, size, default="position")


def visible_image(user: Any, image_id: UUID) -> CharacterImage:
    """One image with character, collection and file (1 query).

    Raises:
        NotFoundError: It does not exist, or belongs to somebody else.
    """
    rows = image_rows(user, ImageQuery()).select_related("character", "image__version", "collection__dataset")
    return _one(rows.filter(id=image_id).first(), "There is no such image.")


def chosen_images(collection: Collection, ids: list[UUID]) -> list[CharacterImage]:
    """Images of a collection by their ids (1 query).

    Raises:
        NotFoundError: One is none of this collection.
    """
    found = list(CharacterImage.objects.filter(collection=collection, id__in=ids).select_related("character"))
    if len(found) != len(set(ids)):
        raise NotFoundError("The collection has no such image.", hint="Look at the collection again.", where="images")
    return found


def corrections_of(collection: Collection) -> QuerySet[Correction]:
    """Corrections, newest first (1 query)."""
    return collection.corrections.select_related("version", "recognition").defer("version__statistics").order_by("-id")


def listed_trainings(user: Any) -> QuerySet[Training]:
    """Trainings with collection, run and weight, newest first (1 query)."""
    rows = Training.objects.visible_to(user).select_related(
        "owner", "collection__dataset", "run", "weight__weight", "teacher__weight"
    )
    large = ("collection__health", "weight__facts", "teacher__facts")
    return rows.defer(*large, *without_large("run")).order_by("-created_at", "-id")


def visible_training(user: Any, training_id: UUID) -> Training:
    """One training (1 query).

    Raises:
        NotFoundError: It does not exist, or belongs to somebody else.
    """
    return _one(listed_trainings(user).filter(id=training_id).first(), "There is no such training.")


def trainings_of(user: Any, versions: list[WeightVersion]) -> dict[UUID, Training]:
    """The training that left each weight (1 query)."""
    rows = listed_trainings(user).filter(weight__in=versions)
    return {row.weight_id: row for row in rows if row.weight_id is not None}


def listed_recognisers(user: Any) -> QuerySet[WeightVersion]:
    """Recognisers, newest first: small ones too, and those that read words besides (1 query)."""
    return _weights(user, *RECOGNISERS)


def visible_recogniser(user: Any, version_id: UUID) -> WeightVersion:
    """One recogniser (1 query).

    Raises:
        NotFoundError: It does not exist, recognises no characters, or belongs to somebody else.
    """
    return _one(listed_recognisers(user).filter(id=version_id).first(), "There is no such recogniser.")


def listed_generators(user: Any) -> QuerySet[WeightVersion]:
    """Generators, newest first (1 query)."""
    return _weights(user, GENERATOR)


def visible_generator(user: Any, version_id: UUID) -> WeightVersion:
    """One generator (1 query).

    Raises:
        NotFoundError: It does not exist, is none, or belongs to somebody else.
    """
    return _one(listed_generators(user).filter(id=version_id).first(), "There is no such generator.")


def listed_enrolments(user: Any) -> QuerySet[Enrolment]:
    """Characters added and removed, newest first (1 query)."""
    rows = Enrolment.objects.visible_to(user).select_related(
        "owner", "collection__dataset", "run", "recogniser__weight", "weight__weight"
    )
    large = ("collection__health", "recogniser__facts", "weight__facts")
    return rows.defer(*large, *without_large("run")).order_by("-created_at", "-id")


def visible_enrolment(user: Any, enrolment_id: UUID) -> Enrolment:
    """One of them (1 query).

    Raises:
        NotFoundError: It does not exist, or belongs to somebody else.
    """
    return _one(listed_enrolments(user).filter(id=enrolment_id).first(), "There is no such addition.")


def listed_recognitions(user: Any) -> QuerySet[Recognition]:
    """Images that recognisers looked at, newest first (1 query)."""
    rows = Recognition.objects.visible_to(user).select_related("owner", "recogniser__weight", "collection__dataset")
    return rows.defer("recogniser__facts", "collection__health").order_by("-created_at", "-id")


def visible_recognition(user: Any, recognition_id: UUID) -> Recognition:
    """One of them (1 query).

    Raises:
        NotFoundError: It does not exist, or belongs to somebody else.
    """
    return _one(listed_recognitions(user).filter(id=recognition_id).first(), "There is no such recognition.")


def listed_generated(user: Any) -> QuerySet[GeneratedImage]:
    """Drawn images, newest first (1 query)."""
    rows = GeneratedImage.objects.visible_to(user).select_related("owner", "generator__weight")
    return rows.defer("generator__facts").order_by("-created_at", "-id")


def visible_generated(user: Any, generated_id: UUID) -> GeneratedImage:
    """One of them (1 query).

    Raises:
        NotFoundError: It does not exist, or belongs to somebody else.
    """
    return _one(listed_generated(user).filter(id=generated_id).first(), "There is no such image.")


def _weights(user: Any, *tasks: str) -> QuerySet[WeightVersion]:
    rows = WeightVersion.objects.visible_to(user).filter(weight__task__in=tasks)
    rows = rows.select_related("weight__owner", "run").defer("facts", *without_large("run"))
    return rows.order_by("-created_at", "-id")


def _one(found: M | None, message: str) -> M:
    if found is None:
        raise NotFoundError(message, hint=_NOT_YOURS)
    return found
