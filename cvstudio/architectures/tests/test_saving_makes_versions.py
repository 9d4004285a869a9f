"""Create, change and delete over the API: versions, conflicts and limits."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from cvstudio.accounts.models import User
from cvstudio.architectures.models import Architecture, ArchitectureVersion
from cvstudio.architectures.tests.documents import architecture_of, broken, lenet
from cvstudio.runs.models import Run

URL = "/api/v1/models"


def test_a_document_becomes_version_one(alice: User, alice_api: APIClient) -> None:
    answer = alice_api.post(URL, {"name": "Mine", "document": lenet()})
    assert answer.status_code == 201
    body = answer.json()
    assert (body["name"], body["owner"], body["version"], body["valid"]) == ("Mine", "alice", 1, True)
    assert body["facts"]["params"] > 50_000
    assert body["facts"]["output_shape"] == ["N", 10]
    assert Architecture.objects.get().owner == alice


def test_a_template_is_made_for_the_wanted_input_and_classes(alice_api: APIClient) -> None:
    answer = alice_api.post(URL, {"template": "small_resnet", "input_shape": [1, 32, 32], "classes": 4, "name": "Four"})
    assert answer.status_code == 201
    body = answer.json()
    assert body["facts"]["output_shape"] == ["N", 4]
    assert body["facts"]["input_shapes"] == {"image": ["N", 1, 32, 32]}
    assert body["document"]["name"] == "Four"


def test_an_unknown_template_is_refused_with_those_there_are(alice_api: APIClient) -> None:
    answer = alice_api.post(URL, {"template": "gpt"})
    assert answer.status_code == 400
    assert answer.json()["code"] == "architecture.unknown_template"
    assert "lenet" in answer.json()["hint"]


@pytest.mark.parametrize("body", [{}, {"document": {}, "template": "lenet"}, {"document": "text"}, {"document": []}])
def test_one_of_document_and_template_is_needed(alice_api: APIClient, body: dict[str, object]) -> None:
    answer = alice_api.post(URL, body)
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_an_invalid_graph_can_be_kept(alice_api: APIClient) -> None:
    body = alice_api.post(URL, {"document": broken()}).json()
    assert body["valid"] is False
    assert body["facts"]["errors"] > 0


MANY = [{"id": f"n{number}", "op": "ReLU"} for number in range(3000)]
HUGE = [{"id": "a", "op": "ReLU", "params": {"p": "x" * 2_100_000}}]


@pytest.mark.parametrize(
    "changes",
    [{"format": "other/1"}, {"nodes": {}}, {"name": "x" * 500}, {"nodes": MANY}, {"nodes": HUGE}, {"else": 1}],
    ids=["format", "nodes no list", "long name", "too many nodes", "too many bytes", "unknown key"],
)
def test_a_broken_or_too_large_structure_is_refused(alice_api: APIClient, changes: dict[str, object]) -> None:
    document = {"format": "cvstudio.graph/1", "name": "x", "nodes": [], "edges": [], **changes}
    answer = alice_api.post(URL, {"document": document})
    assert answer.status_code == 400
    assert answer.json()["code"].startswith("graph.")
    assert not Architecture.objects.exists()


def test_a_changed_document_makes_a_new_version(alice: User, alice_api: APIClient) -> None:
    stored = architecture_of(alice)
    answer = alice_api.put(f"{URL}/{stored.id}", {"document": lenet(out_channels=12), "base_version": 1})
    assert answer.status_code == 200
    assert answer.json()["version"] == 2
    assert list(stored.versions.values_list("number", flat=True)) == [2, 1]


def test_an_equal_document_makes_no_version_whatever_its_order(alice: User, alice_api: APIClient) -> None:
    stored = architecture_of(alice)
    document = lenet()
    document["nodes"].reverse()
    document["edges"].reverse()
    answer = alice_api.put(f"{URL}/{stored.id}", {"document": document, "base_version": 1})
    assert answer.json()["version"] == 1
    assert ArchitectureVersion.objects.count() == 1


def test_saving_over_somebody_elses_version_is_refused(alice: User, alice_api: APIClient, admin_api: APIClient) -> None:
    stored = architecture_of(alice)
    assert (
        admin_api.put(f"{URL}/{stored.id}", {"document": lenet(out_channels=8), "base_version": 1}).status_code == 200
    )
    answer = alice_api.put(f"{URL}/{stored.id}", {"document": lenet(out_channels=9), "base_version": 1, "name": "New"})
    assert answer.status_code == 409
    assert answer.json()["code"] == "architecture.conflict"
    stored.refresh_from_db()
    assert (stored.current_version.number, stored.name) == (2, "LeNet")
    again = alice_api.put(f"{URL}/{stored.id}", {"document": lenet(out_channels=9)})
    assert again.json()["version"] == 3


def test_name_notes_and_view_change_without_a_version(alice: User, alice_api: APIClient) -> None:
    stored = architecture_of(alice)
    view = {"places": {"conv1": [8, 16]}, "viewport": {"x": 1, "y": 2, "k": 0.5}}
    body = alice_api.put(f"{URL}/{stored.id}", {"name": "Other", "description": "notes", "view": view}).json()
    assert (body["name"], body["description"], body["view"], body["version"]) == ("Other", "notes", view, 1)


def test_the_view_is_kept_by_itself_and_is_no_change(alice: User, alice_api: APIClient) -> None:
    stored = architecture_of(alice)
    answer = alice_api.put(f"{URL}/{stored.id}/view", {"view": {"places": {"conv1": [8, "x"], "relu1": [1, 2]}}})
    assert answer.status_code == 204
    before = stored.updated_at
    stored.refresh_from_db()
    assert stored.view == {"places": {"relu1": [1, 2]}}
    assert stored.updated_at == before


def test_delete_takes_versions_along(alice: User, alice_api: APIClient) -> None:
    stored = architecture_of(alice)
    assert alice_api.delete(f"{URL}/{stored.id}").status_code == 204
    assert not ArchitectureVersion.objects.exists()
    assert alice_api.get(f"{URL}/{stored.id}").status_code == 404


def test_what_a_run_uses_is_not_deleted_and_the_run_is_named(alice: User, bob: User, alice_api: APIClient) -> None:
    stored = architecture_of(alice)
    run = Run.objects.create(owner=alice, name="first try", recipe="x", architecture_version=stored.current_version)
    Run.objects.create(owner=bob, name="secret plan", recipe="x", architecture_version=stored.current_version)
    answer = alice_api.delete(f"{URL}/{stored.id}")
    assert answer.status_code == 409
    body = answer.json()
    assert body["code"] == "architecture.in_use"
    assert "first try" in body["message"]
    assert "secret plan" not in body["message"]
    assert str(run.id) in body["where"]
    assert Architecture.objects.filter(id=stored.id).exists()
