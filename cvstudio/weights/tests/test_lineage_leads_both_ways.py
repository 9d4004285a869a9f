"""From a weight to its images, and from an image to the weights that saw it, also after it was left out."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from cvstudio.accounts.models import User
from cvstudio.datasets.models import DatasetImage, DatasetVersion
from cvstudio.runs.models import Run
from cvstudio.weights import library
from cvstudio.weights.models import WeightVersion
from cvstudio.weights.services.record_run_weight import record_run_weight
from cvstudio.weights.tests.makers import make_architecture, make_dataset, make_run

pytestmark = pytest.mark.django_db
CONTENT = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("cat", "dog", "owl")}


def add(version: DatasetVersion, *images: tuple[str, str]) -> None:
    for position, (name, split) in enumerate(images):
        DatasetImage.objects.create(
            version=version, position=position, path=f"{name}/{version.number}.png", label=0, split=split, width=8,
            height=8, format="PNG", mode="RGB", size_bytes=1, sha256=CONTENT[name],
        )  # fmt: skip
    splits = [split for _, split in images]
    version.counts = {"splits": {split: splits.count(split) for split in ("train", "val", "test")}}
    version.save()


@pytest.fixture
def trained(alice: User) -> WeightVersion:
    """A weight that saw three images, of which the current version of the data set has one left."""
    first = make_dataset(alice)
    add(first, ("cat", "train"), ("dog", "val"), ("owl", "test"))
    second = DatasetVersion.objects.create(
        dataset=first.dataset, number=2, folder="-", classes=first.classes, state="ready"
    )
    add(second, ("owl", "train"))
    first.dataset.current_version = second
    first.dataset.save()
    version = record_run_weight(make_run(alice, make_architecture(alice), first))
    assert version is not None
    return version


def child_of(version: WeightVersion, owner: User, dataset: DatasetVersion) -> WeightVersion:
    run = make_run(owner, version.architecture_version, dataset)
    Run.objects.filter(id=run.id).update(config={"initial_weights": str(library.folder_of(version))})
    made = record_run_weight(Run.objects.get(id=run.id))
    assert made is not None and made.parent_id == version.id
    return made


def asked(client: APIClient, name: str) -> list[dict[str, Any]]:
    answer = client.get("/api/v1/weights/seen", {"sha256": CONTENT[name]})
    assert answer.status_code == 200
    return list(answer.json())


def test_an_image_leads_to_the_weights_that_saw_it_and_says_how(alice_api: APIClient, trained: WeightVersion) -> None:
    for name, split in (("cat", "train"), ("dog", "val"), ("owl", "test")):
        (found,) = asked(alice_api, name)
        assert (found["weight"], found["split"], found["version"]) == (str(trained.id), split, 1)
        assert found["is_gone"] is (name != "owl")


def test_what_started_from_a_weight_saw_what_that_saw(
    alice: User, alice_api: APIClient, trained: WeightVersion
) -> None:
    child = child_of(trained, alice, make_dataset(alice, "Others"))
    grandchild = child_of(child, alice, make_dataset(alice, "More"))
    through = {row["weight"]: row["through"] for row in asked(alice_api, "cat")}
    assert through == {str(trained.id): None, str(child.id): str(trained.id), str(grandchild.id): str(trained.id)}
    seen = alice_api.get(f"/api/v1/weights/{grandchild.id}/images").json()
    assert [row["name"] for row in seen] == ["More", "Others", "Pets"]


def test_a_weight_leads_to_its_images_by_split_and_counts_those_gone(
    alice: User, alice_api: APIClient, trained: WeightVersion
) -> None:
    (seen,) = alice_api.get(f"/api/v1/weights/{trained.id}/images").json()
    assert seen["splits"] == {"train": 1, "val": 1, "test": 1} and seen["gone"] == 2
    client = Client()
    client.force_login(alice)
    page = client.get(f"/weights/{trained.id}/images").content.decode()
    assert f"/datasets/{seen['dataset']}/images?version=1&amp;split=train" in page


def test_the_same_content_is_known_under_another_name(
    alice: User, alice_api: APIClient, trained: WeightVersion
) -> None:
    other = make_dataset(alice, "Copies")
    add(other, ("cat", "train"))
    DatasetImage.objects.filter(version=other).update(path="renamed.png")
    weight = record_run_weight(make_run(alice, make_architecture(alice, "Other"), other))
    assert weight is not None
    assert {row["weight"] for row in asked(alice_api, "cat")} == {str(trained.id), str(weight.id)}


def test_strangers_learn_nothing(bob: User, bob_api: APIClient, trained: WeightVersion) -> None:
    assert asked(bob_api, "cat") == []
    assert bob_api.get(f"/api/v1/weights/{trained.id}/images").status_code == 404


def test_a_picture_itself_is_asked_for_by_its_content(alice: User, trained: WeightVersion) -> None:
    client = Client()
    client.force_login(alice)
    picture = io.BytesIO(b"cat")
    picture.name = "unknown.png"
    page = client.post("/weights/seen", {"picture": picture}, follow=True).content.decode()
    assert f"/weights/{trained.id}" in page and "learned from it" in page and "not in the current version" in page
    part = client.get(f"/weights/seen?sha256={CONTENT['cat']}", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part and "learned from it" in part
    assert "Choose an image" in client.post("/weights/seen", follow=True).content.decode()


@pytest.mark.parametrize("text", ["", "x", "0" * 63, "0" * 65, "' OR 1=1 --", "<script>", "\x00" * 64])
def test_what_is_no_fingerprint_is_refused(alice: User, alice_api: APIClient, text: str) -> None:
    assert alice_api.get("/api/v1/weights/seen", {"sha256": text}).status_code == 400
    client = Client()
    client.force_login(alice)
    page = client.get("/weights/seen", {"sha256": text}).content.decode()
    assert "Weights that saw it" not in page and 'value="<script>"' not in page
