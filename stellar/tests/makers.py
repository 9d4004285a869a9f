"""Surveys for tests: real files, simulated, small and quick."""

from __future__ import annotations

import json
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from cvstudio.accounts.models import User
from cvstudio.datasets.tests.carry_out import carry_out_all
from cvstudio.runs.folders import run_folder
from cvstudio.runs.hooks import run_completed
from cvstudio.runs.models import Run, RunState
from cvstudio.weights.models import WeightVersion
from ml_core.run.config import parse_config
from ml_core.run.context import RunContext
from ml_core.run.control import Control
from ml_core.run.directory import RunDirectory
from ml_core.run.events import SilentEvents
from ml_core.run.registry import get_recipe
from ml_core.stellar.spectra.subclass import CLASSES
from ml_core.stellar.survey import open_survey
from ml_core.weights.folder import WeightFacts, write_facts
from stellar.models import Prediction, Star, Survey, Training
from stellar.services.count_stars import count_stars
from stellar.services.create_survey import create_sample
from stellar.services.star_rows import star_rows
from stellar.storage import survey_folder

STARS = 15


def make_survey(owner: User, name: str = "Field 7", *, stars: int = STARS, seed: int = 0) -> Survey:
    """A simulated survey that went through its import."""
    survey = create_sample(owner, name=name, stars=stars, seed=seed)
    carry_out_all()
    return Survey.objects.select_related("owner", "import_run").get(id=survey.id)


def make_survey_row(owner: User, name: str = "Field 7") -> Survey:
    """The same without a run: the files are made once for all tests of this process."""
    survey = Survey.objects.create(owner=owner, name=name, source="sample", state="ready")
    shutil.copytree(imported(), survey_folder(survey))
    Star.objects.bulk_create(star_rows(survey.id, open_survey(survey_folder(survey))))
    count_stars(survey)
    return survey


@cache
def imported(stars: int = STARS) -> Path:
    """The folder of an imported survey."""
    place = Path(tempfile.mkdtemp(prefix="stellar-tests-"))
    values = {"sample": "simulated", "stars": stars, "target": str(place / "survey")}
    carry_out("stellar.import", values, place / "run")
    return place / "survey"


