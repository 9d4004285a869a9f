"""What the comparison shows: maps of one scene side by side, and a table of methods against scenes."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean
from typing import Any
from uuid import UUID

from hsi import selectors
from hsi.detect_pages import ids_of
from hsi.models import AnomalyMap
from hsi.presentation import METHODS, map_title, method_rows, method_title, scene_boot

MAX_MAPS = 60
MAX_PANES = 24


def compare_view(user: Any, wanted: list[UUID], scene: str) -> dict[str, Any]:
    """The context of the page.

    Args:
        user: Who looks.
        wanted: Maps to compare; none means the newest of all.
        scene: Id of the scene that is shown in pictures; otherwise that of the first map.
    """
    ready = selectors.listed_maps(user).filter(state=AnomalyMap.State.READY)
    maps = list(ready.filter(id__in=wanted) if wanted else ready[:MAX_MAPS])
    others = list(selectors.listed_maps(user).filter(id__in=wanted).exclude(state=AnomalyMap.State.READY))
    scenes = list({found.scene_id: found.scene for found in maps}.values())
    chosen = {*ids_of([scene])}
    shown = next((one for one in scenes if one.id in chosen), scenes[0] if scenes else None)
    here = [found for found in maps if shown is not None and found.scene_id == shown.id]
    return {
        "scenes": scenes, "shown": shown, "wanted": [str(one) for one in wanted],
        "waiting": [one for one in others if one.state == AnomalyMap.State.WAITING],
        "failed": [one for one in others if one.state == AnomalyMap.State.FAILED],
        "rows": _rows_of(here),
        "boot": {"scene": scene_boot(shown), "panes": _panes(here)} if shown is not None else None,
        "tables": _tables(maps, scenes),
    }  # fmt: skip


def _rows_of(maps: list[AnomalyMap]) -> list[dict[str, Any]]:
    rows = [row | {"map": found, "map_title": map_title(found)} for found in maps for row in method_rows(found)]
    return rows[:MAX_PANES]


def _panes(maps: list[AnomalyMap]) -> list[dict[str, Any]]:
    return [
        {
            "key": f"{found.id}/{row['name']}", "map": str(found.id), "name": map_title(found), "method": row["name"],
            "title": row["title"], "auc": row["auc"], "ap": row["ap"],
            "values": f"/api/v1/hsi/maps/{found.id}/values?method={row['name']}",
        }
        for found in maps
        for row in method_rows(found)
    ][:MAX_PANES]  # fmt: skip


def _tables(maps: list[AnomalyMap], scenes: list[Any]) -> list[dict[str, Any]]:
    """For AUC and AP: one row a method, one column a scene that has a mask; the newest map of each counts."""
    known = [scene for scene in scenes if scene.has_mask]
    values: dict[tuple[str, UUID], dict[str, Any]] = {}
    for found in reversed(maps):
        for name, facts in found.methods.items():
            if facts.get("metrics"):
                values[name, found.scene_id] = facts["metrics"]
    names = [name for name in METHODS if any(method == name for method, _scene in values)]
    if not known or not names:
        return []
    grids = {
        key: {name: [values.get((name, scene.id), {}).get(key) for scene in known] for name in names}
        for key in ("auc", "ap")
    }
    return [{"key": key, "scenes": known, "rows": _rows(grid)} for key, grid in grids.items()]


def _rows(grid: dict[str, list[float | None]]) -> list[dict[str, Any]]:
    """Rows with their mean; the best of each column is marked."""
    means = {name: _mean(cells) for name, cells in grid.items()}
    tops = [_best(column) for column in zip(*grid.values(), strict=True)]
    best_mean = _best(means.values())
    return [
        {
            "title": method_title(name), "mean": means[name],
            "is_top": means[name] is not None and means[name] == best_mean,
            "marked": [(cell, cell is not None and cell == top) for cell, top in zip(cells, tops, strict=True)],
        }
        for name, cells in grid.items()
    ]  # fmt: skip


def _best(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _mean(values: Iterable[float | None]) -> float | None:
    numbers = [value for value in values if value is not None]
    return fmean(numbers) if numbers else None
