"""Real Chromium on the pages of weights and inference, wide and narrow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from django.conf import settings as django_settings
from playwright.sync_api import Page, expect

from cvstudio.accounts.models import User
from cvstudio.datasets.models import DatasetImage
from cvstudio.inference.models import InferenceJob
from cvstudio.inference.serving import client
from cvstudio.inference.tests.makers import Redness, picture, serving
from cvstudio.runs.models import Run
from cvstudio.weights.models import WeightVersion
from cvstudio.weights.services import upload_weight
from cvstudio.weights.tests.makers import make_architecture, make_dataset, make_run, make_weight, safetensors_file
from ml_core.weights.compare import TensorSpec

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OpenPage = Callable[..., Page]
RED = {"name": "rose.png", "mimeType": "image/png", "buffer": picture((250, 10, 10), (640, 480))}


class Hostile(Redness):
    """Class names that a page must not run."""

    def postprocess(self, row: float) -> dict[str, Any]:
        """The first class is named by an attacker."""
        answer = super().postprocess(row)
        answer["top"][0]["class"] = "<img src=x onerror=alert(1)>"
        return answer


@pytest.fixture
def own_redis(redis_url: str, settings: Any) -> Iterator[str]:
    """The web process and the test's prediction server share the session's Redis."""
    settings.REDIS_CLIENT_URL = redis_url
    client.forget_connection()
    with redis.Redis.from_url(redis_url) as connection:
        connection.flushall()
    yield redis_url
    client.forget_connection()


@pytest.fixture
def weight(alice: User) -> WeightVersion:
    return make_weight(alice)


def fits(page: Page) -> bool:
    """Whether the page is as wide as its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize("width", [1440, 390])
def test_a_chosen_picture_is_answered_with_bars_and_times(
    own_redis: str, alice: User, weight: WeightVersion, open_page: OpenPage, width: int
) -> None:
    with serving(own_redis, lambda _: Hostile()):
        page = open_page(alice, "/inference/", width=width)
        page.set_input_files("#choose input[type=file]", [RED])
        answer = page.locator(".answer")
        expect(answer.locator(".class-bars li")).to_have_count(2)
        expect(answer.locator(".class-bars li").first).to_contain_text("<img src=x onerror=alert(1)>")
        expect(answer.locator(".class-bars li").first).to_contain_text("98.0 %")
        expect(answer.locator(".time-split rect")).to_have_count(4)
        assert page.locator(".answer img").count() == 1 and fits(page)


def test_several_pictures_come_newest_first_and_kept_ones_are_jobs(
    own_redis: str, alice: User, weight: WeightVersion, open_page: OpenPage
) -> None:
    with serving(own_redis, lambda _: Redness()):
        page = open_page(alice, "/inference/")
        page.check("input[name=keep]")
        page.set_input_files("#choose input[type=file]", [RED, {**RED, "name": "second.png"}])
        expect(page.locator(".answer strong.truncate")).to_have_text(["rose.png", "second.png"])
        expect(page.get_by_role("link", name="Kept as a job")).to_have_count(2)
        page.get_by_role("link", name="Kept as a job").first.click()
        expect(page.locator(".class-bars li").first).to_contain_text("red")
    assert InferenceJob.objects.count() == 2


def test_without_a_worker_the_card_says_so_and_can_try_again(
    own_redis: str, alice: User, weight: WeightVersion, open_page: OpenPage
) -> None:
    page = open_page(alice, "/inference/")
    expect(page.get_by_text("No infer worker is running").first).to_be_visible()
    page.set_input_files("#choose input[type=file]", [RED])
    expect(page.locator(".answer .alert")).to_contain_text("No infer worker")
    with serving(own_redis, lambda _: Redness()):
        page.get_by_role("button", name="Try again").click()
        expect(page.locator(".answer .class-bars li")).to_have_count(2)


