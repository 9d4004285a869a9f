"""The admin shows weights and their facts, writes notes, and deletes files with rows."""

from __future__ import annotations

import pytest
from django.test import Client

from cvstudio.accounts.models import User
from cvstudio.inference.models import InferenceJob, Prediction
from cvstudio.weights import library
from cvstudio.weights.models import Weight, WeightVersion
from cvstudio.weights.tests.makers import make_weight

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin_pages(admin_user: User) -> Client:
    client = Client()
    client.force_login(admin_user)
    return client


def test_lists_searches_and_facts_open(alice: User, admin_pages: Client) -> None:
    version = make_weight(alice)
    job = InferenceJob.objects.create(owner=alice, kind="single", weight_version=version)
    top = [{"class": "<b>cat</b>", "index": 0, "probability": 0.5}]
    said = Prediction.objects.create(job=job, image_name="a.png", top=top, timing_ms={"forward": 1})
    for path, text in {
        "weights/weight/": "Tiny",
        "weights/weight/?q=tiny": "Tiny",
        f"weights/weight/{version.weight_id}/change/": "Tiny",
        "weights/weightversion/": "accuracy 0.91",
        f"weights/weightversion/?q={version.sha256}": "Tiny",
        f"weights/weightversion/{version.id}/change/": version.sha256,
        "inference/inferencejob/?q=alice": str(job.id),
        f"inference/inferencejob/{job.id}/change/": "Single image",
        "inference/prediction/": "&lt;b&gt;cat",
        f"inference/prediction/{said.id}/change/": "&lt;b&gt;cat",
    }.items():
        answer = admin_pages.get(f"/admin/{path}")
        assert answer.status_code == 200 and text in answer.content.decode(), path


def test_rows_are_not_made_by_hand(admin_pages: Client) -> None:
    for model in ("weights/weight", "weights/weightversion", "inference/inferencejob", "inference/prediction"):
        assert admin_pages.get(f"/admin/{model}/add/").status_code == 403


def test_the_action_deletes_files_and_leaves_what_is_in_use(alice: User, admin_pages: Client) -> None:
    free, used = make_weight(alice, "Free"), make_weight(alice, "Used")
    InferenceJob.objects.create(owner=alice, kind="single", weight_version=used)
    folder = library.folder_of(free)
    body = {"action": "delete_with_files", "_selected_action": [str(free.id), str(used.id)]}
    answer = admin_pages.post("/admin/weights/weightversion/", body, follow=True)
    assert "Deleted 1" in answer.content.decode() and "stands on this weight" in answer.content.decode()
    assert [version.id for version in WeightVersion.objects.all()] == [used.id]
    assert not folder.exists() and Weight.objects.count() == 1


def test_staff_without_rights_see_nothing(alice: User, bob: User) -> None:
    make_weight(alice)
    bob.is_staff = True
    bob.save()
    client = Client()
    client.force_login(bob)
    assert client.get("/admin/weights/weight/").status_code == 403
