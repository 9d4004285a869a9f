"""An import is honest: what comes in goes out as an image or as a named reject."""

from __future__ import annotations

import csv
import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ml_core.data.import_images import ImportOrder, import_images
from ml_core.data.manifest import Item, read_items, read_version, safe_cell
from ml_core.data.tests.pictures import animated_gif, encoded, flood_png, image_folder, picture, write_image
from ml_core.errors import FormatError, UnsafeFileError


class Listener:
    """Takes what an import tells; optionally cancels at a stage."""

    def __init__(self, cancel_at: str = "") -> None:
        self.lines: list[str] = []
        self.stages: list[str] = []
        self.cancel_at = cancel_at

    def log(self, message: str, level: Any = "info") -> None:
        self.lines.append(f"{level}: {message}")

    def progress(self, done: float, total: float | None, unit: str = "items", stage: str = "") -> None:
        self.stages.append(stage)

    def raise_if_requested(self) -> None:
        if self.cancel_at and self.cancel_at in self.stages:
            raise Cancelled


class Cancelled(Exception):
    """The user pressed the button."""


def run_import(source: Path, folder: Path, **changes: Any) -> tuple[dict[str, Any], list[Item]]:
    order = ImportOrder(source=source, images=folder / "images", version=folder / "v1")
    version = import_images(replace(order, **changes), Listener())
    return version, list(read_items(folder / "v1"))


def read_rejects(folder: Path) -> dict[str, tuple[str, str]]:
    with (folder / "v1" / "rejects.csv").open(newline="", encoding="utf-8") as stream:
        return {row["path"]: (row["reason"], row["cure"]) for row in csv.DictReader(stream)}


def zipped(source: Path, target: Path) -> Path:
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(source.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(source).as_posix())
    return target


def test_a_folder_becomes_a_version(tmp_path: Path) -> None:
    source = image_folder(tmp_path / "in", {"b": 10, "a": 20})
    version, items = run_import(source, tmp_path)
    assert version["classes"] == ["a", "b"]
    assert version["counts"]["images"] == version["counts"]["files"] == len(items) == 30
    assert [item.path for item in items] == sorted(item.path for item in items)
    assert version["counts"]["classes"][0] == {"train": 14, "val": 3, "test": 3}
    assert version == read_version(tmp_path / "v1")
    written = sorted(path.name for path in (tmp_path / "v1").iterdir())
    assert written == ["items.jsonl", "readings.json", "rejects.csv", "version.json"]
    assert set(json.loads((tmp_path / "v1" / "items.jsonl").read_text().splitlines()[0])) == set(Item.__slots__)


def test_an_archive_gives_the_same_version_as_its_folder(tmp_path: Path) -> None:
    source = image_folder(tmp_path / "in", {"a": 6, "b": 6})
    archive = zipped(source, tmp_path / "in.zip")
    one, _ = run_import(source, tmp_path / "one")
    two, _ = run_import(archive, tmp_path / "two")
    assert one["fingerprint"] == two["fingerprint"]
    assert (tmp_path / "two" / "images" / "a" / "000.png").is_file()


def test_the_fingerprint_follows_content_split_and_class(tmp_path: Path) -> None:
    source = image_folder(tmp_path / "in", {"a": 6, "b": 6})
    base = run_import(source, tmp_path / "0")[0]["fingerprint"]
    assert run_import(source, tmp_path / "1")[0]["fingerprint"] == base
    assert run_import(source, tmp_path / "2", seed=1)[0]["fingerprint"] != base
    (source / "a").rename(source / "c")
    assert run_import(source, tmp_path / "3")[0]["fingerprint"] != base
    (source / "c").rename(source / "a")
    write_image(source / "a" / "000.png", seed=99)
    assert run_import(source, tmp_path / "4")[0]["fingerprint"] != base


