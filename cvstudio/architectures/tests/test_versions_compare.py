"""Versions are listed, read and compared as text."""

from __future__ import annotations

from rest_framework.test import APIClient

from cvstudio.accounts.models import User
from cvstudio.architectures.models import Architecture
from cvstudio.architectures.services.compare_versions import compare_documents
from cvstudio.architectures.services.save_architecture import save_architecture
from cvstudio.architectures.tests.documents import architecture_of, lenet


def two_versions(owner: User) -> Architecture:
    return save_architecture(architecture_of(owner), document=lenet(out_channels=12))


def test_versions_come_newest_first_without_documents(alice: User, alice_api: APIClient) -> None:
    rows = alice_api.get(f"/api/v1/models/{two_versions(alice).id}/versions").json()["results"]
    assert [row["number"] for row in rows] == [2, 1]
    assert "document" not in rows[0]


def test_a_version_keeps_its_document(alice: User, alice_api: APIClient) -> None:
    stored = two_versions(alice)
    body = alice_api.get(f"/api/v1/models/{stored.id}/versions/1").json()
    assert next(node for node in body["document"]["nodes"] if node["id"] == "conv1")["params"]["out_channels"] == 6
    assert alice_api.get(f"/api/v1/models/{stored.id}/versions/3").status_code == 404
    assert alice_api.get(f"/api/v1/models/{stored.id}/versions/{10**30}").status_code == 404


def test_the_difference_is_the_changed_line(alice: User, alice_api: APIClient) -> None:
    stored = two_versions(alice)
    diff = alice_api.get(f"/api/v1/models/{stored.id}/versions/diff?from=1&to=2").json()["diff"]
    changed = [line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert [line.replace(" ", "") for line in changed] == ['-"out_channels":6,', '+"out_channels":12,']


def test_unsaved_work_is_compared_as_well(alice: User, alice_api: APIClient) -> None:
    url = f"/api/v1/models/{two_versions(alice).id}/versions/diff"
    body = alice_api.post(url, {"from": 2, "document": lenet(out_channels=12)}).json()
    assert body["diff"] == ""
    assert alice_api.post(url, {"from": 2, "document": {"nodes": 1}}).status_code == 400
    assert alice_api.post(url, {"from": 2}).status_code == 400
    assert alice_api.get(f"{url}?from=1").status_code == 400


def test_order_makes_no_difference() -> None:
    document = lenet()
    turned = {**document, "nodes": document["nodes"][::-1], "edges": document["edges"][::-1]}
    assert compare_documents(document, turned, ("a", "b")) == ""
