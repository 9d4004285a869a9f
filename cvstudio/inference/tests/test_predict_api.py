"""Single predictions over the API, as owner, stranger, administrator and nobody, with every kind of picture."""

from __future__ import annotations

import base64
import io
import json
import uuid
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from cvstudio.accounts.models import User
from cvstudio.datasets.models import DatasetImage
from cvstudio.inference.models import InferenceJob, Prediction
from cvstudio.inference.serving.server import InferenceServer
from cvstudio.inference.tests.makers import picture
from cvstudio.weights.models import WeightVersion

pytestmark = pytest.mark.django_db
IMAGE, JSON = "/api/v1/inference/predict-image", "/api/v1/inference/predict"


def upload(api: APIClient, weight: Any, content: bytes | None = None, **fields: Any) -> Any:
    stream = io.BytesIO(picture((255, 0, 0)) if content is None else content)
    stream.name = "a.png"
    return api.post(
        IMAGE, {"weight": str(getattr(weight, "id", weight)), "image": stream, **fields}, format="multipart"
    )


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def test_an_uploaded_picture_is_predicted(server: InferenceServer, weight: WeightVersion, alice_api: APIClient) -> None:
    answer = upload(alice_api, weight)
    assert answer.status_code == 200, answer.json()
    body = answer.json()
    assert body["top"][0] == {"class": "red", "index": 0, "probability": 1.0}
    assert set(body["timing_ms"]) == {"queue", "preprocess", "forward", "postprocess", "total"}
    assert (body["weight"], body["task"], body["job"]) == (str(weight.id), "vision.classify", None)
    assert not InferenceJob.objects.exists()


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,"])
def test_a_picture_inside_the_json_is_predicted(
    server: InferenceServer, weight: WeightVersion, alice_api: APIClient, prefix: str
) -> None:
    body = {"weight": str(weight.id), "image_base64": prefix + encoded(picture((255, 0, 0))), "top_k": 1}
    answer = alice_api.post(JSON, body)
    assert answer.status_code == 200 and [entry["class"] for entry in answer.json()["top"]] == ["red"]


def test_a_picture_of_a_data_set_is_predicted(
    server: InferenceServer, weight: WeightVersion, image: DatasetImage, alice_api: APIClient
) -> None:
    answer = alice_api.post(JSON, {"weight": str(weight.id), "image_id": str(image.id), "keep": True})
    assert answer.json()["top"][0]["class"] == "red"
    kept = Prediction.objects.get()
    assert (kept.image, kept.image_name, str(kept.job_id)) == (image, "red/a.png", answer.json()["job"])


def test_a_kept_answer_can_be_looked_up(server: InferenceServer, weight: WeightVersion, alice_api: APIClient) -> None:
    job = upload(alice_api, weight, keep="true").json()["job"]
    detail = alice_api.get(f"/api/v1/inference/jobs/{job}").json()
    assert detail["kind"] == "single" and detail["state"] == "completed" and detail["results"] == {}
    assert detail["predictions"][0]["image_name"] == "a.png"
    assert alice_api.delete(f"/api/v1/inference/jobs/{job}").status_code == 204
    assert not Prediction.objects.exists()


def test_a_prediction_costs_one_query(server: InferenceServer, weight: WeightVersion, alice_api: APIClient) -> None:
    upload(alice_api, weight)
    with CaptureQueriesContext(connection) as queries:
        upload(alice_api, weight)
    assert len(queries) == 1


def test_a_stranger_cannot_predict_with_it_and_an_administrator_can(
    server: InferenceServer, weight: WeightVersion, bob_api: APIClient, admin_api: APIClient
) -> None:
    assert upload(bob_api, weight).status_code == 404
    body = {"weight": str(weight.id), "image_base64": encoded(picture())}
    assert bob_api.post(JSON, body).status_code == 404
    assert upload(admin_api, weight).status_code == 200


def test_a_stranger_cannot_predict_pictures_of_others(
    server: InferenceServer, image: DatasetImage, bob: User, bob_api: APIClient
) -> None:
    from cvstudio.weights.tests.makers import make_weight

    body = {"weight": str(make_weight(bob).id), "image_id": str(image.id)}
    answer = bob_api.post(JSON, body)
    assert answer.status_code == 404 and answer.json()["code"] == "not_found"


