"""The one registry of recipes: everything long that the platform can do."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import ml_core
from ml_core.errors import CodedError
from ml_core.run.config import RecipeConfig

if TYPE_CHECKING:
    from ml_core.run.context import RunContext

Queue = Literal["train", "io", "infer"]
RecipeFunction = Callable[[Any, "RunContext"], dict[str, Any]]
FunctionType = TypeVar("FunctionType", bound=RecipeFunction)

_recipes: dict[str, Recipe] = {}
_discovered = False


class UnknownRecipeError(CodedError):
    """No recipe has this name."""

    default_code = "recipe.unknown"


@dataclass(frozen=True)
class Recipe:
    """A named function with a typed configuration.

    Attributes:
        name: Dotted, such as ``vision.classify``.
        config: The configuration class.
        function: Does the work; returns facts for ``result.json`` (``metrics`` and ``weight`` are well known).
        title: Short name for people.
        summary: One sentence that says what it does.
        queue: The kind of worker that runs it.
    """

    name: str
    config: type[RecipeConfig]
    function: RecipeFunction
    title: str
    summary: str
    queue: Queue

    def describe(self) -> dict[str, Any]:
        """Facts and the JSON schema of the configuration."""
        return {
            "name": self.name,
            "title": self.title,
            "summary": self.summary,
            "queue": self.queue,
            "schema": self.config.model_json_schema(),
        }


def recipe(
    name: str, config: type[RecipeConfig], *, title: str, summary: str, queue: Queue = "train"
) -> Callable[[FunctionType], FunctionType]:
    """Register the decorated ``function(config, run) -> dict`` under ``name``."""

    def register(function: FunctionType) -> FunctionType:
        known = _recipes.get(name)
        if known is not None and known.function.__module__ != function.__module__:
            raise ValueError(f"The recipe {name} is defined in {known.function.__module__} and {function.__module__}.")
        _recipes[name] = Recipe(name, config, function, title, summary, queue)
        return function

    return register


def discover() -> None:
    """Import the ``recipes`` module of every package in ``ml_core`` that has one. Done once."""
    global _discovered
    if _discovered:
        return
    for module in pkgutil.iter_modules(ml_core.__path__):
        name = f"ml_core.{module.name}.recipes"
        if module.ispkg and importlib.util.find_spec(name) is not None:
            importlib.import_module(name)
    _discovered = True


def all_recipes() -> list[Recipe]:
    """Every recipe, by name."""
    discover()
    return [_recipes[name] for name in sorted(_recipes)]


def get_recipe(name: str) -> Recipe:
    """The recipe with this name.

    Raises:
        UnknownRecipeError: There is none; the hint names the nearest.
    """
    discover()
    if name in _recipes:
        return _recipes[name]
    close = difflib.get_close_matches(name, _recipes, n=1, cutoff=0.4)
    hint = f'Did you mean "{close[0]}"?' if close else f"Known recipes: {', '.join(sorted(_recipes)) or 'none'}."
    raise UnknownRecipeError(f'There is no recipe "{name}".', hint=hint, where=name)
