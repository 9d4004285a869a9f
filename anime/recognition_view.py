"""An answer about one image as a card shows it: bars, the nearest known images, where the recogniser looked."""

from __future__ import annotations

from typing import Any

from anime.models import CharacterImage, Correction, Recognition
from anime.presentation import thumbnail
from anime.storage import map_file

_SHOWN = 5
_NEAREST = 6


def recognition_cards(recognitions: list[Recognition]) -> list[dict[str, Any]]:
    """Cards of some recognitions (1 query for the nearest images, 1 for what became of corrections)."""
    known = _known_images(recognitions)
    states = dict(
        Correction.objects.filter(recognition__in=recognitions).order_by("id").values_list("recognition_id", "state")
    )
    return [
        {
            "recognition": row,
            "top": row.answer.get("top", [])[:_SHOWN],
            "names": [found["name"] for found in row.answer.get("top", [])],
            "nearest": [
                {**found, "image": known.get((row.collection_id, found.get("image")))}
                for found in row.answer.get("nearest", [])[:_NEAREST]
            ],
            "heard": _heard(row.answer),
            "has_map": map_file(row.id).is_file(),
            "map_of": row.answer.get("activation_of"),
            "state": states.get(row.id, ""),
            "api": f"/api/v1/anime/recognitions/{row.id}",
        }
        for row in recognitions
    ]


def _heard(answer: dict[str, Any]) -> dict[str, Any] | None:
    """What image and words say by themselves, where words took part; None elsewhere."""
    if not answer.get("words") or not answer.get("image") or not answer.get("text"):
        return None
    return {"words": answer["words"], "image": answer["image"][0], "text": answer["text"][0], "trust": answer["trust"]}


def _known_images(recognitions: list[Recognition]) -> dict[tuple[Any, str], dict[str, str]]:
    """Thumbnail and character's page of each nearest image that the recognition's collection still has (1 query)."""
    paths = {found.get("image") for row in recognitions for found in row.answer.get("nearest", [])[:_NEAREST]}
    collections = {row.collection_id for row in recognitions if row.collection_id}
    rows = CharacterImage.objects.filter(collection__in=collections, path__in=paths).select_related(
        "collection__dataset", "character"
    )
    return {
        (row.collection_id, row.path): {
            "thumbnail": thumbnail(row.collection, row.image_id),
            "character": str(row.character_id),
        }
        for row in rows.defer("collection__health")
    }
