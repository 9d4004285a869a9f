"""Real Chromium on data sets with boxes: from files to health, correction by mouse, finger and key, and back out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from cvstudio.accounts.models import User
from cvstudio.datasets.models import Dataset
from cvstudio.datasets.shapes import open_table
from cvstudio.datasets.tests.carry_out import carry_out_all, image_folder, newest, ready_dataset
from ml_core.data.tests.label_sets import yolo_set

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OpenPage = Callable[..., Page]


@pytest.fixture
def boxes(alice: User, tmp_path: Path, settings: Any) -> Dataset:
    """Eight images; the first has a box twice and one that reaches beyond it."""
    settings.DATASET_ROOTS = [tmp_path]
    folder = yolo_set(tmp_path / "boxes")
    (folder / "labels/train/0.txt").write_text(
        "0 0.5 0.5 0.2 0.4\n0 0.5 0.5 0.2 0.4\n1 0.95 0.5 0.3 0.4\n", encoding="utf-8"
    )
    return ready_dataset(alice, folder, accept_rejects=True)


def fits(page: Page) -> bool:
    """Whether the page is as wide as its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def open_image(open_page: OpenPage, user: User, dataset: Dataset, path: str, **more: Any) -> Page:
    """The page of an image."""
    image = newest(dataset).images.get(path=path)
    page = open_page(user, f"/datasets/{dataset.id}/images/{image.id}", **more)
    expect(page.locator("#stage image").first).to_be_visible()
    return page


def at(page: Page, x: float, y: float) -> tuple[float, float]:
    """The place on the screen of a pixel of the image."""
    place = page.evaluate(
        """([x, y]) => { const m = document.getElementById("stage").getScreenCTM();
        const p = new DOMPoint(x, y).matrixTransform(m); return [p.x, p.y]; }""",
        [x, y],
    )
    return float(place[0]), float(place[1])