def spoil(source: Path) -> dict[str, str]:
    """Put one of each kind of unusable file into class a; path to a word of the reason."""
    folder = source / "a"
    cut = encoded(picture((64, 64)), "JPEG")
    for name, data in {
        "cut.jpg": cut[: len(cut) // 2], "flood.png": flood_png(50_000, 50_000), "film.gif": animated_gif(),
        "empty.png": b"", "text.png": b"hello", "drawing.svg": b"<svg/>", "=cmd|' C calc'!A0.png": b"hello",
        "bell\x07\n<script>.png": b"hello", "notes.txt": b"a note",
    }.items():  # fmt: skip
        (folder / name).write_bytes(data)
    (folder / "link.png").symlink_to("/etc/hostname")
    (folder / "inner.zip").write_bytes(b"PK")
    os.mkfifo(folder / "pipe.png")
    (source / "loose.png").write_bytes(encoded(picture()))
    return {
        "a/cut.jpg": "cut short", "a/flood.png": "more than", "a/film.gif": "animation", "a/empty.png": "empty",
        "a/text.png": "not an image", "a/drawing.svg": "not taken", "'=": "", "a/notes.txt": "not an image file",
        "a/link.png": "link", "a/inner.zip": "not an image file", "a/pipe.png": "device",
        "loose.png": "no class folder",
    }  # fmt: skip


def test_every_file_is_an_image_or_a_named_reject(tmp_path: Path) -> None:
    source = image_folder(tmp_path / "in", {"a": 5, "b": 5})
    expected = spoil(source)
    version, items = run_import(source, tmp_path, accept_rejects=True)
    counts = version["counts"]
    rejects = read_rejects(tmp_path)
    on_disk = sum(len(files) for _, _, files in os.walk(source))
    assert counts["files"] == on_disk
    assert counts["images"] + counts["rejected"] + counts["other_files"] == counts["files"]
    assert counts["images"] == len(items) == 10
    assert counts["rejected"] + counts["other_files"] == len(rejects)
    assert counts["other_files"] == 2
    for path, word in expected.items():
        if path in rejects:
            assert word in rejects[path][0]
        assert path.startswith("'") or path in rejects
    assert all(reason.endswith(".") and cure.endswith(".") for reason, cure in rejects.values())


def test_many_rejects_need_a_yes_and_leave_no_version(tmp_path: Path) -> None:
    source = image_folder(tmp_path / "in", {"a": 5, "b": 5})
    (source / "a" / "bad.png").write_bytes(b"hello")
    copy = tmp_path / "rejects.csv"
    with pytest.raises(FormatError) as caught:
        import_images(ImportOrder(source, tmp_path / "images", tmp_path / "v1"), Listener(), rejects_copy=copy)
    assert caught.value.code == "import.rejects"
    assert "1 of 11" in caught.value.message
    assert "accept" in caught.value.hint
    assert "a/bad.png" in copy.read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "rejects.csv"]
    assert run_import(source, tmp_path, accept_rejects=True)[0]["counts"]["rejected"] == 1


def test_few_rejects_and_files_beside_the_images_need_none(tmp_path: Path) -> None:
    source = image_folder(tmp_path / "in", {"a": 15, "b": 15})
    (source / "a" / "bad.png").write_bytes(b"hello")
    for name in ("README.md", "labels.csv", "LICENSE"):
        (source / name).write_text("about")
    counts = run_import(source, tmp_path)[0]["counts"]
    assert (counts["images"], counts["rejected"], counts["other_files"]) == (30, 1, 3)


def test_nothing_usable_is_an_error_even_when_rejects_are_accepted(tmp_path: Path) -> None:
    (tmp_path / "in" / "a").mkdir(parents=True)
    (tmp_path / "in" / "a" / "bad.png").write_bytes(b"hello")
    with pytest.raises(FormatError) as caught:
        run_import(tmp_path / "in", tmp_path, accept_rejects=True)
    assert caught.value.code == "import.nothing_left"


def test_one_image_is_a_version_with_words_about_it(tmp_path: Path) -> None:
    version, items = run_import(image_folder(tmp_path / "in", {"a": 1}), tmp_path)
    assert [item.split for item in items] == ["train"]
    assert "The split val is empty." in version["warnings"]
    assert any("only one class" in warning for warning in version["warnings"])


def test_given_splits_are_kept_and_missing_ones_are_dealt(tmp_path: Path) -> None:
    source = image_folder(tmp_path / "in", {"a": 20, "b": 20}, split="train")
    image_folder(source, {"a": 4, "b": 4}, split="test")
    counts = run_import(source, tmp_path)[0]["counts"]["splits"]
    assert counts == {"train": 34, "val": 6, "test": 8}
    image_folder(source, {"a": 5, "b": 5}, split="valid")
    assert run_import(source, tmp_path / "2")[0]["counts"]["splits"] == {"train": 40, "val": 10, "test": 8}
    dealt = run_import(source, tmp_path / "3", use_given_splits=False)[0]["counts"]["splits"]
    assert dealt == {"train": 42, "val": 8, "test": 8}


def test_equal_files_share_a_split_and_are_told(tmp_path: Path) -> None:
    source = image_folder(tmp_path / "in", {"a": 30, "b": 30})
    for number in range(30):
        (source / "a" / f"copy{number}.png").write_bytes((source / "a" / f"{number:03d}.png").read_bytes())
    (source / "b" / "twin.png").write_bytes((source / "a" / "000.png").read_bytes())
    version, items = run_import(source, tmp_path)
    split_of: dict[str, set[str]] = {}
    for item in items:
        split_of.setdefault(item.sha256, set()).add(item.split)
    assert all(len(splits) == 1 for splits in split_of.values())
    assert "Exact copies of other images: 31." in version["warnings"]
    assert "Images in another class than an equal file: 1." in version["warnings"]


