"""The pages of inference: one picture, many pictures, jobs."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cvstudio.accounts.models import User
from cvstudio.datasets.models import DatasetImage
from cvstudio.inference.models import InferenceJob, Prediction
from cvstudio.inference.tests.test_batch_api import finish
from cvstudio.runs.models import RunState
from cvstudio.runs.services.create_run import create_run
from cvstudio.weights.models import WeightVersion
from cvstudio.weights.tests.makers import make_weight

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_redis")]


def pages_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def make_batch(owner: User, weight: WeightVersion) -> InferenceJob:
    run = create_run(owner=owner, recipe="vision.predict", config={"weight": "w", "root": "r"}, name="Holiday")
    return InferenceJob.objects.create(owner=owner, kind="batch", weight_version=weight, run=run)


def test_without_weights_the_page_says_where_they_come_from(alice: User) -> None:
    for address in ("/inference/", "/inference/batch"):
        assert "No weights yet" in pages_of(alice).get(address).content.decode()


def test_the_page_offers_weights_data_sets_and_calls(alice: User, weight: WeightVersion, image: DatasetImage) -> None:
    page = pages_of(alice).get(f"/inference/?weight={weight.id}&image={image.id}").content.decode()
    assert f'value="{weight.id}" selected' in page and f'data-image="{image.id}"' in page
    assert "Colours v1" in page and "No infer worker is running" in page
    batch = pages_of(alice).get(f"/inference/batch?dataset_version={image.version_id}").content.decode()
    assert f'value="{image.version_id}" selected' in batch


def test_a_running_worker_is_seen(alice: User, weight: WeightVersion, server: Any) -> None:
    assert "No infer worker" not in pages_of(alice).get("/inference/").content.decode()


@pytest.mark.parametrize("wish", ["x", "../..", "3fa85f64-5717-4562-b3fc-2c963f66afa6"])
def test_a_wrong_wish_shows_the_newest_weight(alice: User, bob: User, weight: WeightVersion, wish: str) -> None:
    page = pages_of(alice).get("/inference/", {"weight": wish, "image": wish}).content.decode()
    assert f'value="{weight.id}" selected' in page
    foreign = make_weight(bob)
    assert f'value="{foreign.id}"' not in pages_of(alice).get(f"/inference/?weight={foreign.id}").content.decode()


def test_a_job_shows_how_far_it_is_and_then_its_results(alice: User, weight: WeightVersion) -> None:
    job = make_batch(alice, weight)
    client = pages_of(alice)
    page = client.get(f"/inference/jobs/{job.id}").content.decode()
    address = f'data-poll="/inference/jobs/{job.id}"'
    assert address in page and "<html" in page
    part = client.get(f"/inference/jobs/{job.id}", headers={"X-Poll": "true"}).content.decode()
    assert address in part and "<html" not in part
    finish(job)
    done = client.get(f"/inference/jobs/{job.id}").content.decode()
    assert address not in done and "cannot be looked through" in done and "format=csv" in done


def test_a_batch_is_paused_and_stopped_where_it_is_looked_at(alice: User, bob: User, weight: WeightVersion) -> None:
    job = make_batch(alice, weight)
    client, address = pages_of(alice), f"/inference/jobs/{job.id}"
    assert 'value="pause"' in client.get(address).content.decode()
    assert pages_of(bob).post(f"{address}/control", {"action": "stop"}).status_code == 404
    for action, state in (("pause", "paused"), ("resume", "queued"), ("stop", "stopped"), ("x", "stopped")):
        assert client.post(f"{address}/control", {"action": action}).headers["Location"] == address
        assert job.run is not None
        job.run.refresh_from_db()
        assert job.run.state == state


def test_a_failed_job_says_why(alice: User, weight: WeightVersion) -> None:
    job = make_batch(alice, weight)
    run = job.run
    assert run is not None
    run.state = RunState.FAILED
    run.cause = {"code": "x", "message": "The <b>folder</b> is gone.", "hint": "Bring it back.", "where": ""}
    run.save()
    page = pages_of(alice).get(f"/inference/jobs/{job.id}").content.decode()
    assert "&lt;b&gt;folder" in page and "Bring it back." in page


def test_a_kept_answer_shows_its_bars(alice: User, weight: WeightVersion, image: DatasetImage) -> None:
    job = InferenceJob.objects.create(owner=alice, kind="single", weight_version=weight)
    top = [{"class": "<i>cat</i>", "index": 0, "probability": 0.75}]
    Prediction.objects.create(job=job, image=image, image_name="a.png", top=top, timing_ms={"forward": 1.5})
    page = pages_of(alice).get(f"/inference/jobs/{job.id}").content.decode()
    assert "&lt;i&gt;cat" in page and "75.0 %" in page and "1.5 ms" in page


def test_the_list_costs_the_same_for_one_and_many(alice: User, weight: WeightVersion) -> None:
    client = pages_of(alice)
    assert "No jobs yet" in client.get("/inference/jobs").content.decode()
    counts = []
    for index in range(8):
        make_batch(alice, weight)
        if index in (0, 7):
            with CaptureQueriesContext(connection) as queries:
                assert client.get("/inference/jobs").status_code == 200
            counts.append(len(queries))
    assert counts[0] == counts[1]
    assert "No job is of this kind" in client.get("/inference/jobs?kind=single").content.decode()


def test_strangers_and_nobody_are_kept_out(
    alice: User, bob: User, admin_user: User, weight: WeightVersion, client: Client
) -> None:
    job = make_batch(alice, weight)
    for address in ("/inference/", "/inference/batch", "/inference/jobs", f"/inference/jobs/{job.id}"):
        assert client.get(address).status_code == 302
    assert client.post(f"/inference/jobs/{job.id}/delete").status_code == 302
    assert pages_of(bob).get(f"/inference/jobs/{job.id}").status_code == 404
    assert pages_of(bob).post(f"/inference/jobs/{job.id}/delete").status_code == 404
    assert "Holiday" not in pages_of(bob).get("/inference/jobs").content.decode()
    assert pages_of(admin_user).get(f"/inference/jobs/{job.id}").status_code == 200


def test_a_job_at_work_stays_and_one_that_ended_goes(alice: User, weight: WeightVersion) -> None:
    job = make_batch(alice, weight)
    client = pages_of(alice)
    assert "Stop its run first" in client.post(f"/inference/jobs/{job.id}/delete", follow=True).content.decode()
    finish(job)
    assert client.post(f"/inference/jobs/{job.id}/delete").headers["Location"] == "/inference/jobs"
    assert not InferenceJob.objects.exists()
