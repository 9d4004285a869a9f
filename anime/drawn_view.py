"""Drawn images as cards, each with the training image that is most like it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from anime.model_presentation import API, image_links, images_by_path
from anime.models import CharacterImage, GeneratedImage, Training


def drawn_rows(rows: Sequence[GeneratedImage]) -> list[dict[str, Any]]:
    """Cards of drawn images (1 query for their trainings, 1 for each collection they learned from)."""
    trainings = Training.objects.filter(weight__in={row.generator_id for row in rows}).select_related("collection")
    collections = {training.weight_id: training.collection for training in trainings}
    paths: dict[Any, set[str]] = defaultdict(set)
    for row in rows:
        paths[collections.get(row.generator_id)].add(_path(row))
    known = {collection: images_by_path(collection, found) for collection, found in paths.items()}
    return [_card(row, known[collections.get(row.generator_id)].get(_path(row))) for row in rows]


def _path(row: GeneratedImage) -> str:
    return str((row.nearest or {}).get("path", ""))


def _card(row: GeneratedImage, nearest: CharacterImage | None) -> dict[str, Any]:
    return {
        "row": row, "url": f"{API}/generated/{row.id}/image", "nearest": image_links(nearest),
        "distance": (row.nearest or {}).get("distance"), "seed": seed_words(row),
    }  # fmt: skip


def seed_words(row: GeneratedImage) -> str:
    """The seed, or how far between two of them."""
    if row.seed_to is None or row.share is None:
        return str(row.seed)
    return _("%(seed)s → %(other)s, %(share)d %%") % {
        "seed": row.seed, "other": row.seed_to, "share": round(100 * row.share),
    }  # fmt: skip
