"""Which settings of a run a search may vary, with ranges to begin with, and how a posted form becomes a space."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cvstudio.common.schema_form import Field, build_form
from cvstudio.common.schema_form.form import from_text
from cvstudio.runs.models import Run
from ml_core.run.config import keys_that_may_change
from ml_core.run.registry import get_recipe

KINDS = ("integer", "number", "boolean", "choice")
NOT_SEARCHED = ("seed", "fit.log_every_steps", "fit.keep_last", "fit.checkpoint_every_epochs")
_DECADES = 100.0  # a range as wide as this is looked at by orders of magnitude


@dataclass(frozen=True)
class Searchable:
    """A setting that may vary. ``low`` and ``high`` are where a search would begin; ``choices`` are all there are."""

    field: Field
    low: float | None = None
    high: float | None = None
    log: bool = False

    @property
    def key(self) -> str:
        """Dotted name of the setting."""
        return self.field.key

    @property
    def choices(self) -> list[tuple[Any, str]]:
        """Values and labels; those of a switch are yes and no."""
        if self.field.kind == "boolean":
            return [(True, "true"), (False, "false")]
        return self.field.choices


def searchable_settings(run: Run) -> list[Searchable]:
    """Numbers, switches and choices of the run's recipe that can change its result, those for experts last."""
    config = get_recipe(run.recipe).config
    free = keys_that_may_change(config)
    fields = [field for group in build_form(config.model_json_schema(), run.config).groups for field in group.fields]
    kept = [
        field for field in fields if field.kind in KINDS and field.key not in free and field.key not in NOT_SEARCHED
    ]
    return [_with_range(field) for field in sorted(kept, key=lambda field: field.advanced)]


def read_space(run: Run, posted: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Turn a posted form into the space of a search; what is wrong with it is found by the recipe's configuration."""
    space: dict[str, dict[str, Any]] = {}
    for setting in searchable_settings(run):
        key = setting.key
        if f"vary.{key}" not in posted:
            continue
        if setting.choices:
            wanted = set(posted.getlist(f"values.{key}")) if hasattr(posted, "getlist") else set()
            space[key] = {"values": [value for value, _label in setting.choices if str(value) in wanted]}
        else:
            space[key] = {
                "low": _number(setting.field, posted.get(f"low.{key}", "")),
                "high": _number(setting.field, posted.get(f"high.{key}", "")),
                "log": f"log.{key}" in posted,
                "integer": setting.field.kind == "integer",
            }
    return space


def _number(field: Field, text: str) -> Any:
    return from_text(field, text.strip()) if text.strip() else None


def _with_range(field: Field) -> Searchable:
    """A range around the value, within the bounds of the setting: a decade to both sides, or half and double."""
    if field.kind not in ("integer", "number"):
        return Searchable(field)
    value = field.value if isinstance(field.value, int | float) else None
    if not value:
        return Searchable(field, *_bounded(field, 0.0, 1.0))
    is_small = field.kind == "number" and abs(value) < 0.1
    low, high = (value / 10, value * 10) if is_small else (value / 2, value * 2)
    low, high = _bounded(field, min(low, high), max(low, high))
    return Searchable(field, low, high, log=low > 0 and high / low >= _DECADES * 0.99)


def _bounded(field: Field, low: float, high: float) -> tuple[float, float]:
    least = field.minimum if field.minimum is not None else field.above
    most = field.maximum if field.maximum is not None else field.below
    if least is not None:
        low = max(low, least)
    if most is not None:
        high = min(high, most if field.maximum is not None else math.nextafter(most, low))
    if field.kind == "integer":
        low, high = float(math.floor(low)), float(math.ceil(high))
    return low, high
