"""An alias stands on its version: a deletion says so before it goes."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from cvstudio.weights.dependants import Dependant, Kind, register_dependants
from cvstudio.weights.models import WeightVersion


def _find(version: WeightVersion) -> Iterator[Dependant]:
    for alias in version.aliases.all():
        yield Dependant(_("alias"), alias.name, f"/weights/{version.id}")


def _remove(version: WeightVersion) -> int:
    return version.aliases.all().delete()[0]


def register() -> None:
    """Add aliases to what a deletion looks at."""
    register_dependants("aliases", Kind(_find, _remove))
