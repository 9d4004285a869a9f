"""Runs in the admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from cvstudio.runs.models import Artifact, Checkpoint, Run
from cvstudio.runs.services.append_events import NewEvent, append_events

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(admin_user: Any) -> Client:
    """A browser of the administrator."""
    client = Client()
    client.force_login(admin_user)
    return client


def test_every_list_and_page_opens_and_can_be_searched(site: Client, make_run: Any) -> None:
    run = make_run()
    append_events(run.id, [NewEvent("log", {"level": "info", "message": "<script>"})])
    files = {"size_bytes": 1, "sha256": "0"}
    Checkpoint.objects.create(run=run, path="checkpoints/step-1", step=1, epoch=0, **files)
    Artifact.objects.create(run=run, name="a", path="artifacts/a", media_type="text/plain", **files)
    for model in ("run", "runevent", "checkpoint", "artifact", "curveblock"):
        page = site.get(f"/admin/runs/{model}/", {"q": str(run.id)})
        assert page.status_code == 200
        assert b"<script>alert" not in page.content
    page = site.get(f"/admin/runs/run/{run.id}/change/")
    assert page.status_code == 200 and b"checkpoints/step-1" in page.content


def test_actions_ask_runs_and_say_what_was_refused(site: Client, make_run: Any) -> None:
    first, done = make_run(), make_run()
    Run.objects.filter(id=done.id).update(state="completed")
    chosen = {"action": "stop_runs", "_selected_action": [str(first.id), str(done.id)]}
    page = site.post("/admin/runs/run/", chosen, follow=True)
    assert Run.objects.get(id=first.id).state == "stopped"
    assert b"1 run was asked" in page.content and b"completed cannot be stopped" in page.content


def test_a_run_at_work_is_not_deleted_and_an_ended_one_is(site: Client, make_run: Any) -> None:
    run = make_run()
    Run.objects.filter(id=run.id).update(state="running")
    assert site.post(f"/admin/runs/run/{run.id}/delete/", {"post": "yes"}).status_code == 403
    assert Run.objects.filter(id=run.id).exists()
    Run.objects.filter(id=run.id).update(state="failed")
    append_events(run.id, [NewEvent("log", {"level": "info", "message": "x"})])
    site.post(f"/admin/runs/run/{run.id}/delete/", {"post": "yes"})
    assert not Run.objects.filter(id=run.id).exists()
