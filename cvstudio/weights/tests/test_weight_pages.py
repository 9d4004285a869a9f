"""The pages of weights: tree, one version, upload, changes, deletion; names from outside stay text."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cvstudio.accounts.models import User
from cvstudio.weights.models import WeightVersion
from cvstudio.weights.services.record_run_weight import record_run_weight
from cvstudio.weights.tests.makers import make_architecture, make_dataset, make_run, make_weight

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>\n'\""


def pages_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_an_empty_library_says_what_belongs_here(alice: User) -> None:
    page = pages_of(alice).get("/weights/").content.decode()
    assert "No weights yet" in page and 'href="/runs/new"' in page


def test_the_tree_shows_architecture_data_set_and_versions(alice: User) -> None:
    version = make_weight(alice)
    page = pages_of(alice).get("/weights/").content.decode()
    assert "Pets" in page and f"/weights/{version.id}" in page and "Try it" in page
    assert "Nothing has this name" in pages_of(alice).get("/weights/?q=zzz").content.decode()


def test_the_tree_costs_the_same_for_one_and_many(alice: User) -> None:
    client = pages_of(alice)
    architecture = make_architecture(alice)
    counts = []
    for index in range(12):
        record_run_weight(make_run(alice, architecture, make_dataset(alice, f"Data {index}")))
        if index in (0, 11):
            with CaptureQueriesContext(connection) as queries:
                client.get("/weights/")
            counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_version_shows_facts_lineage_and_calls(alice: User) -> None:
    version = make_weight(alice)
    page = pages_of(alice).get(f"/weights/{version.id}").content.decode()
    for part in (
        version.sha256,
        f"/runs/{version.run_id}",
        "fc.weight",
        "predict-image",
        f"weight={version.id}",
        "386",
    ):
        assert part in page, part
    assert f"/datasets/{version.dataset_version.dataset_id}" in page  # type: ignore[union-attr]


def test_names_from_outside_stay_text(alice: User) -> None:
    version = make_weight(alice)
    version.weight.name = version.weight.description = HOSTILE
    version.weight.save()
    version.classes, version.notes, version.metrics = [HOSTILE] * 3, HOSTILE, {HOSTILE: HOSTILE}
    version.facts["largest"][0]["name"] = HOSTILE
    version.preprocessing = {HOSTILE: HOSTILE}
    version.save()
    for address in ("/weights/", f"/weights/{version.id}"):
        page = pages_of(alice).get(address).content.decode()
        assert "<script>alert" not in page and "&lt;script&gt;" in page


def test_strangers_and_nobody_are_kept_out(alice: User, bob: User, admin_user: User, client: Client) -> None:
    version = make_weight(alice)
    for address in (f"/weights/{version.id}", "/weights/", "/weights/upload"):
        assert client.get(address).status_code == 302
    assert pages_of(bob).get(f"/weights/{version.id}").status_code == 404
    for action in ("change", "delete"):
        assert pages_of(bob).post(f"/weights/{version.id}/{action}").status_code == 404
        assert client.post(f"/weights/{version.id}/{action}").status_code == 302
    assert str(version.id) not in pages_of(bob).get("/weights/").content.decode()
    assert pages_of(admin_user).get(f"/weights/{version.id}").status_code == 200


def test_name_and_notes_can_be_changed(alice: User) -> None:
    version = make_weight(alice)
    client = pages_of(alice)
    client.post(f"/weights/{version.id}/change", {"name": " New  name ", "description": "d", "notes": "n"})
    version = WeightVersion.objects.select_related("weight").get(id=version.id)
    assert (version.weight.name, version.weight.description, version.notes) == ("New name", "d", "n")
    answer = client.post(f"/weights/{version.id}/change", {"name": " "}, follow=True)
    assert "needs a name" in answer.content.decode()


def test_deleting_leads_back_to_the_library_and_says_what_came_back(alice: User) -> None:
    version = make_weight(alice)
    answer = pages_of(alice).post(f"/weights/{version.id}/delete", follow=True)
    assert answer.redirect_chain == [("/weights/", 302)] and "came back" in answer.content.decode()
    assert not WeightVersion.objects.exists()


def test_the_upload_page_offers_valid_architectures_of_the_person(alice: User, bob: User) -> None:
    make_architecture(bob, "Foreign")
    assert "No architecture yet" in pages_of(alice).get("/weights/upload").content.decode()
    make_architecture(alice, "Mine")
    page = pages_of(alice).get("/weights/upload").content.decode()
    assert "Mine v1" in page and "Foreign" not in page


def test_weights_are_found_from_the_top_bar(alice: User, bob: User) -> None:
    from cvstudio.common.search import find_everywhere

    version = make_weight(alice)
    hits = [hit for source, found in find_everywhere(alice, "tiny") if source.key == "weights" for hit in found]
    assert [hit.url for hit in hits] == [f"/weights/{version.id}"]
    assert not [source for source, _ in find_everywhere(bob, "tiny") if source.key == "weights"]
