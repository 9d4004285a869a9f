"""What a folder means is told with evidence, and doubt is told as doubt."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_core.data.formats.base import CERTAIN, Labelled, choose, get_format, recognise
from ml_core.data.names import natural_key
from ml_core.data.tests.pictures import image_folder, write_image
from ml_core.data.tree import read_tree, walk_files
from ml_core.errors import FormatError


def test_flat_class_folders_in_natural_order(tmp_path: Path) -> None:
    image_folder(tmp_path, {"class10": 1, "class2": 2, "Class1": 1})
    best = recognise(tmp_path)[0]
    assert best.classes == ("Class1", "class2", "class10")
    assert best.splits == {}
    assert best.score >= CERTAIN
    assert "3 class folders with 4 images." in best.evidence


@pytest.mark.parametrize("names", [("train", "val", "test"), ("Training", "VALID", "Testing")])
def test_splits_by_any_usual_name(names: tuple[str, str, str], tmp_path: Path) -> None:
    for name in names:
        image_folder(tmp_path, {"a": 2, "b": 2}, split=name)
    best = recognise(tmp_path)[0]
    assert best.splits == {"train": (names[0],), "val": (names[1],), "test": (names[2],)}
    label = get_format("classification").label
    assert label(best, f"{names[1]}/b/000.png") == Labelled(1, "val")
    assert isinstance(label(best, f"{names[1]}/loose.png"), str)
    assert isinstance(label(best, "loose.png"), str)


def test_one_wrapper_folder_deeper(tmp_path: Path) -> None:
    image_folder(tmp_path / "my data", {"a": 2, "b": 2}, split="train")
    write_image(tmp_path / "my data" / "val" / "a" / "1.png")
    best = recognise(tmp_path)[0]
    assert best.root == "my data"
    assert best.classes == ("a", "b")
    assert 'The class "b" has no images in "val".' in best.warnings


def test_an_empty_class_folder_is_left_out_with_a_word(tmp_path: Path) -> None:
    image_folder(tmp_path, {"a": 2, "b": 2, "empty": 0})
    best = choose(read_tree(tmp_path))
    assert best.classes == ("a", "b")
    assert 'The class folder "empty" is empty and was left out.' in best.warnings


def test_one_image_is_enough_to_be_recognised_with_a_warning(tmp_path: Path) -> None:
    image_folder(tmp_path, {"a": 1})
    best = choose(read_tree(tmp_path))
    assert best.classes == ("a",)
    assert any("only one class" in warning for warning in best.warnings)


def test_no_image_is_told_with_the_layout_that_is_expected(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("nothing")
    with pytest.raises(FormatError) as caught:
        choose(read_tree(tmp_path))
    assert caught.value.code == "format.no_images"
    assert "sub-folder per class" in caught.value.hint


@pytest.mark.parametrize(
    "paths",
    [
        ["1.png", "2.png"],
        ["images/1.png", "labels/1.txt"],
        ["train/images/1.png", "train/labels/1.txt", "val/images/2.png"],
        ["images/train/1.png", "images/val/2.png", "labels/train/1.txt"],
        ["train/1.png", "val/2.png"],
        ["images/train2017/1.png", "images/val2017/2.png", "annotations/instances.json"],
        ["JPEGImages/1.png", "Annotations/1.xml"],
        ["project/photos/cats/1.png", "project/more/dogs/2.png", "other/deep/birds/3.png"],
    ],
)
def test_other_layouts_are_not_taken_for_classes(paths: list[str], tmp_path: Path) -> None:
    for path in paths:
        write_image(tmp_path / path)
    with pytest.raises(FormatError) as caught:
        choose(read_tree(tmp_path))
    assert caught.value.code == "format.unrecognised"


def test_a_person_may_overrule_the_doubt(tmp_path: Path) -> None:
    write_image(tmp_path / "images" / "1.png")
    assert choose(read_tree(tmp_path), "classification").classes == ("images",)
    with pytest.raises(FormatError, match="no data set format"):
        choose(read_tree(tmp_path), "nonsense")


def test_files_are_walked_in_the_order_of_their_paths_without_junk(tmp_path: Path) -> None:
    names = ["a/x.png", "a-b/x.png", "a.b/x.png", "B/x.png", "a/b/x.png", "z.png", "a/.hidden.png", "__MACOSX/x.png"]
    for name in names:
        write_image(tmp_path / name)
    walked = list(walk_files(tmp_path))
    assert walked == sorted(walked)
    assert set(walked) == set(names[:6])


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    image_folder(tmp_path / "data", {"a": 1})
    (tmp_path / "data" / "loop").symlink_to(tmp_path)
    assert list(walk_files(tmp_path / "data")) == ["a/000.png", "loop"]


def test_natural_order_survives_absurd_numbers() -> None:
    names = ["b", "a10", "a9", "A1", "9" * 10_000, "", "²", "a"]
    assert sorted(names, key=natural_key)[0] == ""
    assert sorted(["img12", "img2", "Img1"], key=natural_key) == ["Img1", "img2", "img12"]


def test_the_real_set_of_ants_and_bees(shared_data: Path) -> None:
    best = recognise(shared_data / "cv" / "classification" / "hymenoptera")[0]
    assert (best.classes, set(best.splits)) == (("ants", "bees"), {"train", "val"})
