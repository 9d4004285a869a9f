"""Images with boxes are filtered by what is in them, and shown with all that is said of them."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cvstudio.datasets.image_filters import ImageFilters
from cvstudio.datasets.models import Dataset, DatasetImage
from cvstudio.datasets.tests.carry_out import newest


def paths(dataset: Dataset, **filters: str) -> list[str]:
    return [image.path.removeprefix("images/") for image in ImageFilters(**filters).apply(newest(dataset))]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"class_name": "cat"}, ["train/0.jpg", "train/1.jpg", "val/0.jpg"]),
        ({"class_name": "cat", "split": "val"}, ["val/0.jpg"]),
        ({"class_name": "dog", "text": "TRAIN"}, ["train/0.jpg", "train/1.jpg"]),
        ({"size": "small"}, ["train/0.jpg", "train/1.jpg", "val/0.jpg", "val/1.jpg", "val/2.jpg", "val/3.jpg"]),
        ({"size": "medium"}, ["train/0.jpg", "train/1.jpg"]),
        ({"size": "medium", "class_name": "cat"}, []),
        ({"size": "large"}, []),
        ({"finding": "images_without_labels"}, ["train/3.jpg"]),
        ({"finding": "empty_images"}, ["train/2.jpg"]),
    ],
)
def test_images_are_filtered_by_their_boxes(filters: dict[str, str], found: list[str], boxes: Dataset) -> None:
    assert paths(boxes, **filters) == found


def test_the_api_takes_the_same_filters(alice_api: Any, boxes: Dataset) -> None:
    url = f"/api/v1/datasets/{boxes.id}/images"
    assert len(alice_api.get(url, {"class": "cat", "size": "small"}).json()["results"]) == 3
    assert alice_api.get(url, {"size": "huge"}).status_code == 400
    assert alice_api.get(url, {"class": "bird"}).json()["code"] == "dataset.unknown_class"


def test_very_many_positions_are_one_parameter(boxes: Dataset) -> None:
    rows = DatasetImage.objects.filter(version=newest(boxes), position__among=range(300_000))
    assert rows.count() == 8


def test_annotations_are_in_pixels_with_their_shapes(alice_api: Any, masks: Dataset) -> None:
    images = {image.path: image for image in newest(masks).images.all()}
    url = f"/api/v1/datasets/{masks.id}/images"
    one = alice_api.get(f"{url}/{images['images/train2017/b.jpg'].id}/annotations").json()
    assert one["classes"] == ["bicycle", "dog"]
    [shape] = one["annotations"]
    assert (shape["box"], shape["kind"], shape["label"], shape["category"]) == ([10, 5, 30.5, 15], "polygons", 1, 18)
    assert [len(ring) for ring in shape["polygons"]] == [8, 6]
    crowd, mask = alice_api.get(f"{url}/{images['images/train2017/a.jpg'].id}/annotations").json()["annotations"]
    assert (crowd["flags"], crowd["mask"]["counts"]) == (["crowd"], [0, 100, 4900])
    assert (mask["mask"]["height"], mask["mask"]["width"], sum(mask["mask"]["counts"])) == (50, 100, 5000)
    assert mask["attributes"] == {"attributes": {"hard": True}}


def test_images_of_classes_have_no_annotations(alice_api: Any, dataset: Dataset) -> None:
    image = newest(dataset).images.first()
    assert image is not None
    assert alice_api.get(f"/api/v1/datasets/{dataset.id}/images/{image.id}/annotations").json()["annotations"] == []


def test_the_grid_carries_shapes_and_marks_those_of_a_finding(alice_page: Client, boxes: Dataset) -> None:
    page = alice_page.get(f"/datasets/{boxes.id}/images")
    drawn = page.context["viewer"]["images"]
    assert [len(image["shapes"]) for image in drawn] == [2, 2, 0, 0, 1, 1, 1, 1]
    assert drawn[1]["shapes"][0]["polygons"][0] == [10, 5, 90, 5, 90, 45, 10, 45]
    assert page.context["viewer"]["marked"] == []
    codes = [code for code, _ in page.context["findings"]]
    assert "images_without_labels" in codes


def test_the_page_of_an_image_knows_its_neighbours_under_the_filters(alice_page: Client, boxes: Dataset) -> None:
    images = {image.path: image for image in newest(boxes).images.all()}
    address = f"/datasets/{boxes.id}/images/{images['images/train/1.jpg'].id}"
    page = alice_page.get(address, {"class": "cat"})
    assert page.context["before"].endswith(f"{images['images/train/0.jpg'].id}?class=cat")
    assert page.context["behind"].endswith(f"{images['images/val/0.jpg'].id}?class=cat")
    assert page.context["boot"]["shapes"][0]["box"] == [10, 5, 90, 45]
    assert alice_page.get(address, {"class": "no such"}).status_code == 200


def test_the_page_of_an_image_opens_for_classes_too(alice_page: Client, dataset: Dataset) -> None:
    image = newest(dataset).images.first()
    assert image is not None
    text = alice_page.get(f"/datasets/{dataset.id}/images/{image.id}").content.decode()
    assert "cats" in text
    assert "shape-list" not in text


def test_an_image_is_found_by_its_path(alice_page: Client, boxes: Dataset) -> None:
    image = newest(boxes).images.get(path="images/val/2.jpg")
    answer = alice_page.get(f"/datasets/{boxes.id}/find-image", {"path": image.path, "class": "dog"})
    assert answer["Location"] == f"/datasets/{boxes.id}/images/{image.id}?class=dog"
    assert alice_page.get(f"/datasets/{boxes.id}/find-image")["Location"] == f"/datasets/{boxes.id}/images"


def test_strangers_see_nothing_of_it(bob: Any, boxes: Dataset) -> None:
    client = Client()
    client.force_login(bob)
    image = newest(boxes).images.first()
    assert image is not None
    assert client.get(f"/datasets/{boxes.id}/images/{image.id}").status_code == 404
    assert client.get(f"/api/v1/datasets/{boxes.id}/images/{image.id}/annotations").status_code == 404


def test_pages_ask_a_fixed_number_of_questions(
    alice_page: Client, boxes: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cvstudio.datasets import image_pages

    image = newest(boxes).images.all()[1]
    addresses = [f"/datasets/{boxes.id}/images?class=cat&size=small", f"/datasets/{boxes.id}/images/{image.id}"]
    for address in addresses:
        alice_page.get(address)
        counts = []
        for size in (1, 100):
            monkeypatch.setattr(image_pages, "IMAGES_A_PAGE", size)
            with CaptureQueriesContext(
                connection,
            ) as queries:
                assert alice_page.get(address).status_code == 200
            counts.append(len(queries))
        assert counts[0] == counts[1] <= 20
