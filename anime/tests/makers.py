"""Collections for tests that go through their real runs, and what recognisers said of images."""

from __future__ import annotations

import hashlib
import io
import shutil
import tempfile
from functools import cache
from pathlib import Path

from anime.models import Collection, Enrolment, Recognition, Training, WorkState
from anime.services.create_collection import create_sample
from anime.storage import map_file, recognition_file, square_file, view_file
from cvstudio.accounts.models import User
from cvstudio.datasets.tests.carry_out import carry_out_all
from cvstudio.runs.folders import run_folder
from cvstudio.runs.hooks import run_completed
from cvstudio.runs.models import Run, RunState
from cvstudio.weights.models import WeightVersion
from ml_core.anime.sample.collection import write_sample
from ml_core.anime.tests.drawn import NAMES, draw_face
from ml_core.weights.folder import WeightFacts, write_facts

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


def make_real_recogniser(
    owner: User, collection: Collection, name: str = "By colour and texture", *, reads: bool = False
) -> WeightVersion:
    """A recogniser of the drawn sample without a network; fitted once for all tests of this process."""
    recipe, kind = ("anime.fusion", "words") if reads else ("anime.classifier", "recogniser")
    run = Run.objects.create(owner=owner, name=name, recipe=recipe, state=RunState.RUNNING)
    Training.objects.create(owner=owner, name=name, kind=kind, collection=collection, run=run)
    weight = shutil.copytree(fitted_on_sample(), run_folder(run.id) / "artifacts" / "weight")
    if reads:
        _add_words(weight)
    run.result = {"state": "completed", "weight": {"path": "artifacts/weight"}}
    run.save(update_fields=["result"])
    run_completed(run)
    Run.objects.filter(id=run.id).update(state=RunState.COMPLETED)
    return WeightVersion.objects.select_related("weight__owner").get(run=run)


def _add_words(weight: Path) -> None:
    """Make it a recogniser of image and words, which has learnt nothing about words yet."""
    from ml_core.anime.fusion.fusion import Fusion
    from ml_core.anime.fusion.pooling import Pooling
    from ml_core.anime.fusion.storage import save_fusion
    from ml_core.anime.fusion.text.scratch import ScratchEncoder
    from ml_core.anime.fusion.text.task import TextClassifier
    from ml_core.anime.recognise.storage import load_recogniser

    recogniser = load_recogniser(weight)
    names = recogniser.characters
    fusion = Fusion(recogniser, TextClassifier(ScratchEncoder(["red", "hair"]), len(names)), names, Pooling())
    files = save_fusion(fusion, weight)
    write_facts(weight, WeightFacts(task="anime.fusion", files=files, classes=names))


@cache
def fitted_on_sample() -> Path:
    """The weight folder of a small recogniser."""
    from ml_core.anime.collection.reading import read_collection
    from ml_core.anime.describe.describer import Describer
    from ml_core.anime.recognise.metric import fit_metric
    from ml_core.anime.recognise.recogniser import Calibration, Exemplars, Recogniser
    from ml_core.anime.recognise.storage import save_recogniser

    place = Path(tempfile.mkdtemp(prefix="anime-tests-"))
    write_sample(place / "images", images=2, height=192, seed=0, progress=lambda done, total: None)
    collection, folder = read_collection(place / "images"), place / "weight"
    describer = Describer(kept=16, gaussians=8)
    describer.fit(collection.pixels, seed=0)
    descriptions = describer.describe(collection.pixels)
    metric = fit_metric(descriptions, collection.labels)
    exemplars = Exemplars(metric(descriptions), collection.labels, [p.path for p in collection.pictures])
    calibration = Calibration(0.05, 1.0, 1.0, 0.35, 0.1)
    model = Recogniser(collection.characters, describer, metric, exemplars, calibration)
    files = save_recogniser(model, folder)
    write_facts(folder, WeightFacts(task="anime.classifier", files=files, classes=collection.characters))
    return folder
