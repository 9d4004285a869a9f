"""Data sets and their images are listed by pages with a fixed number of queries, and only to who may see them."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test.utils import CaptureQueriesContext

from cvstudio.datasets.models import AugmentationConfig, Dataset, DatasetVersion
from cvstudio.datasets.tests.carry_out import carry_out_all, image_folder, newest, ready_dataset

URL = "/api/v1/datasets"


def all_images(api: Any, dataset: Dataset, **query: Any) -> list[dict[str, Any]]:
    """Follows the cursors to the end."""
    found: list[dict[str, Any]] = []
    answer = api.get(f"{URL}/{dataset.id}/images", query).json()
    found += answer["results"]
    while answer["next"]:
        answer = api.get(answer["next"]).json()
        found += answer["results"]
    return found


def test_one_data_set_is_described_with_its_version(alice_api: Any, dataset: Dataset) -> None:
    body = alice_api.get(f"{URL}/{dataset.id}").json()
    assert (body["name"], body["source"], body["format"], body["version"]) == ("pets", "folder", "classification", 1)
    assert body["counts"]["splits"] == {"train": 10, "val": 5, "test": 0}
    assert body["current_version"]["fingerprint"] == body["fingerprint"]
    assert body["fingerprint"].startswith("sha256:")
    assert len(body["cover"]) == 4
    assert body["unfinished"] == []
    assert str(dataset.root) not in str({key: value for key, value in body.items() if key != "name"})


def test_images_come_in_the_order_of_the_manifest_each_once(alice_api: Any, dataset: Dataset) -> None:
    found = all_images(alice_api, dataset, page_size=4)
    assert [image["position"] for image in found] == list(range(15))
    assert found == all_images(alice_api, dataset)
    first = found[0]
    assert (first["path"], first["class_name"], first["split"]) == ("train/cats/000.png", "cats", "train")
    assert (first["width"], first["height"], first["format"]) == (24, 16, "PNG")


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"class": "cats"}, 9), ({"class": "dogs", "split": "val"}, 2), ({"split": "train"}, 10), ({"q": "CATS/00"}, 9),
        ({"q": "nothing"}, 0), ({"split": "test"}, 0), ({"version": 1, "class": "dogs"}, 6),
    ],
)  # fmt: skip
def test_images_are_filtered(query: dict[str, Any], count: int, alice_api: Any, dataset: Dataset) -> None:
    assert len(all_images(alice_api, dataset, **query)) == count


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"class": "birds"}, 400), ({"split": "all"}, 400), ({"finding": "none"}, 400), ({"version": 9}, 404),
        ({"version": "x"}, 400), ({"version": 0}, 400), ({"version": 2**40}, 400), ({"cursor": "%%%"}, 200),
        ({"q": "x" * 201}, 400), ({"owner__password__startswith": "a", "_connector": "OR"}, 200),
        ({"page_size": 10**9}, 200), ({"page_size": -1}, 200),
    ],
)  # fmt: skip
def test_odd_queries_are_answered_in_words_or_ignored(
    query: dict[str, Any], status: int, alice_api: Any, dataset: Dataset
) -> None:
    answer = alice_api.get(f"{URL}/{dataset.id}/images", query)
    assert answer.status_code == status
    if status != 200:
        assert set(answer.json()) == {"code", "message", "hint", "where"}


def test_a_finding_shows_its_images(alice: Any, alice_api: Any, root: Path) -> None:
    folder = image_folder(root / "twins", {"a": 4, "b": 4})
    (folder / "a" / "copy.png").write_bytes((folder / "a" / "000.png").read_bytes())
    dataset = ready_dataset(alice, folder)
    stats = alice_api.get(f"{URL}/{dataset.id}/detailed-stats").json()
    assert stats["measured"] is True
    assert "exact_copies" in [finding["code"] for finding in stats["findings"]]
    found = all_images(alice_api, dataset, finding="exact_copies")
    assert [image["path"] for image in found] == ["a/000.png", "a/copy.png"]


def test_the_list_takes_as_many_queries_for_twenty_as_for_one(
    alice: Any, alice_api: Any, dataset: Dataset, root: Path, django_assert_num_queries: Any
) -> None:
    with CaptureQueriesContext(connection_of()) as one:
        assert len(alice_api.get(URL).json()["results"]) == 1
    for number in range(20):
        ready_dataset(alice, root / "pets", name=f"pets {number}") if number < 2 else Dataset.objects.create(
            owner=alice, name=f"empty {number}", source="upload"
        )
    with django_assert_num_queries(len(one)):
        assert len(alice_api.get(URL).json()["results"]) == 21
    with django_assert_num_queries(len(one)):
        alice_api.get(URL, {"search": "pets", "source": "folder", "ordering": "-name"})


def test_a_page_of_images_takes_a_fixed_number_of_queries(
    alice_api: Any, dataset: Dataset, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(4):
        alice_api.get(f"{URL}/{dataset.id}/images", {"page_size": 2})
    with django_assert_max_num_queries(4):
        alice_api.get(f"{URL}/{dataset.id}/images", {"page_size": 15, "class": "cats"})


def test_lists_are_filtered_by_an_allow_list(alice_api: Any, dataset: Dataset) -> None:
    assert alice_api.get(URL, {"search": "PET"}).json()["count"] == 1
    assert alice_api.get(URL, {"search": "birds"}).json()["count"] == 0
    assert alice_api.get(URL, {"source": "sample"}).json()["count"] == 0
    assert alice_api.get(URL, {"source": "nonsense"}).status_code == 400
    assert alice_api.get(URL, {"owner__password__startswith": "x"}).json()["count"] == 1


def addresses(dataset: Dataset) -> dict[str, tuple[str, str]]:
    image = newest(dataset).images.order_by("position")[0]
    one = f"{URL}/{dataset.id}"
    return {
        "read": ("get", one), "change": ("patch", one), "delete": ("delete", one), "images": ("get", f"{one}/images"),
        "image": ("get", f"{one}/images/{image.id}"), "thumbnail": ("get", f"{one}/images/{image.id}/thumbnail"),
        "file": ("get", f"{one}/images/{image.id}/file"), "augment": ("post", f"{one}/augment"),
        "statistics": ("get", f"{one}/detailed-stats"), "measure": ("post", f"{one}/detailed-stats"),
        "versions": ("get", f"{one}/versions"), "new version": ("post", f"{one}/versions"),
        "version": ("get", f"{one}/versions/1"), "retry": ("post", f"{one}/versions/1/retry"),
        "rejects": ("get", f"{one}/versions/1/rejects"),
    }  # fmt: skip


def test_strangers_find_nothing_and_the_anonymous_are_refused(
    bob_api: Any, anonymous: Any, admin_api: Any, dataset: Dataset
) -> None:
    for name, (method, address) in addresses(dataset).items():
        assert getattr(anonymous, method)(address).status_code == 401, name
        answer = getattr(bob_api, method)(address)
        assert answer.status_code == 404, name
        assert answer.json()["code"] == "not_found", name
        if method == "get":
            assert getattr(admin_api, method)(address).status_code == 200, name
    assert bob_api.get(URL).json()["count"] == 0
    assert admin_api.get(URL).json()["count"] == 1
    assert Dataset.objects.count() == 1


def test_an_image_is_found_in_its_own_data_set_alone(alice: Any, alice_api: Any, dataset: Dataset, root: Path) -> None:
    other = ready_dataset(alice, image_folder(root / "other", {"a": 2, "b": 2}))
    image = newest(other).images.first()
    assert image is not None
    assert alice_api.get(f"{URL}/{dataset.id}/images/{image.id}").status_code == 404
    assert alice_api.get(f"{URL}/{dataset.id}/images/{image.id}/thumbnail").status_code == 404
    assert alice_api.get(f"{URL}/{uuid4()}/images").status_code == 404


def test_versions_are_made_anew_and_the_older_ones_stay(alice_api: Any, dataset: Dataset) -> None:
    options = {"use_given_splits": False, "val": 0.5, "test": 0.0, "seed": 9}
    answer = alice_api.post(f"{URL}/{dataset.id}/versions", {"options": options})
    assert (answer.status_code, answer.json()["number"], answer.json()["state"]) == (201, 2, "importing")
    assert alice_api.get(f"{URL}/{dataset.id}").json()["version"] == 1
    carry_out_all()
    body = alice_api.get(f"{URL}/{dataset.id}").json()
    assert (body["version"], body["counts"]["splits"]["test"]) == (2, 0)
    listed = alice_api.get(f"{URL}/{dataset.id}/versions").json()["results"]
    assert [version["number"] for version in listed] == [2, 1]
    assert listed[0]["fingerprint"] != listed[1]["fingerprint"]
    assert len(all_images(alice_api, dataset, version=1, split="val")) == 5


def test_a_wrong_option_of_a_version_is_refused(alice_api: Any, dataset: Dataset) -> None:
    for options in ({"val": 2}, {"seed": "x"}, "text", {"format": "nonsense" * 10}):
        assert alice_api.post(f"{URL}/{dataset.id}/versions", {"options": options}).status_code == 400
    assert DatasetVersion.objects.count() == 1


def test_name_and_description_can_be_changed(alice_api: Any, dataset: Dataset) -> None:
    body = alice_api.patch(f"{URL}/{dataset.id}", {"name": " My   pets ", "description": "<b>"}).json()
    assert (body["name"], body["description"]) == ("My pets", "<b>")
    assert alice_api.patch(f"{URL}/{dataset.id}", {"name": " "}).status_code == 400
    assert alice_api.patch(f"{URL}/{dataset.id}", {"owner": "bob", "root": "/etc"}).json()["owner"] == "alice"


def test_augmentations_are_saved_checked_and_private(alice_api: Any, bob_api: Any, anonymous: Any) -> None:
    url = "/api/v1/augmentations"
    made = alice_api.post(url, {"name": "Mine", "operations": [{"op": "RandomHorizontalFlip"}]})
    assert made.status_code == 201, made.json()
    assert made.json()["operations"] == [{"op": "RandomHorizontalFlip", "p": 0.5}]
    one = f"{url}/{made.json()['id']}"
    assert alice_api.put(one, {"name": "Ours", "operations": []}).json()["name"] == "Ours"
    wrong = alice_api.post(url, {"name": "Bad", "operations": [{"op": "RandomRotation", "degrees": 999}]})
    assert (wrong.status_code, wrong.json()["where"]) == (400, "augment[0].degrees")
    for method in ("get", "put", "delete"):
        assert getattr(bob_api, method)(one, {"name": "x", "operations": []}).status_code == 404
        assert getattr(anonymous, method)(one).status_code == 401
    assert bob_api.get(url).json()["count"] == 0
    assert alice_api.delete(one).status_code == 204
    assert AugmentationConfig.objects.count() == 0
    assert len(alice_api.get(f"{url}/operations").json()["operations"]) >= 12


def connection_of() -> Any:
    """The connection whose queries are counted."""
    from django.db import connection

    return connection
