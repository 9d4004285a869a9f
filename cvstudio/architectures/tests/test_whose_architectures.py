"""Owner, stranger, administrator and anonymous at every endpoint; lists with a fixed number of queries."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from conftest import client_of
from cvstudio.accounts.models import User
from cvstudio.architectures.tests.documents import architecture_of, lenet

URL = "/api/v1/models"
OWN = [
    ("get", "", None),
    ("put", "", {"name": "x"}),
    ("put", "/view", {"view": {}}),
    ("get", "/versions", None),
    ("get", "/versions/1", None),
    ("get", "/versions/diff?from=1&to=1", None),
    ("post", "/versions/diff", {"from": 1, "document": lenet()}),
    ("delete", "", None),
]
GRAPH = ["validate", "analyze", "infer-shapes", "generate"]
OPEN = [("get", "", None), ("get", "/operators", None), ("get", "/templates", None)]


def ask(client: APIClient, method: str, path: str, body: dict[str, Any] | None) -> int:
    status: int = getattr(client, method)(f"{URL}{path}", body).status_code
    return status


@pytest.mark.parametrize(("method", "path", "body"), OWN)
def test_only_owner_and_administrators_reach_an_architecture(
    alice: User, bob: User, admin_user: User, method: str, path: str, body: dict[str, Any] | None
) -> None:
    address = f"/{architecture_of(alice).id}{path}"
    assert ask(client_of(None), method, address, body) == 401
    assert ask(client_of(bob), method, address, body) == 404
    assert ask(client_of(admin_user), method, address, body) in (200, 204)
    address = f"/{architecture_of(alice).id}{path}"
    assert ask(client_of(alice), method, address, body) in (200, 204)


@pytest.mark.parametrize("question", GRAPH)
def test_a_strangers_architecture_cannot_be_asked_about_by_id(alice: User, bob: User, question: str) -> None:
    body = {"id": str(architecture_of(alice).id)}
    assert ask(client_of(None), "post", f"/{question}", body) == 401
    assert ask(client_of(bob), "post", f"/{question}", body) == 404
    assert ask(client_of(alice), "post", f"/{question}", body) == 200


@pytest.mark.parametrize(("method", "path", "body"), OPEN)
def test_the_anonymous_read_nothing(anonymous: APIClient, db: None, method: str, path: str, body: None) -> None:
    assert ask(anonymous, method, path, body) == 401


def test_a_list_holds_ones_own_and_all_for_administrators(alice: User, bob: User, admin_user: User) -> None:
    architecture_of(alice, "A")
    architecture_of(bob, "B")
    names = {
        user: [row["name"] for row in client_of(user).get(URL).json()["results"]] for user in (alice, bob, admin_user)
    }
    assert names[alice] == ["A"]
    assert names[bob] == ["B"]
    assert sorted(names[admin_user]) == ["A", "B"]


def test_a_list_takes_the_same_queries_for_one_and_for_many(alice: User, alice_api: APIClient) -> None:
    architecture_of(alice)
    with CaptureQueriesContext(
        connection,
    ) as one:
        alice_api.get(URL)
    for number in range(9):
        architecture_of(alice, f"more {number}")
    with CaptureQueriesContext(connection) as many:
        rows = alice_api.get(URL).json()["results"]
    assert len(rows) == 10
    assert len(one) == len(many) == 2
    assert "document" not in many.captured_queries[1]["sql"]


def test_lists_are_searched_filtered_and_ordered_by_what_is_allowed(alice: User, alice_api: APIClient) -> None:
    architecture_of(alice, "Beta")
    architecture_of(alice, "Alpha")
    names = lambda query: [row["name"] for row in alice_api.get(f"{URL}?{query}").json()["results"]]  # noqa: E731
    assert names("search=alp") == ["Alpha"]
    assert names("ordering=name") == ["Alpha", "Beta"]
    assert names("valid=false") == []
    assert len(names("owner__password__startswith=md5&_connector=OR")) == 2
    assert names("page_size=1&ordering=-name") == ["Beta"]


def test_an_unknown_order_is_refused(alice_api: APIClient) -> None:
    assert alice_api.get(f"{URL}?ordering=owner__password").status_code == 400
