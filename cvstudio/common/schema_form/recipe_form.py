"""The form of a recipe's settings: presets to start from, and what a person set differently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cvstudio.common.schema_form.build import build_form
from cvstudio.common.schema_form.form import Preset, SchemaForm
from ml_core.run.config import RecipeConfig, find_faults
from ml_core.run.registry import get_recipe


@dataclass(frozen=True)
class RecipeForm:
    """A recipe with its presets, the first of which is chosen unless another is.

    Attributes:
        recipe: Name of the recipe.
        presets: Starting points; their values have dotted keys.
        left_out: Settings that the page or the server chooses; they have no field.
        filled: Values that stand in for those of them that must be there when the others are checked.
    """

    recipe: str
    presets: tuple[Preset, ...]
    left_out: tuple[str, ...]
    filled: Mapping[str, Any] = field(default_factory=dict)
    prefix: str = "settings"

    def chosen(self, given: Mapping[str, Any]) -> str:
        """The preset that was chosen, or the first one."""
        wished = str(given.get("preset", ""))
        return wished if any(preset.key == wished for preset in self.presets) else self.presets[0].key

    def form(self, given: Mapping[str, Any] | None, preset: str) -> SchemaForm:
        """The form filled with a preset, or with what was sent and what is wrong with it."""
        values = self.values(given, preset)
        faults = find_faults(self._config, {**values, **self.filled}) if given is not None else None
        schema = self._config.model_json_schema()
        return build_form(
            schema, values, faults, prefix=self.prefix, presets=self.presets, leave_out=self.left_out
        )  # fmt: skip

    def values(self, given: Mapping[str, Any] | None, preset: str) -> dict[str, Any]:
        """All settings, nested: those of the preset, and above them what was sent."""
        values = nested(self._filling(preset))
        return merged(values, self._bare().values(given)) if given is not None and self._is_sent(given) else values

    def changed(self, given: Mapping[str, Any], preset: str) -> dict[str, Any]:
        """What was set differently from the preset, nested; the preset itself says the rest."""
        filling, found = self._filling(preset), {}
        for item in self._bare().fields if self._is_sent(given) else ():
            try:
                value = item.read(given)
            except KeyError:  # empty: the configuration's default holds
                continue
            if value != filling.get(item.key, item.default):
                found[item.key] = value
        return nested(found)

    @property
    def _config(self) -> type[RecipeConfig]:
        return get_recipe(self.recipe).config

    def _bare(self) -> SchemaForm:
        return build_form(self._config.model_json_schema(), prefix=self.prefix, leave_out=self.left_out)

    def _filling(self, preset: str) -> Mapping[str, Any]:
        return next(one.values for one in self.presets if one.key == preset)

    def _is_sent(self, given: Mapping[str, Any]) -> bool:
        return any(key.startswith(f"{self.prefix}.") for key in given)


def nested(dotted: Mapping[str, Any]) -> dict[str, Any]:
    """``{"fit.epochs": 3}`` as ``{"fit": {"epochs": 3}}``."""
    found: dict[str, Any] = {}
    for key, value in dotted.items():
        place = found
        *parents, last = key.split(".")
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return found


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Nested settings with others laid over them."""
    found = dict(below)
    for key, value in above.items():
        old = found.get(key)
        found[key] = merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return found
