"""The list, the new page, the editor's page, and the admin."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cvstudio.accounts.models import User
from cvstudio.architectures.models import Architecture
from cvstudio.architectures.search import find
from cvstudio.architectures.services.create_architecture import create_architecture
from cvstudio.architectures.services.generate_code import store_code
from cvstudio.architectures.tests.documents import architecture_of, broken, lenet
from cvstudio.runs.models import Run

HOSTILE = '<script>alert("x")</script>'


@pytest.fixture
def page(alice: User) -> Client:
    """Alice's browser."""
    client = Client()
    client.force_login(alice)
    return client


def form(**changes: object) -> dict[str, object]:
    return {"name": "", "start": "lenet", "channels": 3, "height": 32, "width": 32, "classes": 5, **changes}


def test_an_empty_list_offers_the_starter_templates(page: Client) -> None:
    text = page.get("/architectures/").content.decode()
    assert "/architectures/new?start=small_resnet" in text


def test_a_list_takes_the_same_queries_for_one_and_for_many(page: Client, alice: User) -> None:
    architecture_of(alice)
    with CaptureQueriesContext(connection) as one:
        page.get("/architectures/")
    for number in range(8):
        architecture_of(alice, f"more {number}")
    with CaptureQueriesContext(connection) as many:
        text = page.get("/architectures/").content.decode()
    assert "more 7" in text
    assert len(one) == len(many)


def test_the_list_is_searched_by_name(page: Client, alice: User) -> None:
    architecture_of(alice, "Alpha")
    architecture_of(alice, "Beta")
    text = page.get("/architectures/?q=alp&order=name").content.decode()
    assert "Alpha" in text
    assert "Beta" not in text
    assert "Nothing has this name" in page.get("/architectures/?q=zzz").content.decode()


@pytest.mark.parametrize("start", ["mlp", "lenet", "small_resnet", "empty"])
def test_each_start_leads_into_the_editor(page: Client, start: str) -> None:
    answer = page.post("/architectures/new", form(start=start, name="Mine"))
    stored = Architecture.objects.get()
    assert answer["Location"] == f"/architectures/{stored.id}"
    assert stored.name == "Mine"


def test_a_file_is_a_start_as_well(page: Client) -> None:
    file = SimpleUploadedFile("graph.json", json.dumps(lenet("From file")).encode())
    assert page.post("/architectures/new", form(start="file", file=file)).status_code == 302
    assert Architecture.objects.get().name == "From file"


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"nodes": 1}', b"[" * 100_000])
def test_a_file_that_is_no_document_is_refused_at_its_field(page: Client, content: bytes) -> None:
    answer = page.post("/architectures/new", form(start="file", file=SimpleUploadedFile("x.json", content)))
    assert answer.status_code == 422
    assert answer.context["form"].errors["file"]
    assert not Architecture.objects.exists()


def test_numbers_out_of_bounds_stand_at_their_fields(page: Client) -> None:
    answer = page.post("/architectures/new", form(classes=0, height=-1))
    assert answer.status_code == 422
    assert {"classes", "height"} <= set(answer.context["form"].errors)


def test_hostile_names_are_inert_on_every_page(page: Client, alice: User) -> None:
    stored = create_architecture(alice, document=lenet(HOSTILE), description=HOSTILE)
    for url in ("/architectures/", f"/architectures/{stored.id}"):
        text = page.get(url).content.decode()
        assert HOSTILE not in text
        assert "alert(" in text


def test_the_editor_page_belongs_to_its_owner(page: Client, bob: User) -> None:
    stored = architecture_of(bob)
    assert page.get(f"/architectures/{stored.id}").status_code == 404
    assert page.post(f"/architectures/{stored.id}/duplicate").status_code == 404
    assert page.post(f"/architectures/{stored.id}/delete").status_code == 404
    anonymous = Client().get(f"/architectures/{stored.id}")
    assert anonymous.status_code == 302
    assert "/accounts/login/" in anonymous["Location"]


def test_a_copy_is_the_askers_own(bob: User, admin_user: User) -> None:
    stored = architecture_of(bob)
    client = Client()
    client.force_login(admin_user)
    client.post(f"/architectures/{stored.id}/duplicate")
    copy = Architecture.objects.exclude(id=stored.id).get()
    assert (copy.owner, copy.name) == (admin_user, "LeNet (copy)")


def test_deleting_what_is_used_says_by_what(page: Client, alice: User) -> None:
    stored = architecture_of(alice)
    Run.objects.create(owner=alice, name="first try", recipe="x", architecture_version=stored.current_version)
    answer = page.post(f"/architectures/{stored.id}/delete", follow=True)
    assert "first try" in answer.content.decode()
    Run.objects.all().delete()
    page.post(f"/architectures/{stored.id}/delete")
    assert not Architecture.objects.exists()


def test_the_search_box_finds_ones_own(alice: User, bob: User) -> None:
    architecture_of(alice, "Alpha")
    assert [hit.title for hit in find(alice, "alph", 5)] == ["Alpha"]
    assert not list(find(bob, "alph", 5))


def test_the_admin_shows_architectures_versions_and_code(admin_client: Client, alice: User) -> None:
    stored = architecture_of(alice, HOSTILE)
    create_architecture(alice, document=broken())
    assert stored.current_version
    code = store_code(stored.current_version)
    base = "/admin/architectures"
    pages = [
        f"{base}/architecture/?q=script",
        f"{base}/architecture/{stored.id}/change/",
        f"{base}/architectureversion/",
        f"{base}/architectureversion/{stored.current_version.id}/change/",
        f"{base}/generatedcode/",
        f"{base}/generatedcode/{code.id}/change/",
    ]
    for url in pages:
        answer = admin_client.get(url)
        assert answer.status_code == 200, url
        assert HOSTILE not in answer.content.decode()
