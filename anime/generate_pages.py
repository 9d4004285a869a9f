"""Draw images with a generator, and keep them: favourites, deletion, nearest training image."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from anime import selectors
from anime.drawn_view import drawn_rows
from anime.errors import AnimeError, NotFoundError
from anime.model_presentation import chosen_of
from anime.services.generate import HIGHEST_SEED, generate
from anime.services.generated import delete_generated, set_favourite
from cvstudio.accounts.current import current_user
from cvstudio.inference.serving.client import is_served
from ml_core.errors import CodedError

PAGE_SIZE: Final = 36
SHOWN_CHOICES: Final = 100
#: Images of a grid.
COUNTS: Final = (1, 4, 9, 16, 25)
STEPS: Final = (5, 9, 13)


@login_required
@require_http_methods(["GET", "POST"])
def generate_page(request: HttpRequest) -> HttpResponse:
    """Choose generator, character and seed; a POST answers with the part that holds what was drawn."""
    if request.method == "POST":
        try:
            return render(request, "anime/_drawn.html", {"drawn": drawn_rows(_draw(request))})
        except CodedError as error:
            return render(request, "anime/_drawn.html", {"fault": error.as_dict()})
    generators = list(selectors.listed_generators(request.user)[:SHOWN_CHOICES])
    generator = chosen_of(generators, request.GET.get("generator", ""))
    characters = list(generator.classes or []) if generator else []
    wished = request.GET.get("character", "")
    context = {
        "generators": generators, "generator": generator, "characters": characters,
        "character": wished if wished in characters else next(iter(characters), ""),
        "seed": _whole(request.GET.get("seed", ""), 1), "counts": COUNTS, "steps": STEPS, "is_served": is_served(),
        "has_recognisers": selectors.listed_recognisers(request.user).exists(), **_gallery(request),
        "api_body": {"generator": str(generator.id) if generator else "", "character": wished, "seed": 1, "count": 9},
    }  # fmt: skip
    return render(request, "anime/generate.html", context)


@login_required
@require_GET
def gallery_page(request: HttpRequest) -> HttpResponse:
    """A part: what was drawn, newest first, filtered."""
    return render(request, "anime/_gallery.html", _gallery(request))


@login_required
@require_POST
def action_page(request: HttpRequest, id: UUID, action: str) -> HttpResponse:
    """Buttons of a drawn image: favourite answers with its card anew, delete with nothing."""
    try:
        row = selectors.visible_generated(request.user, id)
    except NotFoundError as error:
        raise Http404 from error
    if action == "delete":
        delete_generated(row)
        return HttpResponse()
    if action != "favourite":
        raise Http404
    set_favourite(row, not row.favourite)
    return render(request, "anime/_drawn_card.html", {"one": drawn_rows([row])[0]})


def _draw(request: HttpRequest) -> Any:
    post = request.POST
    wished = chosen_of(list(selectors.listed_generators(request.user)[:SHOWN_CHOICES]), post.get("generator", ""))
    if wished is None:
        raise AnimeError("Choose a generator.", hint="Train one first.", where="generator")
    truncation = _share(post.get("truncation", ""), 0.8)
    seed = _whole(post.get("seed", ""), 1)
    user, character = current_user(request), post.get("character", "")
    if post.get("way") == "between":
        steps = min(max(_whole(post.get("steps", ""), 9), 2), max(STEPS))
        between = (seed, _whole(post.get("seed_to", ""), seed + 1), steps)
        return generate(user, wished, character, truncation=truncation, interpolate=between)
    count = min(max(_whole(post.get("count", ""), 9), 1), max(COUNTS))
    seeds = [(seed + at) % (HIGHEST_SEED + 1) for at in range(count)]
    return generate(user, wished, character, seeds=seeds, truncation=truncation)


def _gallery(request: HttpRequest) -> dict[str, Any]:
    given = request.GET
    filters = {key: given.get(key, "").strip()[:255] for key in ("of", "favourites")}
    rows = selectors.listed_generated(request.user)
    if filters["favourites"]:
        rows = rows.filter(favourite=True)
    if filters["of"]:
        rows = rows.filter(character=filters["of"])
    page = Paginator(rows, PAGE_SIZE).get_page(given.get("page"))
    drawn = selectors.listed_generated(request.user).order_by("character")
    return {
        "page": page, "gallery": drawn_rows(list(page)), "filters": filters,
        "drawn_characters": list(drawn.values_list("character", flat=True).distinct()[:SHOWN_CHOICES]),
    }  # fmt: skip


def _whole(text: str, otherwise: int) -> int:
    try:
        return min(max(int(text), 0), HIGHEST_SEED)
    except ValueError:
        return otherwise


def _share(text: str, otherwise: float) -> float:
    try:
        return min(max(float(text), 0.05), 1.0)
    except ValueError:
        return otherwise
