"""Tells the library of weights what stands on a version, and where one is used."""

from __future__ import annotations

from collections.abc import Iterator

from anime.models import GeneratedImage, Recognition
from anime.selectors import GENERATOR, RECOGNISERS
from anime.services.generated import delete_generated
from anime.services.recognise import delete_recognition
from cvstudio.weights.dependants import Dependant, Kind, register_dependants
from cvstudio.weights.models import WeightVersion
from cvstudio.weights.uses import register_use


def _recognitions(version: WeightVersion) -> Iterator[Dependant]:
    for row in Recognition.objects.filter(recogniser=version).only("id", "file_name"):
        yield Dependant("Recognition", row.file_name, f"/anime/recognitions/{row.id}")


def _forget_recognitions(version: WeightVersion) -> int:
    rows = list(Recognition.objects.filter(recogniser=version).select_related("collection__dataset"))
    for row in rows:
        delete_recognition(row)
    return len(rows)


def _drawn(version: WeightVersion) -> Iterator[Dependant]:
    for row in GeneratedImage.objects.filter(generator=version).only("id", "character", "seed"):
        yield Dependant("Generated image", str(row), "/anime/generate")


def _forget_drawn(version: WeightVersion) -> int:
    rows = list(GeneratedImage.objects.filter(generator=version))
    for row in rows:
        delete_generated(row)
    return len(rows)


def register() -> None:
    """Add recognitions and generated images to what a deletion looks at, and the pages to what the library links to."""
    register_dependants("anime-recognitions", Kind(_recognitions, _forget_recognitions))
    register_dependants("anime-generated", Kind(_drawn, _forget_drawn))
    for task in RECOGNISERS:
        register_use(task, "/anime/recognisers/")
    register_use(GENERATOR, "/anime/generators/")
