"""Where nodes stand and what part of the canvas is seen: comfort, never part of the model."""

from __future__ import annotations

import math
from typing import Any

from ml_core.graph import MAX_NODES

FAR = 1e6


def clean_view(raw: object) -> dict[str, Any]:
    """Keep what is a place or a viewport of finite numbers and drop the rest.

    A fault of the view must never damage or block a document, so nothing is refused here.
    """
    source = raw if isinstance(raw, dict) else {}
    view: dict[str, Any] = {}
    places = source.get("places")
    if isinstance(places, dict):
        kept = {str(key)[:64]: _numbers(value, 2) for key, value in list(places.items())[:MAX_NODES]}
        view["places"] = {key: value for key, value in kept.items() if value is not None}
    viewport = source.get("viewport")
    if isinstance(viewport, dict):
        numbers = _numbers([viewport.get(key) for key in ("x", "y", "k")], 3)
        if numbers is not None and numbers[2] > 0:
            view["viewport"] = dict(zip(("x", "y", "k"), numbers, strict=True))
    return view


def _numbers(value: object, length: int) -> list[float] | None:
    if not isinstance(value, list) or len(value) != length:
        return None
    return value if all(_is_place(item) for item in value) else None


def _is_place(item: object) -> bool:
    return isinstance(item, int | float) and not isinstance(item, bool) and math.isfinite(item) and abs(item) <= FAR
