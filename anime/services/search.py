"""Search the images of a collection: by words about their characters, or by an image that they should be like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db.models import QuerySet

from anime.errors import AnimeError
from anime.models import Character, CharacterImage, Collection
from anime.selectors import require_ready
from anime.services.ask_recogniser import ask_recogniser, check_image
from anime.services.index_collection import Index, index_of
from cvstudio.inference.services.check_rate import check_rate
from cvstudio.inference.serving.client import Ask, predict_remotely
from ml_core.anime.fusion.request import pack_question
from ml_core.anime.search.words import WordMatcher

if TYPE_CHECKING:
    from cvstudio.accounts.models import User

TASK: Final = "anime.search"
MOST_FOUND: Final = 200
_LONGEST: Final = 1_000


@dataclass(frozen=True)
class Found:
    """One image that was found.

    Attributes:
        image: With its character and file.
        character: Name.
        similarity: 0 to 1; larger is nearer.
        because: Words that were hit; empty for a search by image.
    """

    image: CharacterImage
    character: str
    similarity: float
    because: str = ""


def search(
    user: User | Any, collection: Collection, *, words: str = "", image: bytes | None = None, limit: int = 24
) -> list[Found]:
    """Images, best first. With an index of the collection the infer worker searches it exactly.

    Args:
        user: Who asks; may see the collection.
        collection: Where to look.
        words: Compared with names and texts of the characters, and with the names of the files.
        image: An encoded image. Without an index, the recogniser in use tells the nearest that it learnt from.
        limit: How many at most.

    Raises:
        AnimeError: There is nothing to search by, or the collection uses no recogniser.
        NotReadyError: The collection has not been imported.
        CodedError: As `ask_recogniser`.
    """
    require_ready(collection)
    most = max(1, min(limit, MOST_FOUND))
    if image is not None:
        index = index_of(collection)
        return _by_index(user, collection, index, image, most) if index else _by_image(user, collection, image, most)
    text = " ".join(words.split())[:_LONGEST]
    if not text:
        raise AnimeError("There is nothing to search by.", code="anime.nothing_to_search", where="words",
                         hint="Write some words, or choose an image.")  # fmt: skip
    return _by_words(collection, text, most)


def _by_words(collection: Collection, text: str, limit: int) -> list[Found]:
    """By the texts as they are now, which the web process compares itself."""
    characters = Character.objects.filter(collection=collection).exclude(position=None)
    matcher = WordMatcher({row.name: [row.name, *row.captions, *row.partial] for row in characters})
    scores = {name: score for name, score in matcher.scores(text).items() if score > 0}
    rows = _rows(collection)
    found: list[Found] = []
    for name in sorted(scores, key=lambda name: -scores[name]):
        because = ", ".join(matcher.matched(text, name))
        images = rows.filter(character__name=name).order_by("position")[: limit - len(found)]
        found += [Found(row, name, scores[name], because) for row in images]
        if len(found) >= limit:
            return found
    known = {one.image.id for one in found}
    named = rows.filter(path__icontains=text).exclude(id__in=known).order_by("position")[: limit - len(found)]
    return [*found, *(Found(row, row.character.name, 0.0, text) for row in named)]


def _by_index(user: User | Any, collection: Collection, index: Index, image: bytes, limit: int) -> list[Found]:
    check_image(image)
    check_rate(user.pk)
    ask = Ask(weight=index.folder, folder=index.folder, task=TASK, size_bytes=index.size_bytes, top_k=1)
    answer = predict_remotely(ask, pack_question(image=image, limit=limit))
    nearest = [(one["path"], float(one["similarity"])) for one in answer.result["found"]]
    return _known(collection, nearest)


def _by_image(user: User | Any, collection: Collection, image: bytes, limit: int) -> list[Found]:
    version = collection.recogniser
    if version is None:
        raise AnimeError("This collection uses no recogniser, which would say what is alike.", where="collection",
                         code="anime.no_recogniser", hint="Train one, or choose one for it.")  # fmt: skip
    nearest = ask_recogniser(user, version, image).get("nearest", [])
    return _known(collection, [(one["image"], float(one["similarity"])) for one in nearest])[:limit]


def _known(collection: Collection, nearest: list[tuple[str, float]]) -> list[Found]:
    """Those that the collection still has, in the same order."""
    rows = {row.path: row for row in _rows(collection).filter(path__in=[path for path, _ in nearest])}
    return [Found(rows[path], rows[path].character.name, similarity) for path, similarity in nearest if path in rows]


def _rows(collection: Collection) -> QuerySet[CharacterImage]:
    rows = CharacterImage.objects.filter(collection=collection).select_related("character", "image__version")
    return rows.defer("image__version__statistics", "image__version__evidence")
