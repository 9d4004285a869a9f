"""Maps side by side: their scores, and how alike they are."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from hsi.errors import SceneError
from hsi.models import AnomalyMap
from hsi.services.read_map import checked_method, open_map

MOST = 12
TOP_SHARE = 0.01
MAX_RANKED = 1 << 20
_SCORES = ("auc", "ap")


def compare_maps(maps: list[AnomalyMap], methods: list[str]) -> dict[str, Any]:
    """Scores of each map and method, and the likeness of those that show the same scene.

    Args:
        maps: 1 to 12 ready maps.
        methods: Names; of each map those that it has are compared, its main one where it has none of them.

    Returns:
        ``entries`` (map, method, scene, title, seconds, auc, ap) and ``pairs`` (positions of two entries, ``rank``:
        Spearman's correlation of all pixels, ``top``: share of the highest per cent that both have in common).

    Raises:
        SceneError: There are none, or too many.
    """
    if not 1 <= len(maps) <= MOST:
        raise SceneError(f"Compare 1 to {MOST} maps.", code="hsi.compare", where="ids",
                         hint="Choose fewer.")  # fmt: skip
    chosen = [(row, name) for row in maps for name in _methods(row, methods)]
    if len(chosen) > 2 * MOST:
        raise SceneError(f"Compare at most {2 * MOST} methods in all.", code="hsi.compare", where="method",
                         hint="Choose fewer maps or fewer methods.")  # fmt: skip
    entries = [_entry(row, name) for row, name in chosen]
    pairs = [
        {"first": first, "second": second, **likeness(chosen[first], chosen[second])}
        for first, second in combinations(range(len(chosen)), 2)
        if chosen[first][0].scene_id == chosen[second][0].scene_id
    ]
    return {"entries": entries, "pairs": pairs}


def likeness(one: tuple[AnomalyMap, str], other: tuple[AnomalyMap, str]) -> dict[str, float]:
    """Rank correlation and common highest pixels of two maps of one scene."""
    from scipy.stats import rankdata  # not when the web process starts

    first, second = (np.asarray(open_map(*pair)).ravel() for pair in (one, other))
    step = max(1, first.size // MAX_RANKED)
    first, second = first[::step], second[::step]
    ranks = np.stack([rankdata(first), rankdata(second)])
    spread = ranks.std(axis=1)
    rank = float(np.corrcoef(ranks)[0, 1]) if spread.all() else 0.0
    count = max(1, round(TOP_SHARE * first.size))
    tops = [set(np.argpartition(values, -count)[-count:].tolist()) for values in (first, second)]
    return {"rank": rank, "top": len(tops[0] & tops[1]) / count}


def _methods(row: AnomalyMap, methods: list[str]) -> list[str]:
    known = [name for name in methods if name in row.methods]
    return known or [checked_method(row)]


def _entry(row: AnomalyMap, name: str) -> dict[str, Any]:
    facts = row.methods[name]
    metrics = facts.get("metrics") or {}
    return {
        "map": row.id, "map_name": row.name, "scene": row.scene_id, "scene_name": row.scene.name, "method": name,
        "title": facts["title"], "kind": facts["kind"], "seconds": facts["seconds"],
        **{score: metrics.get(score) for score in _SCORES},
    }  # fmt: skip
