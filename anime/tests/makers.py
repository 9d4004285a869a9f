"""Collections for tests that go through their real runs, and what recognisers said of images."""

from __future__ import annotations

import hashlib
import io
from functools import cache

from anime.models import Collection, Enrolment, Recognition, WorkState
from anime.services.create_collection import create_sample
from anime.storage import map_file, recognition_file, square_file, view_file
from cvstudio.accounts.models import User
from cvstudio.datasets.tests.carry_out import carry_out_all
from cvstudio.runs.models import Run, RunState
from cvstudio.weights.models import WeightVersion
from ml_core.anime.tests.drawn import NAMES, draw_face

ANSWER = {
    "top": [
        {"name": NAMES[0], "class": NAMES[0], "index": 0, "probability": 0.9},
        {"name": NAMES[1], "class": NAMES[1], "index": 1, "probability": 0.1},
    ],
    "is_unknown": False, "familiarity": 0.7, "familiar_from": 0.2,
    "nearest": [{"name": NAMES[0], "image": f"{NAMES[0]}/00.png", "similarity": 0.8}],
}  # fmt: skip


def make_collection(owner: User, name: str = "Drawn characters", *, per_character: int = 2) -> Collection:
    """The drawn sample as its runs leave it: eight characters with planted faults."""
    made = create_sample(owner, name=name, per_character=per_character)
    carry_out_all()
    return fresh(made)


def fresh(collection: Collection) -> Collection:
    """The collection as the database has it."""
    rows = Collection.objects.select_related("dataset__current_version", "owner", "recogniser__weight", "examine_run")
    return rows.get(id=collection.id)


@cache
def png(character: int = 0, seed: int = 0, size: int = 64) -> bytes:
    """An image as somebody sends it."""
    buffer = io.BytesIO()
    draw_face(character, seed, size).save(buffer, "PNG")
    return buffer.getvalue()


def make_recognition(recogniser: WeightVersion, collection: Collection | None = None) -> Recognition:
    """An answer with its files, as the infer worker's is kept."""
    row = Recognition.objects.create(
        owner=recogniser.weight.owner, recogniser=recogniser, collection=collection, file_name="somebody.png",
        sha256=hashlib.sha256(png()).hexdigest(), width=64, height=64, name=NAMES[0], probability=0.9, answer=ANSWER,
    )  # fmt: skip
    for place in (recognition_file, view_file, map_file, square_file):
        path = place(row.id)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png())
    return row


def make_enrolment(recogniser: WeightVersion, collection: Collection | None = None) -> Enrolment:
    """A character that was added."""
    run = Run.objects.create(owner=recogniser.weight.owner, name="Add", recipe="anime.enrol", state=RunState.COMPLETED)
    return Enrolment.objects.create(
        owner=recogniser.weight.owner, action="add", name="Newcomer", recogniser=recogniser, collection=collection,
        weight=recogniser, run=run, state=WorkState.READY, images=5, report={"known_before": 0.9, "known_after": 0.9},
    )  # fmt: skip
