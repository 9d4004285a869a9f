"""The preview is drawn by training's transform and seed, in a worker, never in the web process."""

from __future__ import annotations

import base64
import io
import threading
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.db import connection
from PIL import Image

from cvstudio.datasets import tasks
from cvstudio.datasets.models import Dataset
from cvstudio.datasets.services import preview_augmentation as previewing
from cvstudio.datasets.services.preview_augmentation import PreviewWish, answer_preview, draw
from cvstudio.datasets.tests.carry_out import newest
from ml_core.data.augment import PRESETS, apply_seeded, augment_source, build_transform, parse_ops
from ml_core.data.decode import load_image

URL = "/api/v1/datasets"


def pixels_of(url: str) -> Any:
    kind, _, text = url.partition(",")
    assert kind == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))))


@pytest.mark.parametrize("preset", ["none", "standard", "strong"])
def test_a_preview_has_the_pixels_of_training(preset: str, dataset: Dataset) -> None:
    from torchvision.transforms.v2.functional import pil_to_tensor

    version = newest(dataset)
    ops = parse_ops(PRESETS[preset])
    drawn = draw(version, PreviewWish(operations=ops, size=48, seed=7, epoch=3, count=5))
    train = list(version.images.filter(split="train").order_by("position"))
    transform = build_transform(ops, (48, 48))
    assert [sample["index"] for sample in drawn["samples"]] == list(range(5))
    for sample, image in zip(drawn["samples"], train, strict=False):
        pixels = pil_to_tensor(load_image(f"{version.root}/{image.path}"))
        expected = apply_seeded(transform, pixels, seed=7, epoch=3, index=sample["index"])
        assert np.array_equal(pixels_of(sample["url"]), expected.permute(1, 2, 0).numpy())
    assert drawn["source"] == augment_source(ops, (48, 48))


def test_one_image_over_epochs_keeps_its_place_in_the_training_list(dataset: Dataset) -> None:
    version = newest(dataset)
    image = version.images.filter(split="train").order_by("position")[7]
    wish = PreviewWish(operations=parse_ops(PRESETS["standard"]), image=image.id, size=32, epoch=2, count=4)
    samples = draw(version, wish)["samples"]
    assert [(sample["index"], sample["epoch"]) for sample in samples] == [(7, 2), (7, 3), (7, 4), (7, 5)]
    assert len({sample["url"] for sample in samples}) > 1
    assert len({sample["original"] for sample in samples}) == 1


def test_grey_previews_have_one_channel(dataset: Dataset) -> None:
    sample = draw(newest(dataset), PreviewWish(mode="L", size=20, count=1))["samples"][0]
    assert pixels_of(sample["url"]).shape == (20, 20)


@pytest.fixture
def worker(settings: Any, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Answers by a thread over the real Redis, where the broker would bring the message to a worker."""
    settings.REDIS_CLIENT_URL = redis_url
    asked: list[str] = []

    def bring(arguments: list[Any], **options: Any) -> None:
        asked.append(options["queue"])

        def work() -> None:
            try:
                answer_preview(*arguments)
            finally:
                connection.close()

        threading.Thread(target=work).start()

    monkeypatch.setattr(tasks.draw_preview, "apply_async", bring)
    return asked


@pytest.mark.django_db(transaction=True)
def test_the_api_asks_a_worker_and_returns_its_pictures(alice_api: Any, dataset: Dataset, worker: list[str]) -> None:
    wish = {"operations": PRESETS["light"], "size": 24, "count": 3, "seed": 5}
    answer = alice_api.post(f"{URL}/{dataset.id}/augment", wish)
    assert answer.status_code == 200, answer.json()
    body = answer.json()
    assert len(body["samples"]) == 3
    assert pixels_of(body["samples"][0]["url"]).shape == (24, 24, 3)
    assert "v2.RandomHorizontalFlip(p=0.5)" in body["source"]
    assert worker == ["infer"]


@pytest.mark.django_db(transaction=True)
def test_a_damaged_image_is_told_by_its_code(alice_api: Any, dataset: Dataset, worker: list[str]) -> None:
    version = newest(dataset)
    image = version.images.filter(split="train").order_by("position")[0]
    with open(f"{version.root}/{image.path}", "wb") as stream:
        stream.write(b"no picture any more")
    answer = alice_api.post(f"{URL}/{dataset.id}/augment", {"count": 1})
    assert (answer.status_code, answer.json()["code"]) == (400, "image.unknown_format")


@pytest.mark.parametrize(
    ("wish", "where"),
    [
        ({"operations": [{"op": "Nonsense"}]}, "operations.0"), ({"size": 4}, "size"), ({"size": 4096}, "size"),
        ({"count": 99}, "count"), ({"seed": -1}, "seed"), ({"mode": "CMYK"}, "mode"),
        ({"operations": "x"}, "operations"),
        ({"operations": [{"op": "RandomRotation", "degrees": 1e9}]}, "operations.0"),
    ],
)  # fmt: skip
def test_a_wrong_wish_is_named_before_anybody_works(
    wish: dict[str, Any], where: str, alice_api: Any, dataset: Dataset
) -> None:
    answer = alice_api.post(f"{URL}/{dataset.id}/augment", wish)
    assert answer.status_code == 400
    assert answer.json()["where"].startswith(where)


def test_an_image_of_somebody_else_is_not_drawn(alice_api: Any, dataset: Dataset) -> None:
    answer = alice_api.post(f"{URL}/{dataset.id}/augment", {"image": str(uuid4())})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_without_redis_the_answer_is_503_and_says_what_to_do(alice_api: Any, dataset: Dataset, settings: Any) -> None:
    settings.REDIS_CLIENT_URL = "unix:///nowhere/redis.sock"
    answer = alice_api.post(f"{URL}/{dataset.id}/augment", {})
    assert (answer.status_code, answer.json()["code"]) == (503, "broker.unavailable")
    assert answer.json()["hint"]


def test_a_silent_worker_is_not_waited_for_for_ever(
    alice_api: Any, dataset: Dataset, settings: Any, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.REDIS_CLIENT_URL = redis_url
    monkeypatch.setattr(previewing, "TIMEOUT_S", 0.2)
    monkeypatch.setattr(tasks.draw_preview, "apply_async", lambda *_, **__: None)
    answer = alice_api.post(f"{URL}/{dataset.id}/augment", {})
    assert (answer.status_code, answer.json()["code"]) == (503, "preview.unavailable")
