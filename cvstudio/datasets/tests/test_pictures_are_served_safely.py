"""Pictures leave the server as pictures: fixed type, cached privately, small, and never from another place."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from cvstudio.datasets.models import Dataset, DatasetImage
from cvstudio.datasets.services import make_thumbnail
from cvstudio.datasets.services.make_thumbnail import SIZES
from cvstudio.datasets.tests.carry_out import image_folder, newest, ready_dataset
from ml_core.data.tests.pictures import encoded, flood_png, jpeg_with_orientation, picture


def url(dataset: Dataset, image: DatasetImage, what: str) -> str:
    return f"/api/v1/datasets/{dataset.id}/images/{image.id}/{what}"


def image_at(dataset: Dataset, path: str) -> DatasetImage:
    return newest(dataset).images.get(path__endswith=path)


def content_of(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


@pytest.fixture
def mixed(alice: Any, root: Path) -> Dataset:
    """Pictures of several formats and sizes."""
    folder = image_folder(root / "mixed", {"a": 2, "b": 2})
    (folder / "a" / "large.jpg").write_bytes(encoded(picture((2000, 1500)), "JPEG"))
    (folder / "a" / "turned.jpg").write_bytes(jpeg_with_orientation(6, (400, 200)))
    (folder / "a" / "cmyk.jpg").write_bytes(encoded(picture((300, 300), "CMYK"), "JPEG"))
    (folder / "a" / "clear.png").write_bytes(encoded(Image.new("RGBA", (400, 400), (0, 0, 0, 0))))
    (folder / "b" / "bits.tif").write_bytes(encoded(picture((64, 64)), "TIFF"))
    (folder / "b" / "<img src=x onerror=alert(1)>\n.png").write_bytes(encoded(picture(seed=77)))
    return ready_dataset(alice, folder)


@pytest.mark.parametrize("size", SIZES)
def test_thumbnails_are_small_upright_and_plain(size: int, alice_api: Any, mixed: Dataset) -> None:
    expected = {"large.jpg": (4, 3), "turned.jpg": (1, 2), "cmyk.jpg": (1, 1), "clear.png": (1, 1), "bits.tif": (1, 1)}
    for name, (across, down) in expected.items():
        answer = alice_api.get(url(mixed, image_at(mixed, name), "thumbnail"), {"size": size})
        assert answer.status_code == 200
        assert answer["Content-Type"] in ("image/jpeg", "image/png")
        drawn = Image.open(io.BytesIO(answer.content))
        assert drawn.mode == "RGB"
        assert max(drawn.size) <= size
        assert abs(drawn.width * down - drawn.height * across) <= 4
    clear = alice_api.get(url(mixed, image_at(mixed, "clear.png"), "thumbnail"))
    assert Image.open(io.BytesIO(clear.content)).getpixel((5, 5)) == (255, 255, 255)


def test_a_tiny_picture_is_not_changed(alice_api: Any, mixed: Dataset) -> None:
    image = image_at(mixed, "a/000.png")
    answer = alice_api.get(url(mixed, image, "thumbnail"))
    assert Image.open(io.BytesIO(answer.content)).tobytes() == picture(seed=0).tobytes()


def test_pictures_carry_safe_headers_and_are_not_sent_twice(alice_api: Any, mixed: Dataset) -> None:
    for what in ("thumbnail", "file"):
        address = url(mixed, image_at(mixed, "large.jpg"), what)
        answer = alice_api.get(address)
        assert answer["Content-Type"] == "image/jpeg"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Cache-Control"].startswith("private")
        assert "sandbox" in answer["Content-Security-Policy"]
        assert alice_api.get(address, headers={"If-None-Match": answer["ETag"]}).status_code == 304
        assert alice_api.get(address, headers={"If-None-Match": '"other"'}).status_code == 200
        content_of(answer)


def test_the_original_is_the_very_file(alice_api: Any, mixed: Dataset) -> None:
    for name, kind in {"large.jpg": "image/jpeg", "clear.png": "image/png", "bits.tif": "image/tiff"}.items():
        answer = alice_api.get(url(mixed, image_at(mixed, name), "file"))
        assert answer["Content-Type"] == kind
        assert content_of(answer) == next(Path(mixed.root).rglob(name)).read_bytes()


def test_a_hostile_name_stays_a_name(alice_api: Any, mixed: Dataset) -> None:
    image = newest(mixed).images.get(path__contains="<img")
    answer = alice_api.get(url(mixed, image, "file"))
    assert answer.status_code == 200
    assert "\n" not in answer["Content-Disposition"]
    assert content_of(answer)
    assert alice_api.get(url(mixed, image, "thumbnail")).status_code == 200


def test_thumbnails_are_made_once_and_kept(alice_api: Any, mixed: Dataset, settings: Any, monkeypatch: Any) -> None:
    image = image_at(mixed, "large.jpg")
    first = alice_api.get(url(mixed, image, "thumbnail")).content
    kept = [path for path in Path(settings.THUMBNAILS_DIR).rglob("*") if path.is_file()]
    assert len(kept) == 1

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("decoded again")

    monkeypatch.setattr(make_thumbnail, "load_image", refuse)
    assert alice_api.get(url(mixed, image, "thumbnail")).content == first


@pytest.mark.parametrize("size", ["0", "99999", "x", "-1"])
def test_only_the_listed_sizes_are_made(size: str, alice_api: Any, mixed: Dataset) -> None:
    assert alice_api.get(url(mixed, image_at(mixed, "large.jpg"), "thumbnail"), {"size": size}).status_code == 400


def test_a_file_that_became_a_link_is_not_followed(alice_api: Any, mixed: Dataset, tmp_path: Path) -> None:
    image = image_at(mixed, "a/000.png")
    secret = tmp_path / "secret.png"
    secret.write_bytes(encoded(picture(seed=5)))
    path = Path(mixed.root) / image.path
    path.unlink()
    path.symlink_to(secret)
    for what in ("file", "thumbnail"):
        answer = alice_api.get(url(mixed, image, what))
        assert (answer.status_code, answer.json()["code"]) == (404, "image.missing")


def test_a_file_that_is_gone_or_spoilt_is_told(alice_api: Any, mixed: Dataset) -> None:
    gone, spoilt, flood = (image_at(mixed, name) for name in ("a/000.png", "a/001.png", "b/000.png"))
    (Path(mixed.root) / gone.path).unlink()
    (Path(mixed.root) / spoilt.path).write_bytes(b"no picture any more")
    (Path(mixed.root) / flood.path).write_bytes(flood_png(50_000, 50_000))
    assert alice_api.get(url(mixed, gone, "thumbnail")).status_code == 404
    for image, code in ((spoilt, "image.unknown_format"), (flood, "image.too_large")):
        answer = alice_api.get(url(mixed, image, "thumbnail"))
        assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_a_page_sees_pictures_by_its_session(alice: Any, mixed: Dataset) -> None:
    client = Client()
    client.force_login(alice)
    assert client.get(url(mixed, image_at(mixed, "large.jpg"), "thumbnail")).status_code == 200