def test_nobody_gets_nothing(anonymous: APIClient, weight: WeightVersion) -> None:
    assert upload(anonymous, weight).status_code == 401
    assert anonymous.post(JSON, {}).status_code == 401
    for address in ("/api/v1/inference/jobs", f"/api/v1/inference/jobs/{uuid.uuid4()}"):
        assert anonymous.get(address).status_code == 401
    assert anonymous.post("/api/v1/inference/batch", {}).status_code == 401


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "weight"),
        ({"weight": "../../etc"}, "weight"),
        ({"weight": str(uuid.uuid4())}, "image_id"),
        ({"weight": str(uuid.uuid4()), "image_base64": "x", "image_id": str(uuid.uuid4())}, "image_id"),
        ({"weight": str(uuid.uuid4()), "image_base64": "x", "top_k": 0}, "top_k"),
        ({"weight": str(uuid.uuid4()), "image_base64": "x", "top_k": 101}, "top_k"),
        ({"weight": str(uuid.uuid4()), "image_base64": {"a": 1}}, "image_base64"),
    ],
)
def test_a_wrong_form_names_the_field(alice_api: APIClient, body: dict[str, Any], where: str) -> None:
    answer = alice_api.post(JSON, body)
    assert answer.status_code == 400 and answer.json()["where"] == where


@pytest.mark.parametrize(
    "text", ["!!!!", "abc", "data:image/png;base64,@@@@", "https://example.org/a.png", "/etc/passwd"]
)
def test_what_is_no_base64_is_refused(weight: WeightVersion, alice_api: APIClient, text: str) -> None:
    answer = alice_api.post(JSON, {"weight": str(weight.id), "image_base64": text})
    assert answer.status_code == 400
    assert answer.json()["code"] in (
        "inference.bad_base64",
        "inference.empty_image",
        "inference.no_worker",
        "image.unknown_format",
    )


@pytest.mark.parametrize("content", [b"<script>alert(1)</script>", picture()[:30], b"GIF89a", b"\x00" * 100])
def test_what_is_no_picture_is_a_coded_400(
    server: InferenceServer, weight: WeightVersion, alice_api: APIClient, content: bytes
) -> None:
    answer = upload(alice_api, weight, content)
    assert answer.status_code == 400 and answer.json()["code"].startswith("image.") and answer.json()["hint"]


def test_an_empty_or_missing_picture_is_refused(weight: WeightVersion, alice_api: APIClient) -> None:
    assert upload(alice_api, weight, b"").status_code == 400
    assert alice_api.post(IMAGE, {"weight": str(weight.id)}, format="multipart").json()["where"] == "image"
    empty = alice_api.post(JSON, {"weight": str(weight.id), "image_base64": "data:image/png;base64,"})
    assert empty.json()["code"] == "inference.empty_image"


def test_an_oversized_picture_is_refused(weight: WeightVersion, alice_api: APIClient, settings: Any) -> None:
    settings.INFER_MAX_IMAGE_BYTES = 100
    answer = upload(alice_api, weight, picture(size=(400, 400), format="BMP"))
    assert answer.status_code == 413 and answer.json()["code"] == "inference.image_too_large"
    body = {"weight": str(weight.id), "image_base64": encoded(bytes(1000))}
    assert alice_api.post(JSON, body).status_code == 413


def test_too_many_predictions_in_a_minute_are_a_429(
    server: InferenceServer, weight: WeightVersion, alice_api: APIClient, admin_api: APIClient, settings: Any
) -> None:
    settings.INFER_RATE_PER_MINUTE = 2
    cache.clear()
    codes = [upload(alice_api, weight).status_code for _ in range(3)]
    if codes != [200, 200, 429]:  # the minute may have turned in between
        codes = [upload(alice_api, weight).status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    refused = upload(alice_api, weight)
    assert refused.json()["code"] == "inference.quota" and int(refused["Retry-After"]) <= 60
    assert upload(admin_api, weight).status_code == 200


def test_without_a_worker_the_answer_is_a_503_that_says_when_to_come_back(
    own_redis: Any, weight: WeightVersion, alice_api: APIClient
) -> None:
    answer = upload(alice_api, weight)
    assert answer.status_code == 503 and answer.json()["code"] == "inference.no_worker"
    assert answer["Retry-After"] == "5"


def test_a_picture_whose_file_is_gone_or_leads_out_is_not_read(
    server: InferenceServer, weight: WeightVersion, image: DatasetImage, alice_api: APIClient
) -> None:
    for path in ("red/gone.png", "../../../etc/passwd"):
        image.path = path
        image.save()
        answer = alice_api.post(JSON, {"weight": str(weight.id), "image_id": str(image.id)})
        assert answer.status_code == 404 and answer.json()["code"] == "image.missing"


def test_class_names_arrive_as_data(server: InferenceServer, weight: WeightVersion, alice_api: APIClient) -> None:
    answer = upload(alice_api, weight)
    assert answer["Content-Type"] == "application/json" and json.loads(answer.content)
