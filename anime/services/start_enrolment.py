"""Add a character to a recogniser in seconds, or take one away; each leaves the next version of the recogniser."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction

from anime.errors import AnimeError
from anime.models import CharacterImage, Collection, Enrolment, WorkState
from anime.services.ask_recogniser import require_recogniser
from anime.services.correct_images import keep_image
from anime.storage import enrolment_folder
from cvstudio.datasets.storage import image_file
from cvstudio.runs.services.create_run import create_run
from cvstudio.weights import library
from cvstudio.weights.models import WeightVersion
from ml_core.anime.collection.extend import folder_name

if TYPE_CHECKING:
    from cvstudio.accounts.models import User

RECIPE: Final = "anime.enrol"
MOST_IMAGES: Final = 200


def start_enrolment(
    owner: User,
    recogniser: WeightVersion,
    *,
    name: str,
    files: list[tuple[str, bytes]] | None = None,
    images: list[CharacterImage] | None = None,
    collection: Collection | None = None,
) -> Enrolment:
    """Start the run that adds a character, or more images of a known one.

    Args:
        owner: Whose recogniser it becomes.
        recogniser: The caller has checked that the person may see it, as for all that follows.
        name: Of the character.
        files: Names and contents of images.
        images: Images of a collection, besides.
        collection: Uses the recogniser; it will use the new version.

    Raises:
        AnimeError: There is no image, there are too many, or this is no recogniser.
        FormatError: A file is no image, or a damaged one; ``where`` is its name.
        CollectionError: ``anime.name``.
        QuotaError: Too many runs of this person wait already.
    """
    require_recogniser(recogniser)
    given, chosen = files or [], images or []
    if not 0 < len(given) + len(chosen) <= MOST_IMAGES:
        raise AnimeError(f"Between 1 and {MOST_IMAGES} images show a new character.", code="anime.images",
                         where="image", hint="Choose images.")  # fmt: skip
    made = Enrolment(
        owner=owner, recogniser=recogniser, name=folder_name(name), action=Enrolment.Action.ADD, collection=collection,
        images=len(given) + len(chosen),
    )  # fmt: skip
    folder = enrolment_folder(made)
    folder.mkdir(parents=True)
    try:
        for file_name, content in given:
            keep_image(folder, content, where=file_name)
        for number, image in enumerate(chosen):
            source = image_file(image.image.version, image.image)
            shutil.copyfile(source, folder / f"{number:03d}{source.suffix.lower()}")
        return _start(made, {"name": made.name, "images": str(folder)}, f"Add {made.name}")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def start_removal(
    owner: User, recogniser: WeightVersion, name: str, *, collection: Collection | None = None
) -> Enrolment:
    """Start the run that makes a recogniser forget a character; the version before still knows it.

    Raises:
        AnimeError: It knows nobody of that name, or this is no recogniser.
        QuotaError: Too many runs of this person wait already.
    """
    require_recogniser(recogniser)
    if recogniser.classes and name not in recogniser.classes:
        raise AnimeError(f'The recogniser knows nobody called "{name[:60]}".', code="anime.unknown_character",
                         where="name", hint="Choose one of the characters that it knows.")  # fmt: skip
    made = Enrolment(
        owner=owner, recogniser=recogniser, name=name, action=Enrolment.Action.REMOVE, collection=collection
    )
    return _start(made, {"remove": name}, f"Remove {name}")


def _start(made: Enrolment, config: dict[str, Any], title: str) -> Enrolment:
    assert made.recogniser is not None
    if made.collection is None:
        used = Collection.objects.filter(owner=made.owner, recogniser=made.recogniser)
        made.collection = used.order_by("-created_at").first()
    config |= {"recogniser": str(library.folder_of(made.recogniser))}
    with transaction.atomic():
        made.run = create_run(owner=made.owner, recipe=RECIPE, config=config, name=title[:200])
        made.state = WorkState.WAITING
        made.save()
    return made
