"""A classifier with its report and its answers for a survey, as trainings and predictions leave them; quick."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import numpy as np
from safetensors.numpy import save_file

from cvstudio.accounts.models import User
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Run, RunState
from cvstudio.weights.library import put
from cvstudio.weights.models import Weight, WeightVersion
from ml_core.stellar.predict.classification import Classification
from ml_core.stellar.predict.tables import embedding_columns, predictions_csv
from ml_core.stellar.spectra.subclass import CLASSES
from ml_core.stellar.training.report import full_report
from ml_core.weights.folder import WeightFacts, write_facts
from stellar.classifier_files import ANSWERS_FILE
from stellar.models import Prediction, Star, StarClassification, Survey, Training, WorkState
from stellar.services.read_report import REPORT_FILE
from stellar.services.record_prediction import EMBEDDING
from stellar.services.show_prediction import show_prediction
from stellar.storage import prediction_folder


def answers_for(labels: np.ndarray, seed: int = 0, *, strength: float = 1.4, novel: int = 1) -> Classification:
    """Answers that are right more often than not; the last ``novel`` stars are none of the classes."""
    rng = np.random.default_rng(seed)
    count = len(labels)
    places = np.arange(len(CLASSES))

    def around(spread: float) -> np.ndarray:
        centre = np.where(labels >= 0, labels, 2)[:, None] + rng.normal(0, spread, (count, 1))
        weights = np.exp(-strength * (places - centre) ** 2)
        return np.asarray(weights / weights.sum(1, keepdims=True))

    spectrum, image = around(0.4), around(1.0)
    both = (spectrum + image) / 2
    novelty = np.full(count, 0.05)
    novelty[count - novel :] = 0.9
    return Classification(
        both, {"spectrum": spectrum, "image": image}, both @ places, np.full(count, 0.4), novelty,
        rng.normal(size=(count, 4)) + labels[:, None], np.tile([0.8, 0.2, np.nan], (count, 1)), np.full(count, "both"),
    )  # fmt: skip


def make_classifier(owner: User, survey: Survey, name: str = "Fields, recommended", *, seed: int = 0) -> WeightVersion:
    """A weight in the library with a report, the run that made it, and its training."""
    stars = list(Star.objects.filter(survey=survey, label__gte=0).order_by("position"))
    labels, sn = np.array([star.label for star in stars]), np.array([star.sn for star in stars])
    names = [star.name for star in stars]
    answers = answers_for(labels, seed, novel=0)
    run = Run.objects.create(owner=owner, name=name, recipe="stellar.train", state=RunState.COMPLETED)
    artifacts = run_folder(run.id) / ANSWERS_FILE
    artifacts.parent.mkdir(parents=True)
    artifacts.write_text(predictions_csv(answers, names, labels, sn))
    folder = artifacts.parent / "weight"
    folder.mkdir()
    save_file({"bias": np.zeros(5, np.float32)}, folder / "classifier.safetensors")
    report = full_report(answers, {"label": labels, "sn": sn, "name": np.array(names)})
    report |= {"training_id": "20260101-000000-abcd", "model": "recommended", "modality": "both"}
    (folder / REPORT_FILE).write_text(json.dumps(report))
    facts = {"model": "recommended", "modality": "both"}
    metrics = {"f1": report["scores"]["all"]["fusion"]["macro_f1"]}
    files = ["classifier.safetensors", REPORT_FILE]
    write_facts(folder, WeightFacts(task="stellar.train", files=files, classes=list(CLASSES), preprocessing=facts,
                                    metrics=metrics))  # fmt: skip
    weight = Weight.objects.create(owner=owner, name=name, task="stellar.train")
    version = WeightVersion(id=uuid4(), weight=weight, number=1, source="run", size_bytes=20, sha256="0" * 64, run=run,
                            classes=list(CLASSES), preprocessing=facts, metrics=metrics)  # fmt: skip
    version.folder = put(folder, version.id)
    version.save()
    Training.objects.create(
        owner=owner, name=name, survey=survey, run=run, classifier=version, preset="recommended", modality="both"
    )
    return version


def make_prediction(survey: Survey, version: WeightVersion, *, seed: int = 1, show: bool = True) -> Prediction:
    """What a classifier said of all stars of a survey."""
    stars = list(Star.objects.filter(survey=survey).order_by("position"))
    answers = answers_for(np.array([star.label for star in stars]), seed)
    counts = {name: int((answers.predicted == at).sum()) for at, name in enumerate(CLASSES)}
    prediction = Prediction.objects.create(
        owner=survey.owner, name=f"{survey.name}, classified", survey=survey, classifier=version, state=WorkState.READY,
        stars=len(stars), counts=counts | {"none": int((answers.predicted < 0).sum())},
        disagreements=int(answers.disagrees.sum()), summary={"problems": 0},
    )  # fmt: skip
    StarClassification.objects.bulk_create(_rows(prediction, stars, answers))
    names, labels = [star.name for star in stars], np.array([star.label for star in stars])
    columns = embedding_columns(answers, answers.embedding, names, labels, np.array([star.sn for star in stars]))
    folder = prediction_folder(prediction)
    folder.mkdir(parents=True)
    (folder / EMBEDDING).write_text(json.dumps(columns))
    if show:
        show_prediction(prediction.survey, prediction)
    return prediction


def _rows(prediction: Prediction, stars: list[Star], answers: Classification) -> list[StarClassification]:
    return [
        StarClassification(
            star=star, prediction=prediction, predicted=int(answers.predicted[at]), likeliest=int(answers.label[at]),
            probabilities=answers.probabilities[at].tolist(), confidence=float(answers.confidence[at]),
            type=float(answers.type_mean[at]), type_sd=0.4, novelty=float(answers.novelty[at]), modality="both",
            by_modality=_said(answers, at), modalities_differ=bool(answers.disagrees[at]),
        )
        for at, star in enumerate(stars)
    ]  # fmt: skip


def _said(answers: Classification, at: int) -> dict[str, Any]:
    return {
        name: {"class": CLASSES[int(found[at].argmax())], "confidence": float(found[at].max())}
        for name, found in answers.by_modality.items()
    }
