"""Train on a collection: a recogniser, a small one, one of image and words, or a generator."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction

from anime.errors import AnimeError
from anime.models import Collection, Training
from anime.presets import settings_of
from anime.selectors import GENERATOR, RECOGNISER, STUDENT, WORDS, require_ready
from anime.services.index_collection import index_unasked
from anime.services.write_known import captions_path, write_known
from cvstudio.runs.models import Run
from cvstudio.runs.services.create_run import create_run
from cvstudio.weights import library
from cvstudio.weights.models import WeightVersion

if TYPE_CHECKING:
    from cvstudio.accounts.models import User
    from cvstudio.datasets.models import DatasetVersion

RECIPES: Final[dict[str, str]] = {
    Training.Kind.RECOGNISER: RECOGNISER,
    Training.Kind.STUDENT: STUDENT,
    Training.Kind.WORDS: WORDS,
    Training.Kind.GENERATOR: GENERATOR,
}
#: Settings that name files: the app itself says what these are, so that no client leads to files of others.
OF_THE_APP: Final = ("known", "test", "sources", "captions", "teacher", "recogniser", "judge", "target_class")
#: Weights to begin from: by a name, never by the path of a file.
_NAMED: Final = ("pretrained", "features", "text_model")
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,60}")


def start_training(
    owner: User,
    collection: Collection,
    *,
    kind: str,
    preset: str = "",
    name: str = "",
    settings: dict[str, Any] | None = None,
    teacher: WeightVersion | None = None,
    recogniser: WeightVersion | None = None,
    character: str = "",
) -> Training:
    """Start one run; the weight that it leaves comes into the library.

    Args:
        owner: Whose model it will be.
        collection: The caller has checked that the person may see it, as for all that follows.
        kind: One of `Training.Kind`.
        preset: One of `anime.presets.PRESETS`; an unknown one is the first.
        name: Made from the collection when left out.
        settings: Changes to the preset.
        teacher: Of a small recogniser.
        recogniser: Which judges a generator, or sees the images beside words.
        character: Whom a generator draws.

    Raises:
        AnimeError: A setting is not for people to choose, or something that the kind needs is missing or does not fit.
        NotReadyError: The collection has not been imported.
        FilesMissingError: The folder of a weight is gone.
        ConfigError: A setting is unknown or out of its bounds.
        QuotaError: Too many runs of this person wait already.
    """
    version, stands_on = require_ready(collection), teacher or recogniser
    if kind not in RECIPES:
        raise AnimeError(f'"{kind[:20]}" is no kind of training.', code="anime.kind", where="kind",
                         hint=f"One of: {', '.join(RECIPES)}.")  # fmt: skip
    changes = settings or {}
    _check(changes)
    _check_fits(kind, version, stands_on, character)
    title = (" ".join(name.split()) or " · ".join(filter(None, (collection.name, character))))[:200]
    config = {**settings_of(kind, preset, changes), **_given(kind, collection, version, stands_on, character)}
    with transaction.atomic():
        run = create_run(owner=owner, recipe=RECIPES[kind], config=config, name=title, dataset_version=version)
        return Training.objects.create(
            owner=owner, name=title, kind=kind, collection=collection, run=run, teacher=stands_on, preset=preset,
            settings=changes, character=character,
        )  # fmt: skip


def note_weight(run: Run) -> None:
    """Note the weight that a training left; the first recogniser of a collection comes into use at once."""
    version = WeightVersion.objects.filter(run=run).first()
    training = Training.objects.filter(run=run).select_related("collection").first()
    if version is None or training is None:
        return
    Training.objects.filter(id=training.id).update(weight=version)
    if training.kind != Training.Kind.RECOGNISER or training.collection is None:
        return
    if Collection.objects.filter(id=training.collection.id, recogniser=None).update(recogniser=version):
        index_unasked(training.collection)


def _given(
    kind: str, collection: Collection, version: DatasetVersion, stands_on: WeightVersion | None, character: str
) -> dict[str, Any]:
    """What the recipe gets from the app."""
    known = write_known(collection, version)
    folder = str(library.folder_of(stands_on)) if stands_on is not None else ""
    given: dict[str, Any] = {"known": str(known)}
    if kind == Training.Kind.STUDENT:
        given["teacher"] = folder
    if kind == Training.Kind.WORDS:
        given |= {"captions": captions_path(known), "recogniser": folder}
    if kind == Training.Kind.GENERATOR:
        given |= {"recogniser": folder, "target_class": character}
    return given


def _check_fits(kind: str, version: DatasetVersion, stands_on: WeightVersion | None, character: str) -> None:
    needs = {Training.Kind.STUDENT: "teacher", Training.Kind.GENERATOR: "recogniser"}.get(Training.Kind(kind))
    if needs is not None and stands_on is None:
        raise AnimeError("Choose a recogniser.", code="anime.recogniser", where=needs,
                         hint="Train one first, if there is none.")  # fmt: skip
    if kind != Training.Kind.GENERATOR:
        return
    if character not in version.classes:
        raise AnimeError(f'The collection has no character "{character[:60]}".', code="anime.unknown_character",
                         where="character", hint="Choose one of its characters.")  # fmt: skip
    if stands_on is not None and stands_on.classes and character not in stands_on.classes:
        raise AnimeError(f'The recogniser does not know "{character[:60]}", so it cannot judge what is drawn.',
                         code="anime.other_classes", where="recogniser",
                         hint="Choose one that was trained on this collection.")  # fmt: skip


def _check(settings: dict[str, Any]) -> None:
    taken = [name for name in OF_THE_APP if name in settings]
    if taken:
        raise AnimeError(f'"{taken[0]}" is not set here.', code="anime.setting", where=f"settings.{taken[0]}",
                         hint="Leave it out; choose collection, recogniser and character instead.")  # fmt: skip
    for name in _NAMED:
        if name in settings and not (isinstance(settings[name], str) and _NAME.fullmatch(settings[name])):
            raise AnimeError("Pretrained weights are chosen by their name.", code="anime.setting",
                             where=f"settings.{name}", hint="auto, scratch, or a name such as DEFAULT.")  # fmt: skip