def test_a_picture_of_a_data_set_is_chosen_by_a_click(
    own_redis: str, alice: User, weight: WeightVersion, open_page: OpenPage, tmp_path: Any
) -> None:
    version = make_dataset(alice, "Colours")
    (tmp_path / "a.png").write_bytes(picture((255, 0, 0)))
    version.root = str(tmp_path)
    version.save()
    version.dataset.current_version = version
    version.dataset.save()
    DatasetImage.objects.create(
        version=version, position=0, path="a.png", label=0, split="test", width=12, height=8, format="PNG",
        mode="RGB", size_bytes=100, sha256="0" * 64,
    )  # fmt: skip
    with serving(own_redis, lambda _: Redness()):
        page = open_page(alice, "/inference/")
        page.select_option("#from-dataset", label="Colours v1")
        page.locator("#dataset-images button").first.click()
        expect(page.locator(".answer .class-bars li").first).to_contain_text("red")


@pytest.mark.parametrize("width", [1440, 390])
def test_a_batch_is_started_from_the_form(
    own_redis: str, alice: User, weight: WeightVersion, open_page: OpenPage, width: int
) -> None:
    version = make_dataset(alice, "Colours")
    version.root = "/images"
    version.save()
    page = open_page(alice, f"/inference/batch?weight={weight.id}", width=width)
    page.get_by_text("A zip archive or a video", exact=True).click()
    expect(page.get_by_role("button", name="Predict", exact=True)).to_be_disabled()
    page.set_input_files("#batch input[type=file]", [{"name": "a.zip", "mimeType": "application/zip", "buffer": b"no"}])
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(page.locator("[data-upload-fault]")).to_contain_text("neither a zip archive nor a video")
    page.get_by_text("A data set", exact=True).click()
    page.select_option("#dataset-version", label="Colours v1")
    page.select_option("#split", "test")
    assert fits(page)
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(page.locator("#job")).to_contain_text("Queued")
    run = Run.objects.get(recipe="vision.predict")
    assert run.config["split"] == "test" and run.config["weight"].startswith(str(django_settings.WEIGHTS_DIR))


@pytest.mark.parametrize("width", [1440, 390])
def test_the_library_leads_to_a_version_and_its_uses(
    own_redis: str, alice: User, open_page: OpenPage, width: int
) -> None:
    from cvstudio.weights.services.record_run_weight import record_run_weight

    architecture, dataset = make_architecture(alice), make_dataset(alice)
    for name in ("First try", "Second try"):
        record_run_weight(make_run(alice, architecture, dataset, name=name))
    page = open_page(alice, "/weights/", width=width)
    assert fits(page)
    page.get_by_role("link", name="Tiny · Pets").first.click()
    expect(page.locator("h1")).to_contain_text("Tiny · Pets")
    expect(page.locator(".lineage li")).to_have_count(4)
    assert fits(page)
    page.get_by_role("link", name="v1", exact=True).click()
    expect(page.get_by_text("older version")).to_be_visible()
    page.get_by_role("link", name="Try it").click()
    expect(page.locator("#weight option:checked")).to_have_text("Tiny · Pets v1")


def test_an_upload_is_checked_and_faults_are_told_in_place(
    own_redis: str, alice: User, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_architecture(alice)
    expected = {"fc.weight": TensorSpec((2, 192), "F32"), "fc.bias": TensorSpec((2,), "F32")}
    monkeypatch.setattr(upload_weight, "expected_tensors", lambda folder: expected)
    page = open_page(alice, "/weights/upload")
    page.select_option("select[name=architecture_version]", label="Tiny v1")
    wrong = {"name": "mine.safetensors", "mimeType": "application/octet-stream", "buffer": b"\x80\x02"}
    page.set_input_files("#upload input[type=file]", [wrong])
    page.get_by_role("button", name="Upload and check").click()
    expect(page.locator("[data-upload-fault]")).to_contain_text("shorter than a header")
    page.set_input_files("#upload input[type=file]", [{**wrong, "buffer": safetensors_file().getvalue()}])
    page.get_by_role("button", name="Upload and check").click()
    expect(page.locator("h1")).to_contain_text("mine")


def test_a_version_is_deleted_after_a_question(
    own_redis: str, alice: User, weight: WeightVersion, open_page: OpenPage
) -> None:
    page = open_page(alice, f"/weights/{weight.id}")
    page.get_by_role("button", name="Delete").first.click()
    expect(page.locator("dialog[open]")).to_contain_text("The run that made it keeps its own copy.")
    page.locator("dialog[open]").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No weights yet")).to_be_visible()
    assert not WeightVersion.objects.exists()
