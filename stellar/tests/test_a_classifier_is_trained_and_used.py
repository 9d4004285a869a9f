"""From a survey to answers with the real recipes: train, keep the weight, classify, and ask the infer worker."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np
import pytest

from cvstudio.datasets.tests.carry_out import carry_out_all
from cvstudio.inference.limits import limits
from cvstudio.inference.serving import client
from cvstudio.inference.serving.loaded_model import Engine
from cvstudio.inference.serving.server import InferenceServer
from cvstudio.inference.worker import load_model
from cvstudio.runs.models import Run
from stellar.models import Prediction, StarClassification, Survey
from stellar.services.create_survey import create_sample
from stellar.storage import image_path, spectrum_path

URL = "/api/v1/stellar"
TINY = {"epochs": 1, "steps_per_epoch": 6, "batch_size": 16}
pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def worker(redis_url: str, settings: Any) -> Iterator[None]:
    """A real infer server in this process."""
    settings.REDIS_CLIENT_URL = redis_url
    client.forget_connection()
    engine = Engine("cpu", 1, max_batch=4, lanes=1, cache_bytes=1 << 30)
    server = InferenceServer(redis_url, lambda header: load_model(header, engine), limits(), engine,
                             on_evict=lambda: None)  # fmt: skip
    server.start()
    assert server.wait_until_ready(10)
    yield
    server.close()
    client.forget_connection()


@pytest.fixture
def survey(alice: Any) -> Survey:
    survey = create_sample(alice, stars=40)
    carry_out_all()
    return Survey.objects.get(id=survey.id)


def trained(api: Any, survey: Survey, **more: Any) -> str:
    answer = api.post(f"{URL}/trainings", {"survey": str(survey.id), "settings": TINY, **more})
    assert answer.status_code == 202, answer.content
    carry_out_all()
    run = Run.objects.get(id=answer.json()["run"])
    assert run.state == "completed", run.cause
    return str(api.get(f"{URL}/trainings/{answer.json()['id']}").json()["classifier"])


def test_a_survey_is_learnt_from_classified_and_explained(survey: Survey, alice_api: Any, worker: None) -> None:
    classifier = trained(alice_api, survey)
    report = alice_api.get(f"{URL}/classifiers/{classifier}/report").json()
    assert report["classes"] == ["M0", "M1", "M2", "M3", "M4"] and report["n"] == 10
    columns = alice_api.get(f"{URL}/classifiers/{classifier}/embedding").json()
    assert len(columns["stars"]) == len(columns["x"]) and all(columns["stars"])
    body = alice_api.post(f"{URL}/predictions", {"survey": str(survey.id), "classifier": classifier}).json()
    carry_out_all()
    made = Prediction.objects.get(id=body["id"])
    assert (made.state, made.stars) == ("ready", 40), made.fault
    assert sum(made.counts.values()) == 40
    rows = list(StarClassification.objects.filter(prediction=made))
    assert np.allclose([sum(row.probabilities) for row in rows], 1, atol=1e-4)
    assert {row.modality for row in rows} == {"both"} and {"spectrum", "image"} <= rows[0].by_modality.keys()
    assert alice_api.get(f"{URL}/predictions/{made.id}/embedding").json()["stars"].count(None) == 0
    star = survey.star_rows.get(position=3)
    near = alice_api.get(f"{URL}/stars/{star.id}/neighbours?count=5").json()["neighbours"]
    distances = [row["distance"] for row in near]
    assert len(near) == 5 and distances == sorted(distances) and star.name not in [row["name"] for row in near]

    stored = alice_api.get(f"{URL}/stars/{star.id}/classifications").json()[0]
    answer = alice_api.get(f"{URL}/stars/{star.id}/attribution")
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert told["probabilities"] == pytest.approx(stored["probabilities"], abs=1e-3)
    assert told["attribution"]["spectrum"] and told["attribution"]["image"]
    with spectrum_path(star).open("rb") as spectrum, image_path(star).open("rb") as image:
        form = {"classifier": classifier, "spectrum": spectrum, "image": image, "attribution": False}
        form |= {f"{band}_mag": getattr(star, f"{band}_mag") for band in "griz"}
        uploaded = alice_api.post(f"{URL}/classify", form, format="multipart").json()
    assert uploaded["probabilities"] == pytest.approx(stored["probabilities"], abs=1e-3)
    assert uploaded["attribution"] is None and uploaded["timing_ms"]["total"] > 0

    for name, content, where in (("spec.fits", b"<!DOCTYPE html><html></html>", "spectrum"), ("x.jpg", b"no", "image")):
        stream = BytesIO(content)
        stream.name = name
        answer = alice_api.post(f"{URL}/classify", {"classifier": classifier, where: stream}, format="multipart")
        assert (answer.status_code, answer.json()["where"]) == (400, where), answer.content


def test_one_modality_alone_is_learnt_and_named_stars_are_classified(survey: Survey, alice_api: Any) -> None:
    classifier = trained(alice_api, survey, modality="spectrum")
    stars = list(survey.star_rows.order_by("position")[:3])
    body = {"survey": str(survey.id), "classifier": classifier, "stars": [str(star.id) for star in stars]}
    made = alice_api.post(f"{URL}/predictions", body).json()
    carry_out_all()
    found = Prediction.objects.get(id=made["id"])
    assert (found.state, found.stars) == ("ready", 3), found.fault
    assert set(found.classifications.values_list("star__name", flat=True)) == {star.name for star in stars}