def pull(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Press at a pixel of the image, move to another, let go."""
    page.mouse.move(*at(page, *start))
    page.mouse.down()
    page.mouse.move(*at(page, (start[0] + end[0]) / 2, (start[1] + end[1]) / 2))
    page.mouse.move(*at(page, *end))
    page.mouse.up()


def rows_of(dataset: Dataset, path: str) -> list[tuple[str, list[float]]]:
    """Class and corners of each box of an image in the newest version."""
    version = newest(dataset)
    image, table = version.images.get(path=path), open_table(version)
    corners = table.corners_of(image.position, image.width, image.height).round(1).tolist()
    return [(version.classes[int(table.label[row])], box)
            for row, box in zip(table.of_image(image.position), corners, strict=True)]  # fmt: skip


def save(page: Page, dataset: Dataset) -> None:
    """Save, do what the worker does, and come back to the image."""
    before = newest(dataset).number
    page.click("#save-bar [data-save]")
    expect(page.locator("#save-bar [data-words]")).to_contain_text(f"Version {before + 1}")
    carry_out_all()
    page.wait_for_url(lambda url: "/images/" in url and url.split("/images/")[1][:8] != "nothing")
    expect(page.locator(".tag", has_text=f"v{before + 1}").first).to_be_visible()


def line(page: Page, number: int) -> Locator:
    """A line of the list of annotations."""
    return page.locator(".shape-line").nth(number)


@pytest.mark.slow
def test_boxes_are_corrected_by_mouse_and_become_a_version(alice: User, open_page: OpenPage, boxes: Dataset) -> None:
    page = open_image(open_page, alice, boxes, "images/train/1.jpg")
    expect(page.locator(".shape-line")).to_have_count(2)
    expect(page.locator("#stage polygon")).to_have_count(1)
    expect(page.locator("#save-bar")).to_be_hidden()

    line(page, 1).hover()
    expect(page.locator("#stage .shape[data-pointed] .shape-name")).to_have_text("cat")

    page.click("#draw-box")
    page.select_option("#box-class", label="dog")
    pull(page, (60, 8), (80, 20))
    expect(page.locator(".shape-line")).to_have_count(3)
    pull(page, (70, 14), (65, 24))  # moves what is selected
    pull(page, (75, 30), (85, 40))  # its lower right corner
    expect(line(page, 2)).to_contain_text("30 × 22")

    line(page, 1).click()
    page.select_option("#box-class", label="dog")
    expect(page.locator("#save-bar")).to_contain_text("2 changes in 1 image")
    line(page, 0).click()
    page.click("#remove-box")
    expect(page.locator("#stage polygon")).to_have_count(0)
    page.click("#undo")
    expect(page.locator("#stage polygon")).to_have_count(1)
    page.click("#redo")
    expect(page.locator("#stage polygon")).to_have_count(0)

    page.reload()  # what is not saved waits in the browser
    expect(page.locator(".shape-line")).to_have_count(2)
    save(page, boxes)
    assert rows_of(boxes, "images/train/1.jpg") == [
        ("dog", [7.3, 20.0, 17.3, 30.0]), ("dog", pytest.approx([55, 18, 85, 40], abs=0.5)),
    ]  # fmt: skip
    expect(page.locator("#save-bar")).to_be_hidden()
    expect(page.get_by_text("Corrected from version 1")).to_be_visible()
    page.get_by_role("link", name="What is different").click()
    expect(page.get_by_text("annotation removed")).to_be_visible()
    page.get_by_role("button", name="Undo: back to version 1").click()
    expect(page.locator(".tag", has_text="v1").first).to_be_visible()
    assert Dataset.objects.get(id=boxes.id).current_version.number == 1


def outline(dataset: Dataset, path: str) -> list[list[float]]:
    """Points of the first polygon of an image in the newest version."""
    version = newest(dataset)
    image, table = version.images.get(path=path), open_table(version)
    rings = [ring for row in table.of_image(image.position) for ring in table.polygons(row, image.width, image.height)]
    points: list[list[float]] = rings[0].round(1).tolist()
    return points


@pytest.mark.slow
def test_points_of_an_outline_are_moved_made_and_removed(alice: User, open_page: OpenPage, boxes: Dataset) -> None:
    path = "images/train/1.jpg"
    before = outline(boxes, path)
    page = open_image(open_page, alice, boxes, path)
    expect(page.locator("#edit-points")).to_be_disabled()
    page.locator(".shape-line", has_text="dog").first.click()
    page.click("#edit-points")
    expect(page.locator("[data-point]")).to_have_count(len(before))
    (x, y), (next_x, next_y) = before[0], before[1]
    pull(page, (x, y), (x - 4, y - 3))
    pull(page, ((x - 4 + next_x) / 2, (y - 3 + next_y) / 2), (next_x, y - 4))  # the middle of an edge
    expect(page.locator("[data-point]")).to_have_count(len(before) + 1)
    expect(page.locator("#save-bar")).to_contain_text("1 change in 1 image")
    page.keyboard.press("Control+z")
    expect(page.locator("[data-point]")).to_have_count(len(before))
    page.keyboard.press("Control+y")
    page.keyboard.press(".")  # the first point
    page.keyboard.press("Enter")  # one behind it
    expect(page.locator("[data-point]")).to_have_count(len(before) + 2)
    page.keyboard.press("Delete")
    expect(page.locator("[data-point]")).to_have_count(len(before) + 1)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    expect(page.locator(".handle-frame")).to_be_visible()
    save(page, boxes)
    after = outline(boxes, path)
    assert len(after) == len(before) + 1
    assert after[0] == [pytest.approx(x - 3, abs=0.7), pytest.approx(y - 3, abs=0.7)]
    assert after[1] == [pytest.approx(next_x, abs=0.7), pytest.approx(y - 4, abs=0.7)]
    assert after[2:] == before[1:]
    box = rows_of(boxes, path)[0][1]
    assert box[0] == min(point[0] for point in after) and box[1] == min(point[1] for point in after)


@pytest.mark.slow
def test_points_are_moved_by_a_finger(alice: User, open_page: OpenPage, boxes: Dataset) -> None:
    path = "images/train/1.jpg"
    x, y = outline(boxes, path)[0]
    page = open_image(open_page, alice, boxes, path, width=390, height=800, touch=True)
    page.locator(".shape-line", has_text="dog").first.click()
    page.click("#edit-points")
    touch = page.context.new_cdp_session(page)
    (from_x, from_y), (to_x, to_y) = at(page, x, y), at(page, x + 6, y + 4)
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": from_x, "y": from_y}]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": to_x, "y": to_y}]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(page.locator("#save-bar")).to_contain_text("1 change in 1 image")
    save(page, boxes)
    assert outline(boxes, path)[0] == [pytest.approx(x + 6, abs=0.7), pytest.approx(y + 4, abs=0.7)]


def test_boxes_are_corrected_by_keys_alone(alice: User, open_page: OpenPage, boxes: Dataset) -> None:
    page = open_image(open_page, alice, boxes, "images/train/2.jpg")
    expect(page.get_by_text("Nothing is labelled in this image.")).to_be_visible()
    page.locator("#stage").focus()
    for key in ("n", "Enter", "2", "ArrowLeft", "Shift+ArrowRight", "Shift+ArrowDown"):
        page.keyboard.press(key)
    expect(line(page, 0)).to_contain_text("dog")
    page.keyboard.press("n")
    page.keyboard.press("Enter")
    expect(page.locator(".shape-line")).to_have_count(2)
    page.keyboard.press("[")
    page.keyboard.press("]")
    page.keyboard.press("Delete")
    expect(page.locator(".shape-line")).to_have_count(1)
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+y")
    page.keyboard.press("Control+s")
    expect(page.locator("#save-bar [data-words]")).to_contain_text("Version 2")
    carry_out_all()
    expect(page.locator(".tag", has_text="v2").first).to_be_visible()
    assert rows_of(boxes, "images/train/2.jpg") == [("dog", [39, 20, 60, 31])]


@pytest.mark.slow
def test_a_finger_draws_and_two_fingers_zoom(alice: User, open_page: OpenPage, boxes: Dataset) -> None:
    page = open_image(open_page, alice, boxes, "images/train/3.jpg", width=390, height=800, touch=True)
    assert fits(page)
    page.tap("#draw-box")
    touch = page.context.new_cdp_session(page)

    def send(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": at(page, *place)[0], "y": at(page, *place)[1], "id": n} for n, place in enumerate(places)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    page.locator("#stage").scroll_into_view_if_needed()
    send("touchStart", (20, 10))
    send("touchMove", (50, 30))
    send("touchMove", (60, 40))
    send("touchEnd")
    expect(page.locator(".shape-line")).to_have_count(1)
    whole = page.locator("#stage").get_attribute("viewBox") or ""
    send("touchStart", (80, 10))
    send("touchStart", (80, 10), (90, 40))
    send("touchMove", (70, 5), (95, 48))
    send("touchEnd")
    expect(page.locator("#stage")).not_to_have_attribute("viewBox", whole)
    expect(page.locator(".shape-line")).to_have_count(1)
    page.tap("[data-zoom=fit]")
    expect(page.locator("#stage")).to_have_attribute("viewBox", whole)
    save(page, boxes)
    [(name, box)] = rows_of(boxes, "images/train/3.jpg")
    assert name == "cat"
    assert box == pytest.approx([20, 10, 60, 40], abs=1)
    assert fits(page)


@pytest.mark.slow
def test_corrections_of_many_images_and_a_new_class_are_one_version(
    alice: User, open_page: OpenPage, boxes: Dataset
) -> None:
    page = open_image(open_page, alice, boxes, "images/val/0.jpg")
    line(page, 0).click()
    page.click("summary[aria-label='New class']")
    page.fill("#new-class input", "bird")
    page.keyboard.press("Enter")
    expect(line(page, 0)).to_contain_text("bird")
    page.click("#behind")
    page.check("[name=left_out]")
    expect(page.locator("#save-bar")).to_contain_text("3 changes in 2 images")
    page.get_by_role("link", name="All images").click()
    expect(page.locator("#save-bar")).to_contain_text("3 changes in 2 images")
    page.click("#save-bar [data-save]")
    expect(page.locator("#save-bar [data-words]")).to_contain_text("Version 2")
    carry_out_all()
    expect(page.locator("#grid .thumb")).to_have_count(7)
    assert newest(boxes).classes == ["cat", "dog", "bird"]
    assert rows_of(boxes, "images/val/0.jpg")[0][0] == "bird"


def test_findings_are_opened_and_fixed(alice: User, open_page: OpenPage, boxes: Dataset) -> None:
    page = open_page(alice, f"/datasets/{boxes.id}/health")
    button = page.get_by_role("button", name="Correct in a new version")
    expect(button).to_be_disabled()
    page.locator("#doubled_boxes").get_by_role("link", name="Show these images").click()
    expect(page.locator("#grid .thumb")).to_have_count(1)
    expect(page.locator("#grid .shape-marked")).to_have_count(1)
    page.go_back()
    page.check("[value=remove_doubled_boxes]")
    page.check("[value=cut_boxes_beyond_frame]")
    expect(button).to_be_enabled()
    button.click()
    expect(page.locator("#import[data-working]")).to_be_visible()
    carry_out_all()
    expect(page.get_by_text("Annotations removed: 1")).to_be_visible()
    expect(page.locator("#doubled_boxes")).to_have_count(0)
    assert rows_of(boxes, "images/train/0.jpg") == [("cat", [40, 15, 60, 35]), ("dog", [80, 15, 100, 35])]


def test_an_image_of_a_class_gets_another_one(alice: User, open_page: OpenPage, tmp_path: Path, settings: Any) -> None:
    settings.DATASET_ROOTS = [tmp_path]
    dataset = ready_dataset(alice, image_folder(tmp_path / "pets", {"cats": 4, "dogs": 4}))
    page = open_image(open_page, alice, dataset, "cats/001.png", width=390)
    page.select_option("#image-label", label="dogs")
    save(page, dataset)
    image = newest(dataset).images.get(path="cats/001.png")
    assert newest(dataset).classes[image.label or 0] == "dogs"


@pytest.mark.parametrize("width", [1440, 390])
def test_pages_fit_wide_and_narrow(alice: User, open_page: OpenPage, boxes: Dataset, width: int) -> None:
    page = open_page(alice, f"/datasets/{boxes.id}", width=width)
    for tab in ("", "/images", "/health", "/statistics", "/versions", "/exports", "/difference"):
        page.goto(f"{page.url.split('/datasets/')[0]}/datasets/{boxes.id}{tab}")
        assert fits(page), tab
