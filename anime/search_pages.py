"""Search the images of a collection, by words or by an image."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from anime import selectors
from anime.errors import AnimeError, NotFoundError
from anime.model_presentation import chosen_of, ids_of, image_links
from anime.models import CharacterImage, Collection
from anime.recognise_pages import ready_collections
from anime.services.search import search
from cvstudio.datasets.storage import image_file
from ml_core.errors import CodedError

SHOWN: Final = 48
SHOWN_NAMES: Final = 60
LONGEST: Final = 400
BECAUSE: Final = {"words": _("by name or caption"), "looks": _("looks alike")}


@login_required
@require_http_methods(["GET", "POST"])
def search_page(request: HttpRequest) -> HttpResponse:
    """Words stand in the address; an image is posted. ``?like=`` asks for images like one of the collection."""
    collections = ready_collections(request)
    given = request.POST if request.method == "POST" else request.GET
    words = " ".join(given.get("q", "").split())[:LONGEST]
    like = _like(request, given.get("like", ""))
    collection = (like and like.collection) or chosen_of(collections, given.get("collection", ""))
    context: dict[str, Any] = {
        "collections": collections, "collection": collection, "words": words, "like": like,
        "like_links": image_links(like), "max_bytes": settings.MAX_UPLOAD_SIZE,
        "api_body": {"collection": str(collection.id) if collection else "", "words": words or "red hair"},
    }  # fmt: skip
    if collection is not None and not (words or like or request.FILES):
        context["names"] = list(selectors.listed_characters(request.user, collection)[:SHOWN_NAMES])
    elif collection is not None:
        try:
            context |= _found(request, collection, words, like)
        except CodedError as error:
            context["fault"] = error.as_dict()
    status = 422 if "fault" in context and request.method == "POST" else 200
    return render(request, "anime/search.html", context, status=status)


def _found(request: HttpRequest, collection: Collection, words: str, like: CharacterImage | None) -> dict[str, Any]:
    upload = request.FILES.get("image")
    if upload is not None:
        if upload.size and upload.size > settings.MAX_UPLOAD_SIZE:
            raise AnimeError("The image is too large.", hint="Make it smaller.", where="image")
        rows = search(request.user, collection, image=upload.read(), limit=SHOWN)
        return {"found": [_row(one) for one in rows], "by_image": upload.name}
    if like is not None:
        content = image_file(like.image.version, like.image).read_bytes()
        rows = search(request.user, collection, image=content, limit=SHOWN + 1)
        return {"found": [_row(one) for one in rows if one.image.id != like.id][:SHOWN], "by_image": like.path}
    if words:
        return {"found": [_row(one) for one in search(request.user, collection, words=words, limit=SHOWN)]}
    return {}


def _row(one: Any) -> dict[str, Any]:
    return {
        "image": one.image, "character": one.character, "similarity": one.similarity,
        "because": BECAUSE.get(one.because, ""), **image_links(one.image),
    }  # fmt: skip


def _like(request: HttpRequest, text: str) -> CharacterImage | None:
    wished = ids_of([text])
    try:
        return selectors.visible_image(request.user, wished[0]) if wished else None
    except NotFoundError:
        return None
