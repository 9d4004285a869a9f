"""The page of one character: images, texts, findings, changes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from anime import selectors
from anime.collection_pages import IMAGES_A_PAGE, found_collection, gallery_context, waiting_of
from anime.errors import NotFoundError
from anime.image_query import ImageQuery
from anime.models import Character, CharacterImage, Collection
from anime.presentation import FINDINGS, correction_words, finding_rows, gallery_rows, is_working
from anime.services.describe_character import describe_character
from ml_core.errors import CodedError

_CHANGES_SHOWN = 20


@login_required
@require_GET
def character_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """One character."""
    character = _found(request, id)
    return render(request, "anime/character.html", _context(request, character))


@login_required
@require_POST
def describe_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """Save its texts and notes."""
    character, post = _found(request, id), request.POST
    captions, partial = (post.get(name, "").splitlines() for name in ("captions", "partial"))
    try:
        describe_character(character, captions=captions, partial=partial, notes=post.get("notes", ""))
    except CodedError as error:
        context = _context(request, character) | {"fault": error.as_dict(), "posted": post}
        return render(request, "anime/character.html", context, status=422)
    return redirect(f"{reverse('anime:character', args=[id])}#texts")


def _context(request: HttpRequest, character: Character) -> dict[str, Any]:
    collection = found_collection(request, character.collection_id)
    query = request.GET
    filters = {key: query.get(key, "").strip()[:200] for key in ("flag", "source")}
    asked = ImageQuery(character=character.id, flag=filters["flag"], source=filters["source"])
    page = selectors.image_page(request.user, asked, query.get("cursor", ""), IMAGES_A_PAGE)
    images = CharacterImage.objects.filter(character=character)
    before, after = _neighbours(request, character)
    return gallery_context(request, collection, gallery_rows(collection, page.rows)) | {
        "collection": collection, "character": character, "images": page, "filters": filters,
        "is_filtered": any(filters.values()), "findings": finding_rows(images, request.path),
        "finding_titles": FINDINGS.items(), "before": before, "after": after, "waiting": waiting_of(collection),
        "sources": sorted(set(images.exclude(source="").values_list("source", flat=True))),
        "texts": "\n".join(character.captions), "partial": "\n".join(character.partial),
        "changes": _changes(collection, character),
        "api": f"/api/v1/anime/characters/{character.id}",
        "is_examining": is_working(collection.examine_run), "may_teach": _may_teach(collection, character),
        "doubted_in": images.filter(likely__gt="").count(),
        "doubted_as": CharacterImage.objects.filter(collection=collection, likely=character.name).count(),
    }  # fmt: skip


def _may_teach(collection: Collection, character: Character) -> bool:
    """Whether the collection uses a recogniser that does not know the character."""
    version = collection.recogniser
    knows_images = version is not None and version.weight.task in selectors.RECOGNISERS
    return knows_images and version is not None and character.name not in version.classes


def _neighbours(request: HttpRequest, character: Character) -> tuple[Character | None, Character | None]:
    """The characters before and after it by name (2 queries)."""
    rows = selectors.listed_characters(request.user, character.collection)
    before = rows.filter(name__lt=character.name).order_by("-name").first()
    return before, rows.filter(name__gt=character.name).order_by("name").first()


def _changes(collection: Collection, character: Character) -> list[dict[str, Any]]:
    """The last changes that began or ended here (1 query)."""
    rows = selectors.corrections_of(collection).filter(Q(before=character.name) | Q(after=character.name))
    return [{"correction": row, "words": correction_words(row)} for row in rows[:_CHANGES_SHOWN]]


def _found(request: HttpRequest, character_id: UUID) -> Character:
    try:
        return selectors.visible_character(request.user, character_id)
    except NotFoundError as error:
        raise Http404(_("There is no such character.")) from error
