"""Facts of an image come from its header; only a doubtful end makes the decoder look."""

from __future__ import annotations

import hashlib
import os
import resource
import struct
import time
from pathlib import Path

import pytest

from ml_core.data import image_header
from ml_core.data.image_header import inspect_image
from ml_core.data.tests.pictures import animated_gif, encoded, flood_png, jpeg_with_orientation, picture
from ml_core.errors import FormatError, UnsafeFileError


def write(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.fixture
def never_decode(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a whole image was decoded")

    monkeypatch.setattr(image_header, "load_image", refuse)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "GIF", "WEBP"])
def test_a_whole_image_is_not_decoded(image_format: str, tmp_path: Path, never_decode: None) -> None:
    data = encoded(picture((40, 30)), image_format)
    facts = inspect_image(write(tmp_path, f"x.{image_format.lower()}", data))
    assert (facts.width, facts.height, facts.format, facts.orientation) == (40, 30, image_format, 1)
    assert (facts.size_bytes, facts.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert not facts.extension_differs


@pytest.mark.parametrize("orientation", [6, 8])
def test_sides_are_told_as_people_see_them(orientation: int, tmp_path: Path, never_decode: None) -> None:
    facts = inspect_image(write(tmp_path, "x.jpg", jpeg_with_orientation(orientation, (24, 16))))
    assert (facts.width, facts.height, facts.orientation) == (16, 24, orientation)


@pytest.mark.parametrize(("value", "kind"), [(0, 3), (65537, 4)])
def test_an_invalid_orientation_is_tolerated(value: int, kind: int, tmp_path: Path, never_decode: None) -> None:
    facts = inspect_image(write(tmp_path, "x.jpg", jpeg_with_orientation(value, kind=kind)))
    assert (facts.width, facts.orientation) == (24, 1)


def test_an_extension_that_lies_is_noted(tmp_path: Path) -> None:
    assert inspect_image(write(tmp_path, "x.jpg", encoded(picture()))).extension_differs


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_cut_image_is_found(image_format: str, share: float, tmp_path: Path) -> None:
    data = encoded(picture((200, 160)), image_format)
    with pytest.raises(FormatError) as caught:
        inspect_image(write(tmp_path, f"x.{image_format.lower()}", data[: int(len(data) * share)]))
    assert caught.value.code in {"image.truncated", "image.damaged", "image.unknown_format"}
    assert caught.value.where.startswith("x.")


def test_data_behind_the_end_of_a_jpeg_are_no_fault(tmp_path: Path, never_decode: None) -> None:
    inspect_image(write(tmp_path, "x.jpg", encoded(picture(), "JPEG") + b"camera" * 500))


def test_the_end_of_a_thumbnail_is_not_taken_for_the_end(tmp_path: Path) -> None:
    inner = encoded(picture((8, 8)), "JPEG")
    whole = encoded(picture((200, 160)), "JPEG", comment=inner)
    with pytest.raises(FormatError):
        inspect_image(write(tmp_path, "x.jpg", whole[: len(inner) + 900]))


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("x.gif", animated_gif(), "image.animated"),
        ("x.png", b"", "image.empty"),
        ("x.png", b"<html>", "image.unknown_format"),
        ("x.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image.unsupported"),
        ("x.heic", b"\0\0\0\x18ftypheic", "image.unsupported"),
        ("x.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image.unknown_format"),
    ],
)
def test_what_cannot_be_used_is_named(name: str, data: bytes, code: str, tmp_path: Path) -> None:
    with pytest.raises(FormatError) as caught:
        inspect_image(write(tmp_path, name, data))
    assert caught.value.code == code
    assert caught.value.hint


def test_a_pixel_flood_costs_nearly_no_memory(tmp_path: Path) -> None:
    path = write(tmp_path, "x.png", flood_png(50_000, 50_000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UnsafeFileError):
        inspect_image(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_links_and_pipes_are_not_opened(tmp_path: Path) -> None:
    write(tmp_path, "real.png", encoded(picture()))
    (tmp_path / "link.png").symlink_to(tmp_path / "real.png")
    os.mkfifo(tmp_path / "pipe.png")
    for name in ("link.png", "pipe.png", "gone.png"):
        with pytest.raises(FormatError):
            inspect_image(tmp_path / name)


def test_a_large_file_is_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(picture((64, 64)))
    path = write(tmp_path, "x.png", data)
    small = inspect_image(path)
    monkeypatch.setattr(image_header, "_WHOLE_BYTES", 10)
    assert inspect_image(path) == small


def many_pages(count: int) -> bytes:
    """A TIFF of one pixel a page, written by hand: Pillow would take minutes for so many."""
    entries = ((256, 3, 1), (257, 3, 1), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 0), (278, 3, 1), (279, 4, 1))
    page = struct.pack("<H", len(entries)) + b"".join(
        struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries
    )
    size = len(page) + 4
    pages = (page + struct.pack("<I", 8 + size * (n + 1) if n + 1 < count else 0) for n in range(count))
    return b"II*\0" + struct.pack("<I", 8) + b"".join(pages)


def test_the_pages_of_a_tiff_are_not_counted(tmp_path: Path) -> None:
    path = write(tmp_path, "x.tif", many_pages(60_000))
    before = time.process_time()
    with pytest.raises(FormatError) as caught:
        inspect_image(path)
    assert caught.value.code == "image.animated"
    assert time.process_time() - before < 1  # counting them took minutes, more than twice as long for twice as many


@pytest.mark.parametrize("target", ["whole", "large"])
def test_a_link_is_never_followed(target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also not for a large file that turns into a link between the first look and the second."""
    secret = write(tmp_path, "secret.png", encoded(picture()))
    path = tmp_path / "x.png"
    if target == "whole":
        path.symlink_to(secret)
        with pytest.raises(FormatError, match="cannot be opened"):
            inspect_image(path)
        return
    write(tmp_path, "x.png", encoded(picture((8, 8))))
    monkeypatch.setattr(image_header, "_WHOLE_BYTES", 0)
    fstat = os.fstat

    def swap(descriptor: int) -> os.stat_result:
        status = fstat(descriptor)
        path.unlink()
        path.symlink_to(secret)
        return status

    monkeypatch.setattr(image_header.os, "fstat", swap)
    assert inspect_image(path).width == 8
