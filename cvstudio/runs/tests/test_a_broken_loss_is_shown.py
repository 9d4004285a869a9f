"""The page of a run whose loss became no number tells which sample and which layer it was."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Artifact, Run, RunState

pytestmark = pytest.mark.django_db
FLIGHT: dict[str, Any] = {
    "loss": "loss", "value": "nan", "epoch": 2, "step": 14, "batch": 3, "learning_rate": 0.01,
    "samples": [
        {"name": "<b>cat</b>.png", "largest": 1.5, "not_finite": 7, "doubt": "not_finite"},
        {"name": "dog.png", "largest": 1.0, "not_finite": 0, "doubt": ""},
    ],
    "weights": [{"name": "conv.weight", "kind": "weight", "shape": [8, 3], "largest": 2.0, "not_finite": 0.0}],
    "layers": [{"name": "features.0", "kind": "Conv2d", "shape": [2, 8], "largest": 3.0, "not_finite": 0.25}],
    "first_bad_layer": "features.0", "looked_at_with": "step-00000008", "note": "",
}  # fmt: skip


def failed_run(owner: Any, text: str) -> Run:
    run = Run.objects.create(owner=owner, name="broken", recipe="vision.classify", state=RunState.FAILED)
    path = run_folder(run.id) / "artifacts/flight_recorder.json"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    facts = {"size_bytes": len(text), "sha256": "0" * 64, "media_type": "application/json"}
    Artifact.objects.create(run=run, name=path.name, path=f"artifacts/{path.name}", **facts)
    return run


def page_of(owner: Any, run: Run) -> str:
    client = Client()
    client.force_login(owner)
    answer = client.get(f"/runs/{run.id}/log")
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_doubted_sample_and_the_failing_layer_are_named(alice: Any) -> None:
    page = page_of(alice, failed_run(alice, json.dumps(FLIGHT)))
    assert "&lt;b&gt;cat&lt;/b&gt;.png" in page
    assert "<b>cat</b>" not in page
    assert "dog.png" not in page, "samples that are sound only distract from the one that is not"
    assert "The first layer that fails is “features.0”" in page
    assert "25.0 %" in page


@pytest.mark.parametrize("text", ["{", "[]", json.dumps({**FLIGHT, "samples": []})])
def test_a_damaged_record_does_not_break_the_page(alice: Any, text: str) -> None:
    page_of(alice, failed_run(alice, text))