def test_a_leak_between_given_splits_is_told(tmp_path: Path) -> None:
    source = image_folder(tmp_path / "in", {"a": 4, "b": 4}, split="train")
    image_folder(source, {"a": 2, "b": 2}, split="val")
    (source / "val" / "a" / "leak.png").write_bytes((source / "train" / "a" / "000.png").read_bytes())
    assert any("makes the evaluation too good: 1." in line for line in run_import(source, tmp_path)[0]["warnings"])


def test_hostile_names_are_plain_names(tmp_path: Path) -> None:
    source = image_folder(tmp_path / "in", {"<script>alert(1)": 4, "new\nline": 4, "=1+1": 4, "猫": 4})
    version, items = run_import(source, tmp_path)
    assert set(version["classes"]) == {"<script>alert(1)", "new\nline", "=1+1", "猫"}
    assert all((source / item.path).is_file() for item in items)


def test_a_name_that_is_no_utf8_is_rejected(tmp_path: Path) -> None:
    source = image_folder(tmp_path / "in", {"a": 30})
    (Path(os.fsdecode(os.fsencode(source / "a") + b"/\xff.png"))).write_bytes(encoded(picture()))
    run_import(source, tmp_path)
    assert read_rejects(tmp_path)["a/\\udcff.png"][0] == "Its name is not valid UTF-8."


@pytest.mark.parametrize("stage", ["unpack", "recognise", "scan"])
def test_cancelling_leaves_no_half_version(stage: str, tmp_path: Path) -> None:
    archive = zipped(image_folder(tmp_path / "in", {"a": 70, "b": 70}), tmp_path / "in.zip")
    order = ImportOrder(archive, tmp_path / "images", tmp_path / "v1")
    listener = Listener(cancel_at=stage)
    if stage == "unpack":  # files this small end before the first report
        listener.stages.append("unpack")
    with pytest.raises(Cancelled):
        import_images(order, listener)
    assert not (tmp_path / "v1").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    assert import_images(order, Listener())["counts"]["images"] == 140


def test_an_import_done_before_is_returned_and_not_done_again(tmp_path: Path) -> None:
    source = image_folder(tmp_path / "in", {"a": 3, "b": 3})
    first, _ = run_import(source, tmp_path)
    write_image(source / "a" / "new.png")
    assert run_import(source, tmp_path)[0] == first


def test_a_hostile_archive_makes_no_version(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr("../evil.png", encoded(picture()))
    with pytest.raises(UnsafeFileError):
        run_import(tmp_path / "in.zip", tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.zip"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert safe_cell(text) == "'" + text
    assert safe_cell("a" + text) == "a" + text


def damage(kind: str, folder: Path) -> None:
    changes: dict[str, Callable[[], Any]] = {
        "no version": lambda: (folder / "version.json").unlink(),
        "no json": lambda: (folder / "version.json").write_text("{"),
        "other format": lambda: (folder / "version.json").write_text('{"format": 99}'),
    }
    changes[kind]()


@pytest.mark.parametrize("kind", ["no version", "no json", "other format"])
def test_a_damaged_version_is_a_typed_error(kind: str, tmp_path: Path) -> None:
    run_import(image_folder(tmp_path / "in", {"a": 3, "b": 3}), tmp_path)
    damage(kind, tmp_path / "v1")
    with pytest.raises(FormatError, match="version"):
        read_version(tmp_path / "v1")


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    run_import(image_folder(tmp_path / "in", {"a": 3, "b": 3}), tmp_path)
    path = tmp_path / "v1" / "items.jsonl"
    path.write_text(path.read_text() + '{"path": "x"}\n')
    with pytest.raises(FormatError) as caught:
        list(read_items(tmp_path / "v1"))
    assert caught.value.where == "items.jsonl:7"


def test_real_pictures_with_odd_properties(shared_data: Path, tmp_path: Path) -> None:
    for path in sorted((shared_data / "cv" / "odd_images").iterdir()):
        target = tmp_path / "in" / ("b" if "exif" in path.name else "a") / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    version, items = run_import(tmp_path / "in", tmp_path, accept_rejects=True)
    assert version["rejects"] == {"The image is cut short: its last part is missing.": 1}
    assert {item.mode for item in items} == {"RGB", "L", "CMYK"}
    assert {(item.width, item.height) for item in items if "exif" in item.path} == {(1800, 1200)}
