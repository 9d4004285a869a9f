"""A completed training can be run again; the page says what came out."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from cvstudio.runs.errors import RunConflictError
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Run, RunState
from cvstudio.runs.services.repeat_run import repeat_run
from ml_core.run import recipes

assert recipes  # the tests of this folder look for no recipes by themselves

pytestmark = pytest.mark.django_db


def completed(owner: Any, **facts: Any) -> Run:
    run = Run.objects.create(
        owner=owner, **{"name": "first", "recipe": "vision.classify", "state": RunState.COMPLETED, **facts}
    )
    run_folder(run.id).mkdir(parents=True)
    (run_folder(run.id) / "run.json").write_text("{}")
    return run


def test_the_button_queues_a_repetition_of_this_very_run(alice: Any) -> None:
    run, client = completed(alice), Client()
    client.force_login(alice)
    assert "Repeat and compare" in client.get(f"/runs/{run.id}").content.decode()
    answer = client.post(f"/runs/{run.id}/repeat")
    repetition = Run.objects.get(recipe="run.repeat")
    assert answer.headers["Location"] == f"/runs/{repetition.id}"
    assert (repetition.owner, repetition.parent, repetition.queue) == (alice, run, "train")
    assert repetition.config == {"run": str(run_folder(run.id))}
    assert repetition.name == "first, repeated"


@pytest.mark.parametrize("facts", [{"state": RunState.FAILED}, {"queue": "io"}, {"recipe": "run.repeat"}])
def test_what_cannot_be_compared_is_not_repeated(alice: Any, facts: dict[str, Any]) -> None:
    run, client = completed(alice, **facts), Client()
    client.force_login(alice)
    assert "Repeat and compare" not in client.get(f"/runs/{run.id}").content.decode()
    with pytest.raises(RunConflictError):
        repeat_run(run, alice)


def test_a_run_whose_folder_is_gone_says_so(alice: Any) -> None:
    run, client = completed(alice), Client()
    (run_folder(run.id) / "run.json").unlink()
    client.force_login(alice)
    page = client.post(f"/runs/{run.id}/repeat", follow=True).content.decode()
    assert "The folder of this run is gone" in page


def test_the_verdict_stands_on_the_result(alice: Any) -> None:
    run, client = completed(alice, recipe="run.repeat", result={"verdict": "Differs first at step <3>."}), Client()
    client.force_login(alice)
    assert "Differs first at step &lt;3&gt;." in client.get(f"/runs/{run.id}/result").content.decode()
