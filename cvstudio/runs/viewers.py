"""What a run is about has a page of its own: a data set, a scene, a survey, a batch. Apps and domains register them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.utils.functional import Promise

from cvstudio.runs.models import Run


@dataclass(frozen=True)
class Viewer:
    """A page that shows what a run made or works on."""

    title: str | Promise
    icon: str
    url: str


Finder = Callable[[Run, Any], Iterable[Viewer]]

_finders: list[tuple[str, Finder]] = []


def register_viewer(recipe: str, finder: Finder) -> None:
    """Ask `finder` about runs whose recipe begins with `recipe`, such as ``hsi.``."""
    if (recipe, finder) not in _finders:
        _finders.append((recipe, finder))


def viewers_of(run: Run, user: Any) -> list[Viewer]:
    """The pages of what a run is about, as far as `user` may see them."""
    return [viewer for prefix, find in _finders if run.recipe.startswith(prefix) for viewer in find(run, user)]


def rows_of(model: type[Model], field: str, title: str | Promise, icon: str, address: Callable[[Any], str]) -> Finder:
    """A finder of rows of an owned model that name the run in `field`."""

    def find(run: Run, user: Any) -> Iterable[Viewer]:
        rows: Any = model._default_manager.all()
        return [Viewer(title, icon, address(row)) for row in rows.visible_to(user).filter(**{field: run})[:3]]

    return find
