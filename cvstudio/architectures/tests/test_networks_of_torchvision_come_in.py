"""A network of torchvision becomes an architecture, by a run, once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from cvstudio.architectures.models import Architecture
from cvstudio.architectures.services.import_network import (
    architecture_of,
    make_architecture,
    start_network_import,
)
from cvstudio.architectures.tests.documents import lenet
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Run
from ml_core.errors import GraphError

pytestmark = pytest.mark.django_db
FORM = {"start": "network", "network": "resnet18", "name": "", "channels": 3, "height": 96, "width": 96, "classes": 5}


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def finish(run: Run) -> None:
    folder = run_folder(run.id) / "artifacts"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "architecture.json").write_text(json.dumps({"document": lenet(), "modules": {}, "left_out": []}))
    make_architecture(run)


def test_the_form_queues_it_and_leads_to_the_run_and_then_to_the_editor(alice: Any, bob: Any) -> None:
    client = signed_in(alice)
    answer = client.post("/architectures/new", FORM)
    run = Run.objects.get(recipe="graph.import")
    assert (run.config["network"], run.config["classes"], run.config["height"], run.queue) == ("resnet18", 5, 96, "io")
    address = answer.headers["Location"]
    assert client.get(address).headers["Location"] == f"/runs/{run.id}"
    finish(run)
    assert client.get(address).headers["Location"] == f"/architectures/{architecture_of(run)}"
    assert signed_in(bob).get(address).status_code == 404
    made = Architecture.objects.get(id=architecture_of(run))
    assert (made.owner, made.name) == (alice, "resnet18")


def test_a_run_that_is_reported_twice_makes_one_architecture(alice: Any) -> None:
    run = start_network_import(alice, network="vgg11")
    finish(run)
    finish(run)
    assert Architecture.objects.filter(name="vgg11").count() == 1


def test_a_network_that_cannot_be_taken_apart_is_refused_before_a_run(alice: Any) -> None:
    with pytest.raises(GraphError, match="taken apart"):
        start_network_import(alice, network="convnext_tiny")
    assert signed_in(alice).post("/architectures/new", {**FORM, "network": "../x"}).status_code == 422
    assert not Run.objects.exists()
