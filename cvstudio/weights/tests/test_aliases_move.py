"""A word stands for one version of a weight, moves, keeps its history, and names the version in requests."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.db.models import Q
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.exceptions import ValidationError
from rest_framework.test import APIClient

from cvstudio.accounts.models import User
from cvstudio.inference.selectors import servable_weight
from cvstudio.weights.api.fields import VersionField
from cvstudio.weights.errors import AmbiguousError
from cvstudio.weights.models import WeightVersion
from cvstudio.weights.references import version_filter
from cvstudio.weights.services.move_alias import MAX_ALIASES
from cvstudio.weights.services.record_run_weight import record_run_weight
from cvstudio.weights.tests.makers import make_architecture, make_dataset, make_run, make_weight

pytestmark = pytest.mark.django_db


@pytest.fixture
def versions(alice: User) -> list[WeightVersion]:
    architecture, dataset = make_architecture(alice), make_dataset(alice)
    made = [record_run_weight(make_run(alice, architecture, dataset)) for _ in range(2)]
    return [version for version in made if version is not None]


def address(version: WeightVersion, alias: str = "") -> str:
    return f"/api/v1/weights/{version.id}/aliases" + (f"/{alias}" if alias else "")


def found(user: Any, text: str) -> Any:
    which = version_filter(text)
    assert which is not None
    answer = servable_weight(user, which)
    return answer and answer.id


def test_an_alias_stands_for_one_version_and_moves(alice_api: APIClient, versions: list[WeightVersion]) -> None:
    first, second = versions
    assert alice_api.put(address(first, "production")).json()["number"] == 1
    assert alice_api.put(address(second, "production")).json()["number"] == 2
    told = alice_api.get(address(first)).json()
    assert [(alias["name"], alias["number"]) for alias in told["aliases"]] == [("production", 2)]
    assert [move["number"] for move in told["moves"]] == [2, 1]
    listed = {row["number"]: row["aliases"] for row in alice_api.get("/api/v1/weights").json()["results"]}
    assert listed == {1: [], 2: ["production"]}
    only = alice_api.get("/api/v1/weights", {"alias": "production"}).json()["results"]
    assert [row["id"] for row in only] == [str(second.id)]


def test_giving_it_again_is_no_move_and_taking_it_away_is_kept(
    alice_api: APIClient, versions: list[WeightVersion]
) -> None:
    first, second = versions
    for _ in range(2):
        alice_api.put(address(first, "best"))
    assert alice_api.delete(address(second, "best")).status_code == 404
    assert alice_api.delete(address(first, "best")).status_code == 204
    told = alice_api.get(address(first)).json()
    assert told["aliases"] == [] and [move["number"] for move in told["moves"]] == [None, 1]


@pytest.mark.parametrize("name", ["Production", "v2", "a b", "x" * 41, "1st", "é", "a@b"])
def test_a_name_that_could_be_mistaken_is_refused(
    alice_api: APIClient, versions: list[WeightVersion], name: str
) -> None:
    answer = alice_api.put(address(versions[0], name))
    assert answer.status_code == 400 and answer.json()["code"] == "weights.alias"


def test_what_no_database_takes_is_neither_looked_for_nor_taken_away(
    alice_api: APIClient, versions: list[WeightVersion]
) -> None:
    for text in ("a\x00@b", "a@b\x00", "\ud800@b", "x" * 300 + "@b"):
        with pytest.raises(ValidationError):
            VersionField().run_validation(text)
    with CaptureQueriesContext(connection) as asked:
        assert alice_api.delete(address(versions[0], "a%00")).status_code == 404
    assert not any("\x00" in query["sql"] for query in asked.captured_queries)


def test_there_is_an_end_to_them(alice_api: APIClient, versions: list[WeightVersion]) -> None:
    answers = [alice_api.put(address(versions[0], f"a{index}")).status_code for index in range(MAX_ALIASES + 1)]
    assert set(answers[:-1]) == {200} and answers[-1] == 400


def test_requests_name_a_version_by_weight_and_alias(
    alice: User, bob: User, alice_api: APIClient, versions: list[WeightVersion]
) -> None:
    second = versions[1]
    alice_api.put(address(second, "production"))
    for text in (str(second.id), f"{second.weight.name}@production", f"{second.weight_id}@production"):
        assert found(alice, text) == second.id
        assert found(bob, text) is None
    assert found(alice, f"{second.weight.name}@best") is None
    form = {"weight": f"{second.weight.name}@production", "image_base64": "!"}
    assert alice_api.post("/api/v1/inference/predict", form, format="json").json()["code"] != "weights.ambiguous"
    for text in ("no-id", "@production", "name@", "\x00@x"):
        answer = alice_api.post("/api/v1/inference/predict", {"weight": text, "image_base64": "aa"}, format="json")
        assert answer.status_code in (400, 404), text


def test_a_name_that_two_weights_share_is_not_guessed(alice: User, alice_api: APIClient) -> None:
    for version in (make_weight(alice), make_weight(alice)):
        alice_api.put(address(version, "best"))
    with pytest.raises(AmbiguousError):
        servable_weight(alice, version_filter("Tiny · Pets@best") or Q())


def test_a_version_with_an_alias_is_not_deleted_unasked(alice_api: APIClient, versions: list[WeightVersion]) -> None:
    first, second = versions
    alice_api.put(address(first, "production"))
    own = f"/api/v1/weights/{first.id}"
    refused = alice_api.delete(own)
    assert refused.status_code == 409 and "production" in refused.json()["where"]
    assert alice_api.delete(own + "?dependants=delete").json()["dependants"] == 1
    told = alice_api.get(address(second)).json()
    assert told["aliases"] == [] and [move["number"] for move in told["moves"]] == [1]


def test_the_page_gives_moves_and_takes_aliases(alice: User, versions: list[WeightVersion]) -> None:
    first, second = versions
    client = Client()
    client.force_login(alice)
    client.post(f"/weights/{first.id}/aliases", {"give": "production"})
    page = client.get(f"/weights/{second.id}").content.decode()
    assert "Move here" in page and 'class="tag tag-alias">production' in page
    client.post(f"/weights/{first.id}/aliases", {"take": "production"})
    assert not first.aliases.exists()
    answer = client.post(f"/weights/{first.id}/aliases", {"give": "NO"}, follow=True)
    assert "lower-case word" in answer.content.decode()