def carry_out(name: str, values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Run a recipe in this process, without a database."""
    recipe = get_recipe(name)
    directory = RunDirectory(folder)
    directory.make()
    config = parse_config(recipe.config, values)
    directory.seal(recipe.name, config, 0, name)
    return recipe.function(config, RunContext(directory, SilentEvents(), Control(folder)))


def make_classifier(owner: User, name: str = "Recommended on Field 7", survey: Survey | None = None) -> WeightVersion:
    """A weight in the library as a training leaves it, with its run, report and map; it classifies nothing."""
    run = Run.objects.create(owner=owner, name=name, recipe="stellar.train", state=RunState.RUNNING)
    if survey is not None:
        Training.objects.create(owner=owner, survey=survey, run=run, name=name, preset="recommended", modality="both")
    leave_weight(run)
    run_completed(run)
    Run.objects.filter(id=run.id).update(state=RunState.COMPLETED, result=run.result)
    return WeightVersion.objects.select_related("weight").get(run=run)


def leave_weight(run: Run, worst: tuple[str, ...] = ()) -> None:
    """What a training leaves when it completes."""
    artifacts = run_folder(run.id) / "artifacts"
    folder = artifacts / "weight"
    folder.mkdir(parents=True)
    save_file({"edges": np.arange(4, dtype=np.float32)}, folder / "classifier.safetensors")
    (folder / "classifier.json").write_text("{}")
    rows = [{"name": name, "label": "M1", "predicted": "M3", "confidence": 0.9, "sn": 4.0} for name in worst]
    (folder / "report.json").write_text(json.dumps({"n": 3, "classes": list(CLASSES), "worst": rows}))
    files = ["classifier.safetensors", "classifier.json", "report.json"]
    write_facts(folder, WeightFacts(
        task="stellar.train", files=files, classes=list(CLASSES), metrics={"f1": 0.9},
        preprocessing={"model": "recommended", "modality": "both"},
    ))  # fmt: skip
    columns = {"classes": list(CLASSES), "names": list(worst), "x": [0.0] * len(worst), "y": [1.0] * len(worst)}
    (artifacts / "embedding.json").write_text(json.dumps(columns))
    run.result = {"state": "completed", "weight": {"path": "artifacts/weight"}}
    run.save(update_fields=["result"])


def make_prediction(survey: Survey, classifier: WeightVersion | None = None, *, shift: int = 0) -> Prediction:
    """Answers for all stars, taken in as at the end of a run: the catalogue's class, or some classes further."""
    classifier = classifier or make_classifier(survey.owner)
    run = Run.objects.create(owner=survey.owner, name="Predict", recipe="stellar.predict", state=RunState.RUNNING)
    made = Prediction.objects.create(
        owner=survey.owner, survey=survey, classifier=classifier, run=run, name=f"{classifier} · {survey.name}"
    )
    leave_answers(run, survey, shift=shift)
    run_completed(run)
    Run.objects.filter(id=run.id).update(state=RunState.COMPLETED)
    return Prediction.objects.select_related("survey", "run", "classifier__weight").get(id=made.id)


def leave_answers(run: Run, survey: Survey, *, shift: int = 0) -> None:
    """What a prediction leaves: one row a star. The last star is none of M0 to M4; the last but one has a fault."""
    artifacts = run_folder(run.id) / "artifacts"
    artifacts.mkdir(parents=True)
    stars = list(survey.star_rows.order_by("position"))
    header = ["name", "modality", "predicted", "confidence", *(f"p_{name}" for name in CLASSES), "type", "type_sd",
              "novelty", "is_member", "disagrees", "spectrum_class", "spectrum_confidence", "image_class",
              "image_confidence", "label", "sn", "problem"]  # fmt: skip
    lines, known = [",".join(header)], []
    for number, star in enumerate(stars):
        if number == len(stars) - 2:
            lines.append(f"{star.name},{',' * (len(header) - 3)},The spectrum is damaged.")
            continue
        label = (star.label + shift) % 5
        is_member = number < len(stars) - 1
        chances = [0.8 if at == label else 0.05 for at in range(5)]
        differs = int(number == 0)
        image = CLASSES[(label + 2 * differs) % 5]
        lines.append(",".join(map(str, [
            star.name, "both", CLASSES[label] if is_member else "", 0.8, *chances, label + 0.1, 0.3,
            0.1 if is_member else 0.9, int(is_member), differs, CLASSES[label], 0.7, image, 0.6, star.label_name,
            star.sn, "",
        ])))  # fmt: skip
        known.append((star, label if is_member else -1))
    (artifacts / "predictions.csv").write_text("\n".join(lines) + "\n")
    columns = {
        "classes": list(CLASSES), "names": [star.name for star, _ in known],
        "x": [float(label) for _, label in known], "y": [float(star.position) for star, _ in known],
        "label": [star.label for star, _ in known], "predicted": [label for _, label in known],
        "sn": [star.sn for star, _ in known], "novelty": [0.1] * len(known),
    }  # fmt: skip
    (artifacts / "embedding.json").write_text(json.dumps(columns))
    vectors = np.array([[label, star.position] for star, label in known], np.float32)
    np.save(artifacts / "embedding.npy", vectors, allow_pickle=False)
    counts = {name: sum(label == at for _, label in known) for at, name in enumerate(CLASSES)}
    counts["none"] = sum(label < 0 for _, label in known)
    summary = {"classified": len(known), "counts": counts, "disagreements": 1, "problems": 1}
    (artifacts / "predictions.json").write_text(json.dumps(summary))
