"""A completed training is where a search for better settings begins; nothing that names a file may vary."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Run, RunState
from cvstudio.runs.search_space import searchable_settings
from cvstudio.runs.services.start_search import start_search
from ml_core.errors import ConfigError
from ml_core.run import recipes
from ml_core.vision import recipes as vision

assert recipes and vision  # the tests of this folder look for no recipes by themselves
pytestmark = pytest.mark.django_db

CONFIG = {
    "data": {"version": "/v", "root": "/r"},
    "graph": {},
    "fit": {"epochs": 4, "learning_rate": 0.001, "optimizer": "adamw"},
}


def trained(owner: Any, **facts: Any) -> Run:
    usual = {"state": RunState.COMPLETED, "result": {"metrics": {"accuracy": 0.9, "loss": 0.3}}}
    return Run.objects.create(
        owner=owner, **{"name": "first", "recipe": "vision.classify", "config": CONFIG, **usual, **facts}
    )


@pytest.fixture
def client_of() -> Any:
    def sign_in(user: Any) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


def test_numbers_switches_and_choices_may_vary_but_no_file_and_no_machine(alice: Any) -> None:
    settings = {setting.key: setting for setting in searchable_settings(trained(alice))}
    assert {"fit.learning_rate", "fit.optimizer", "fit.batch_size"} <= settings.keys()
    assert not {"data.version", "data.root", "graph", "seed", "fit.device", "fit.threads"} & settings.keys()
    rate = settings["fit.learning_rate"]
    assert (rate.low, rate.high, rate.log) == (pytest.approx(1e-4), pytest.approx(1e-2), True)
    assert (settings["fit.epochs"].low, settings["fit.epochs"].high) == (2, 8)


def test_what_is_ticked_becomes_the_space(alice: Any, client_of: Any) -> None:
    run = trained(alice)
    form = {
        "metric": "accuracy", "trials": "5", "method": "random", "direction": "auto",
        "vary.fit.learning_rate": "on", "low.fit.learning_rate": "0.0001", "high.fit.learning_rate": "0.1",
        "log.fit.learning_rate": "on", "low.fit.epochs": "1", "high.fit.epochs": "9",
        "vary.fit.optimizer": "on", "values.fit.optimizer": ["adamw", "sgd"],
    }  # fmt: skip
    answer = client_of(alice).post(f"/runs/{run.id}/search", form)
    search = Run.objects.get(recipe="run.search")
    assert answer.headers["Location"] == f"/runs/{search.id}"
    assert search.config["space"] == {
        "fit.learning_rate": {"values": [], "low": 0.0001, "high": 0.1, "log": True, "integer": False},
        "fit.optimizer": {"values": ["adamw", "sgd"], "low": None, "high": None, "log": False, "integer": False},
    }
    assert (search.config["settings"], search.config["trials"], search.parent) == (CONFIG, 5, run)


@pytest.mark.parametrize(
    ("form", "word"),
    [
        ({}, "space"),
        ({"vary.fit.epochs": "on", "low.fit.epochs": "9", "high.fit.epochs": "2"}, "low being the smaller"),
        ({"vary.fit.epochs": "on", "low.fit.epochs": "many", "high.fit.epochs": "2"}, "number"),
        ({"vary.fit.optimizer": "on"}, "give low and high"),
        ({"vary.fit.epochs": "on", "low.fit.epochs": "1", "high.fit.epochs": "1e300"}, "space.fit.epochs"),
    ],
)
def test_a_search_that_makes_no_sense_is_refused_on_its_own_page(
    alice: Any, client_of: Any, form: dict[str, str], word: str
) -> None:
    answer = client_of(alice).post(f"/runs/{trained(alice).id}/search", {"metric": "loss", "trials": "5", **form})
    assert answer.status_code == 422
    assert word in answer.content.decode()
    assert not Run.objects.filter(recipe="run.search").exists()


@pytest.mark.parametrize("key", ["data.root", "initial_weights", "fit.device", "__class__", "fit"])
def test_a_file_or_a_machine_cannot_be_slipped_in(alice: Any, key: str) -> None:
    with pytest.raises(ConfigError, match="cannot vary"):
        start_search(trained(alice), alice, space={key: {"values": ["/etc/passwd", "/root"]}}, metric="loss")


def test_a_run_without_a_result_offers_no_search(alice: Any, client_of: Any) -> None:
    run = trained(alice, state=RunState.FAILED, result={})
    assert "There is nothing to search from yet" in client_of(alice).get(f"/runs/{run.id}/search").content.decode()
    assert client_of(alice).post(f"/runs/{run.id}/search", {"metric": "loss"}).status_code == 422


def test_trials_are_shown_while_they_come_and_the_best_leads_to_a_training(alice: Any, client_of: Any) -> None:
    parent = trained(alice)
    search = trained(alice, recipe="run.search", state=RunState.RUNNING, result={}, parent=parent)
    assert "No trial yet" in client_of(alice).get(f"/runs/{search.id}/trials").content.decode()
    table = {
        "recipe": "vision.classify", "metric": "accuracy", "direction": "maximize", "best": 0, "importance": {},
        "space": {"fit.learning_rate": {"low": 1e-4, "high": 0.1, "log": True}},
        "trials": [
            {"number": 0, "values": {"fit.learning_rate": 0.02}, "state": "completed", "value": 0.93, "metrics": {},
             "seconds": 3.0, "cause": ""},
            {"number": 1, "values": {"fit.learning_rate": 0.05}, "state": "failed", "value": None, "metrics": {},
             "seconds": 0.0, "cause": "The <loss> became nan."},
        ],
    }  # fmt: skip
    path = run_folder(search.id) / "artifacts/trials.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(table))
    page = client_of(alice).get(f"/runs/{search.id}/trials").content.decode()
    assert "0.93" in page
    assert "The &lt;loss&gt; became nan." in page
    link = f"/runs/new?clone={parent.id}&amp;settings=%7B%22fit.learning_rate%22%3A%200.02%7D"
    assert link in page
    form = client_of(alice).get(link.replace("&amp;", "&")).content.decode()
    assert 'value="0.02"' in form


@pytest.mark.parametrize("typed", ["{", "[1]", '{"fit": 3, "fit.epochs": 2}', '{"data.root": "/etc"}', '{"a.b.c": 1}'])
def test_settings_in_an_address_only_fill_the_form(alice: Any, client_of: Any, typed: str) -> None:
    run = trained(alice)
    answer = client_of(alice).get("/runs/new", {"clone": str(run.id), "settings": typed})
    assert answer.status_code == 200
    assert "/etc" not in answer.content.decode()
