"""Every page opens for its owner, hides from strangers, and says what to do when there is nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cvstudio.datasets.models import AugmentationConfig, Dataset
from cvstudio.datasets.services.create_dataset import create_from_folder
from cvstudio.datasets.tests.carry_out import carry_out_all, image_folder, newest, ready_dataset
from cvstudio.runs.models import Run, RunState

TABS = (
    "",
    "/images",
    "/health",
    "/statistics",
    "/difference",
    "/exports",
    "/export-list",
    "/augmentation",
    "/versions",
    "/import",
    "/measuring",
)
HOSTILE = "<script>alert(1)"


def page_of(user: Any) -> Client:
    client = Client()
    if user is not None:
        client.force_login(user)
    return client


@pytest.fixture
def alice_page(alice: Any) -> Client:
    return page_of(alice)


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return str(answer.content.decode())


@pytest.mark.parametrize("tab", TABS)
def test_a_tab_opens_for_owner_and_admin_and_for_nobody_else(
    tab: str, alice: Any, bob: Any, admin_user: Any, dataset: Dataset
) -> None:
    address = f"/datasets/{dataset.id}{tab}"
    assert text_of(page_of(alice).get(address))
    assert text_of(page_of(admin_user).get(address))
    assert page_of(bob).get(address).status_code == 404
    answer = page_of(None).get(address)
    assert answer.status_code == 302
    assert "/login" in answer["Location"]


@pytest.mark.parametrize(
    "address", ["", "new", "new?way=folder", "new?way=sample", "folders", "augmentations", "?view=table"]
)
def test_the_other_pages_open(address: str, alice_page: Client, dataset: Dataset) -> None:
    assert text_of(alice_page.get(f"/datasets/{address}"))
    assert page_of(None).get(f"/datasets/{address}").status_code == 302


def test_an_empty_list_brings_the_sample(alice_page: Client) -> None:
    assert "Bring the digits" in text_of(alice_page.get("/datasets/"))
    answer = alice_page.post("/datasets/sample")
    dataset = Dataset.objects.get()
    assert answer["Location"] == f"/datasets/{dataset.id}"
    text = text_of(alice_page.get(answer["Location"]))
    assert "data-poll" in text
    assert "Cancel" in text


def test_an_import_shows_its_progress_and_can_be_cancelled(alice: Any, alice_page: Client, root: Path) -> None:
    dataset = create_from_folder(alice, str(image_folder(root / "x", {"a": 2, "b": 2})))
    run = newest(dataset).import_run
    assert run is not None
    Run.objects.filter(id=run.id).update(
        state=RunState.RUNNING,
        progress={"done": 300, "total": 1000, "unit": "files", "rate": 50.0, "eta_s": 14.0, "stage": "scan"},
    )
    text = text_of(alice_page.get(f"/datasets/{dataset.id}/import"))
    assert 'value="300"' in text
    assert 'max="1000"' in text
    assert "14 s left" in text
    alice_page.post(f"/datasets/{dataset.id}/do/stop")
    assert Run.objects.get(id=run.id).state == RunState.STOPPING


def test_a_failed_import_names_cause_and_cure_and_can_be_accepted(alice: Any, alice_page: Client, root: Path) -> None:
    folder = image_folder(root / "x", {"a": 5, "b": 5})
    (folder / "a" / "bad.png").write_bytes(b"no picture")
    dataset = create_from_folder(alice, str(folder))
    carry_out_all()
    text = text_of(alice_page.get(f"/datasets/{dataset.id}"))
    assert "1 of 11" in text
    assert "Go on without these files" in text
    alice_page.post(f"/datasets/{dataset.id}/do/retry", {"accept_rejects": "1", "version": "1"})
    carry_out_all()
    assert "Go on without" not in text_of(alice_page.get(f"/datasets/{dataset.id}"))
    assert newest(dataset).state == "ready"


def test_hostile_names_are_inert_on_every_page(alice: Any, alice_page: Client, root: Path) -> None:
    folder = image_folder(root / "x", {HOSTILE: 3, "new\nline": 3, '"onload="x': 3})
    (folder / HOSTILE / "<img src=x>.png").write_bytes((folder / HOSTILE / "000.png").read_bytes())
    dataset = ready_dataset(alice, folder, name=HOSTILE)
    for tab in TABS:
        text = text_of(alice_page.get(f"/datasets/{dataset.id}{tab}"))
        assert HOSTILE not in text
        assert "<img src=x>" not in text
        assert '"onload="x' not in text
    for view in ("grid", "table"):
        assert HOSTILE not in text_of(alice_page.get(f"/datasets/?view={view}"))
    answer = alice_page.get(f"/datasets/{dataset.id}/images", {"class": HOSTILE})
    assert answer.context["total"] == 4


def test_filters_of_the_grid_are_in_the_address(alice_page: Client, dataset: Dataset, monkeypatch: Any) -> None:
    from cvstudio.datasets import image_pages

    monkeypatch.setattr(image_pages, "IMAGES_A_PAGE", 4)
    address = f"/datasets/{dataset.id}/images"
    seen, cursor = [], ""
    while True:
        context = alice_page.get(address, {"class": "cats", "cursor": cursor}).context
        seen += [image.path for image in context["page"].rows]
        cursor = context["page"].next_cursor
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 9
    assert all("cats" in path for path in seen)
    assert "No image fits" in text_of(alice_page.get(address, {"q": "nothing"}))
    assert "There is no such class." in text_of(alice_page.get(address, {"class": "birds"}))
    assert alice_page.get(address, {"version": "7"}).status_code == 404


def test_pages_take_a_fixed_number_of_queries(
    alice: Any, alice_page: Client, dataset: Dataset, root: Path, django_assert_max_num_queries: Any
) -> None:
    from django.db import connection

    with CaptureQueriesContext(connection) as few:
        alice_page.get("/datasets/")
    for number in range(10):
        Dataset.objects.create(owner=alice, name=f"empty {number}", source="upload")
    with django_assert_max_num_queries(len(few)):
        alice_page.get("/datasets/")
    large = ready_dataset(alice, image_folder(root / "many", {f"class{n}": 2 for n in range(30)}))
    for tab in ("", "/images", "/statistics", "/augmentation", "/versions"):
        with CaptureQueriesContext(connection) as small:
            alice_page.get(f"/datasets/{dataset.id}{tab}")
        with django_assert_max_num_queries(len(small)):
            alice_page.get(f"/datasets/{large.id}{tab}")


def test_a_folder_is_registered_by_the_form(alice_page: Client, root: Path) -> None:
    folder = image_folder(root / "pets", {"a": 3, "b": 3})
    options = {"options.seed": "4", "options.use_given_splits": "true", "options.val": "0.3"}
    posted = {"path": str(folder), "name": "", **options}
    answer = alice_page.post("/datasets/register", posted)
    assert answer.status_code == 302
    run = Run.objects.get()
    assert (run.config["seed"], run.config["val"], run.config["use_given_splits"]) == (4, 0.3, True)
    refused = alice_page.post("/datasets/register", {**posted, "path": "/etc"})
    assert refused.status_code == 422
    assert "This folder cannot be registered." in refused.content.decode()


def test_a_new_version_is_made_by_the_form(alice_page: Client, dataset: Dataset) -> None:
    answer = alice_page.post(f"/datasets/{dataset.id}/do/new-version", {"options.seed": "8", "options.val": "0.2"})
    assert answer["Location"] == f"/datasets/{dataset.id}?version=2"
    carry_out_all()
    assert newest(dataset).number == 2
    assert newest(dataset).options["use_given_splits"] is False
    assert "older version" in text_of(alice_page.get(f"/datasets/{dataset.id}?version=1"))


def test_name_and_deletion_by_the_forms(alice_page: Client, bob: Any, dataset: Dataset) -> None:
    address = f"/datasets/{dataset.id}/do"
    assert page_of(bob).post(f"{address}/delete").status_code == 404
    alice_page.post(f"{address}/change", {"name": "Pets!", "description": "Ours."})
    assert "Ours." in text_of(alice_page.get(f"/datasets/{dataset.id}"))
    assert alice_page.post(f"{address}/nonsense").status_code == 404
    assert alice_page.get(f"{address}/delete").status_code == 405
    answer = alice_page.post(f"{address}/delete", follow=True)
    assert "Deleted Pets!" in answer.content.decode()
    assert Dataset.objects.count() == 0


def test_saved_augmentations_are_listed_and_deleted(alice: Any, alice_page: Client, bob: Any, dataset: Dataset) -> None:
    saved = AugmentationConfig.objects.create(owner=alice, name="Mine", operations=[{"op": "RandAugment"}])
    assert "RandAugment" in text_of(alice_page.get("/datasets/augmentations"))
    address = f"/datasets/augmentations/{saved.id}/delete"
    assert page_of(bob).post(address).status_code == 404
    assert alice_page.post(address).status_code == 302
    assert AugmentationConfig.objects.count() == 0


def test_the_admin_lists_searches_and_acts(admin_user: Any, dataset: Dataset) -> None:
    client = page_of(admin_user)
    version = newest(dataset)
    image = version.images.first()
    assert image is not None
    for address in (
        "dataset/", "dataset/?q=pets", f"dataset/{dataset.id}/change/", "datasetversion/?state__exact=ready",
        f"datasetversion/{version.id}/change/", "datasetimage/?q=cats", f"datasetimage/{image.id}/change/",
        "augmentationconfig/",
    ):  # fmt: skip
        assert "thumbnail" in text_of(client.get(f"/admin/datasets/{address}")) or "image" not in address
    action = {"action": "measure", "_selected_action": [str(dataset.id)]}
    client.post("/admin/datasets/dataset/", action)
    assert Run.objects.filter(recipe="data.statistics", state=RunState.QUEUED).count() == 1
    carry_out_all()
    client.post("/admin/datasets/dataset/", {**action, "action": "delete_with_files"})
    assert Dataset.objects.count() == 0
    assert not Path(version.folder).exists()


def test_data_sets_are_found_by_the_search_box(alice: Any, bob: Any, dataset: Dataset) -> None:
    from cvstudio.common.search import find_everywhere

    hits = [hit for source, found in find_everywhere(alice, "pet") if source.key == "datasets" for hit in found]
    assert [(hit.title, hit.note) for hit in hits] == [("pets", "15 images")]
    assert not [source for source, _ in find_everywhere(bob, "pet") if source.key == "datasets"]
