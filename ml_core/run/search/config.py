"""What a search of settings is told: the recipe, what stays, what may vary, and what counts."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ml_core.errors import ConfigError
from ml_core.run.config import RecipeConfig, option, parse_config
from ml_core.run.machine_options import seed_option
from ml_core.run.registry import get_recipe

Scalar = str | int | float | bool
SEARCH, TRIALS = "Search", "Trials"
MAX_KEYS = 20
MIN_CHOICES = 2


class Range(BaseModel):
    """The values that one setting may take: either a list, or everything between two numbers.

    Attributes:
        values: To choose from, at least two.
        low: Least number.
        high: Largest number.
        log: Look at orders of magnitude alike, as suits learning rates.
        integer: Whole numbers alone.
    """

    model_config = ConfigDict(extra="forbid")

    values: list[Scalar] = Field([], max_length=50)
    low: float | None = Field(None, allow_inf_nan=False)
    high: float | None = Field(None, allow_inf_nan=False)
    log: bool = False
    integer: bool = False

    @model_validator(mode="after")
    def _is_a_range(self) -> Range:
        if self.values:
            if self.low is not None or self.high is not None:
                raise ValueError("give values, or low and high, not both")
            if len(set(map(repr, self.values))) < MIN_CHOICES:
                raise ValueError("give at least two different values")
        elif self.low is None or self.high is None or not self.low < self.high:
            raise ValueError("give low and high, low being the smaller, or a list of values")
        elif self.log and self.low <= 0:
            raise ValueError("a logarithmic range must begin above zero")
        return self


class SearchConfig(RecipeConfig):
    """Run a recipe many times with different settings."""

    recipe: str = option(description="Name of the recipe to run.", group=SEARCH, min_length=1)
    settings: dict[str, Any] = option({}, description="Settings of the recipe that stay the same.", group=SEARCH)
    space: dict[str, Range] = option(
        description="Dotted names of settings with the values that they may take.",
        group=SEARCH,
        min_length=1,
        max_length=MAX_KEYS,
    )
    metric: str = option(
        description="Number of the recipe's result that counts, such as accuracy.", group=SEARCH, min_length=1
    )
    direction: Literal["auto", "maximize", "minimize"] = option(
        "auto", description="Whether more or less of it is better. Automatic knows losses and errors.", group=SEARCH
    )
    method: Literal["tpe", "random"] = option(
        "tpe",
        description="How to choose what to try: from what did well so far (TPE), or at random.",
        group=TRIALS,
    )
    trials: int = option(20, description="How often the recipe is run.", group=TRIALS, ge=2, le=1000)
    seed: int = seed_option()


def merged(settings: dict[str, Any], values: dict[str, Scalar]) -> dict[str, Any]:
    """Settings with the dotted ``values`` on top; ``settings`` stays as it is."""
    result: dict[str, Any] = json.loads(json.dumps(settings))
    for key, value in values.items():
        *parents, name = key.split(".")
        at = result
        for parent in parents:
            if not isinstance(at.get(parent), dict):
                at[parent] = {}
            at = at[parent]
        at[name] = value
    return result


def check_space(config: SearchConfig) -> None:
    """Refuse at once what would fail in the hundredth trial: unknown settings, ends that are out of bounds.

    Raises:
        ConfigError: ``where`` names the setting.
    """
    known = get_recipe(config.recipe).config
    for key, allowed in config.space.items():
        for value in allowed.values or (allowed.low, allowed.high):
            assert value is not None, "checked by the configuration"
            shown = int(value) if allowed.integer else value
            try:
                parse_config(known, merged(config.settings, {key: shown}))
            except ConfigError as error:
                raise ConfigError(error.message, hint=error.hint, where=f"space.{key}") from error
