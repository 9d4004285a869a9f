"""YOLO in the layouts of Ultralytics, Roboflow and darknet: what is there is taken, what is wrong is named."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from ml_core.data.annotations.builder import DERIVED, POLYGONS
from ml_core.data.annotations.table import EMPTY, LABELLED, NOT_NAMED
from ml_core.data.file_index import FileIndex
from ml_core.data.readers.base import recognise_labels
from ml_core.data.readers.yolo_rows import looks_like_rows, parse_rows
from ml_core.data.tests.label_sets import files, images, take, yolo_set


def test_ultralytics_with_boxes_and_a_polygon(tmp_path: Path) -> None:
    taken = take(yolo_set(tmp_path / "in"), tmp_path)
    taken.assert_counts()
    assert taken.version["classes"] == ["cat", "dog"]
    assert taken.counts["splits"] == {"train": 4, "val": 4, "test": 0}
    assert taken.boxes("images/train/0.jpg") == [[40, 15, 60, 35], [0, 0, 50, 50]]
    row = taken.rows("images/train/1.jpg")[0]
    assert (taken.table.kind[row], taken.table.flags[row]) == (POLYGONS, DERIVED)
    assert np.allclose(taken.table.polygons(row, 100, 50)[0], [[10, 5], [90, 5], [90, 45], [10, 45]])
    assert taken.table.image_state[:4].tolist() == [LABELLED, LABELLED, EMPTY, NOT_NAMED]
    assert {item.label for item in taken.items} == {-1}
    assert taken.counts["annotations"]["kept"] == 8
    assert taken.counts["classes"] == [{"train": 2, "val": 1, "test": 0}, {"train": 2, "val": 3, "test": 0}]
    assert taken.finding("images_without_labels")["positions"] == [3]  # type: ignore[index]


def test_roboflow_with_paths_that_lead_nowhere(tmp_path: Path) -> None:
    images(tmp_path / "in", "train/images/-a b.jpg", "valid/images/c.jpg")
    files(tmp_path / "in", {
        "data.yaml": "train: ../train/images\nval: ../nowhere/images\nnc: 2\nnames: ['x']\n",
        "train/labels/-a b.txt": "0 0.5 0.5 1 1\n", "valid/labels/c.txt": "3 0.5 0.5 1 1\n",
    })  # fmt: skip
    taken = take(tmp_path / "in", tmp_path)
    assert taken.counts["splits"] == {"train": 1, "val": 1, "test": 0}
    assert (
        '"data.yaml" says val: ../nowhere/images, and there is no such folder of images.' in taken.version["warnings"]
    )
    assert '"data.yaml" says nc: 2, but names 1.' in taken.version["warnings"]
    assert taken.table.label.tolist() == [0, -1]
    assert taken.table.category.tolist() == [0, 3]
    assert taken.finding("unnamed_classes")["annotations"] == [1]  # type: ignore[index]


def test_darknet_with_lists_and_names_beside_the_images(tmp_path: Path) -> None:
    images(tmp_path / "in", "obj_train_data/a.jpg", "obj_train_data/b.jpg")
    files(tmp_path / "in", {
        "obj.data": "classes = 2\ntrain = data/train.txt\nvalid = data/valid.txt\nnames = data/obj.names\n",
        "obj.names": "cat\ndog\n\n", "train.txt": "data/obj_train_data/a.jpg\ndata/obj_train_data/gone.jpg\n",
        "valid.txt": "data/obj_train_data/b.jpg\n",
        "obj_train_data/a.txt": "1 0.5 0.5 0.5 0.5\n", "obj_train_data/b.txt": "0 0.5 0.5 0.5 0.5\n",
    })  # fmt: skip
    taken = take(tmp_path / "in", tmp_path)
    taken.assert_counts()
    assert taken.version["classes"] == ["cat", "dog"]
    assert [item.split for item in taken.items] == ["train", "val"]
    assert taken.table.label.tolist() == [1, 0]
    assert any("lists 1 image that is not there" in line for line in taken.version["warnings"])


def test_labels_beside_images_without_any_description(tmp_path: Path) -> None:
    images(tmp_path / "in", "a.jpg", "b.jpg")
    files(tmp_path / "in", {"a.txt": "5 0.5 0.5 0.5 0.5\n", "b.txt": "2 0.5 0.5 0.5 0.5\n", "README.txt": "hello"})
    taken = take(tmp_path / "in", tmp_path)
    assert taken.version["classes"] == ["class 2", "class 5"]
    assert taken.table.label.tolist() == [1, 0]
    assert taken.counts["other_files"] == 1
    taken.assert_counts()


def test_every_row_and_file_comes_out_or_is_named(tmp_path: Path) -> None:
    root = yolo_set(tmp_path / "in")
    files(root, {
        "labels/train/3.txt": "0 0.5 0.5 0.2\nx 1 2 3 4\n0 nan 0.5 0.1 0.1\n-1 0.5 0.5 0.1 0.1\n0.5 0.5 0.5 0.1 0.1\n"
        "0 0.5 0.5 0.1 0.1\n0 0.5 0.5 0.1 0.1 0.87\n",
        "labels/train/gone.txt": "0 0.5 0.5 0.2 0.2\n1 0.5 0.5 0.2 0.2\n", "notes.md": "hello",
    })  # fmt: skip
    (root / "images" / "train" / "1.jpg").write_bytes(b"no image")
    (root / "images" / "train" / "2.png").write_bytes((root / "images" / "train" / "2.jpg").read_bytes())
    images(root, "loose.jpg")
    taken = take(root, tmp_path)
    taken.assert_counts()
    assert {name for name in taken.rejects if ":" in name} == {f"labels/train/3.txt:{line}" for line in range(1, 6)}
    assert taken.rejects["labels/train/gone.txt"]["annotations"] == "2"
    assert taken.rejects["images/train/1.jpg"]["annotations"] == "2"
    assert "same name" in taken.rejects["images/train/2.png"]["reason"]
    assert "outside" in taken.rejects["loose.jpg"]["reason"]
    row = taken.rows("images/train/3.jpg")[-1]
    assert taken.table.attributes[taken.table.attribute[row]] == {"confidence": 0.87}


def test_the_upload_is_left_as_it_is(tmp_path: Path) -> None:
    root = yolo_set(tmp_path / "in")
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in root.rglob("*") if path.is_file()}
    take(root, tmp_path)
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in root.rglob("*") if path.is_file()} == before


def test_several_kinds_of_labels_are_several_readings(tmp_path: Path) -> None:
    root = yolo_set(tmp_path / "in")
    files(root, {"labels_segment/train/0.txt": "0 0.1 0.1 0.2 0.1 0.2 0.2\n"})
    found = recognise_labels(FileIndex(root))
    assert [entry.labels for entry in found] == [("labels",), ("labels_segment",)]
    taken = take(root, tmp_path, labels="labels_segment")
    assert len(taken.table) == 1
    taken.assert_counts()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    root = yolo_set(tmp_path / "in")
    (root / "labels" / "val" / "0.txt").unlink()
    (root / "labels" / "val" / "0.txt").symlink_to("/etc/hostname")
    taken = take(root, tmp_path)
    assert "link" in taken.rejects["labels/val/0.txt"]["reason"]
    assert len(taken.rows("images/val/0.jpg")) == 0


def test_pipes_are_not_waited_for(tmp_path: Path) -> None:
    root = yolo_set(tmp_path / "in")
    for name in ("data.yaml", "labels/val/0.txt"):
        (root / name).unlink()
        os.mkfifo(root / name)
    for name in ("a.json", "b.xml", "c.data", "train.txt", "x.names"):
        os.mkfifo(root / name)
    taken = take(root, tmp_path)
    taken.assert_counts()
    assert "labels/val/0.txt" in taken.rejects


def test_aliases_and_huge_descriptions_are_not_read(tmp_path: Path) -> None:
    root = yolo_set(tmp_path / "in")
    (root / "data.yaml").write_text("a: &a [x]\nnames: [*a, *a]\ntrain: images/train\n")
    taken = take(root, tmp_path / "1")
    assert taken.version["classes"] == ["class 0", "class 1"]
    assert '"data.yaml" was not used: YAML aliases are not allowed.' in taken.version["warnings"]
    (root / "data.yaml").write_text("names: [x, y]\n" + "#" * (1 << 20))
    assert take(root, tmp_path / "2").version["classes"] == ["class 0", "class 1"]


def test_a_folder_for_several_splits_decides_none(tmp_path: Path) -> None:
    root = images(tmp_path / "in", *(f"images/{number}.jpg" for number in range(20)))
    files(root, {f"labels/{number}.txt": "0 0.5 0.5 0.1 0.1" for number in range(20)})
    files(root, {"d.yaml": "train: images\nval: images\nnames: [x]\n"})
    taken = take(root, tmp_path)
    assert taken.counts["splits"] == {"train": 14, "val": 3, "test": 3}
    assert any("for several splits" in line for line in taken.version["warnings"])


def test_keys_of_names_are_numbers_even_as_text(tmp_path: Path) -> None:
    root = yolo_set(tmp_path / "in")
    names = "\n".join(f"  '{number}': n{number}" for number in (10, 2, 0, 1))
    (root / "data.yaml").write_text(f"train: images/train\nval: images/val\nnames:\n{names}\n")
    assert take(root, tmp_path).version["classes"] == ["n0", "n1", "n2", "n10"]


@pytest.mark.parametrize(
    ("text", "answer"),
    [("0 0.5 0.5 1 1\n", True), ("", True), ("3 " + "0.1 0.2 " * 2000, True), ("hello world\n", False),
     ("1 2\n", False), ("684,8,273,116,0,0,0,0\n", False)],
)  # fmt: skip
def test_rows_are_known_by_their_look(text: str, answer: bool) -> None:
    assert looks_like_rows(text) is answer


def test_keypoints_follow_a_box_where_the_description_says_so() -> None:
    text = "0 0.5 0.5 0.2 0.2 " + "0.1 0.2 2 " * 3
    rows = parse_rows(text, "a.txt", 9)
    assert rows.annotations[0].box == [0.5, 0.5, 0.2, 0.2]
    assert '"yolo_keypoints":[0.1,0.2,2.0' in rows.annotations[0].attributes


def test_ships(shared_data: Path, tmp_path: Path) -> None:
    taken = take(shared_data / "cv" / "yolo" / "ships", tmp_path)
    taken.assert_counts()
    assert taken.counts["splits"] == {"train": 160, "val": 99, "test": 63}
    assert taken.version["rejects"] == {"There is no image for these labels.": 34}
    assert (taken.counts["annotations"]["polygons"], taken.counts["annotations"]["unnamed"]) == (112, 150)
    assert len(taken.finding("images_without_labels")["positions"]) == 40  # type: ignore[index]
    assert set(taken.table.category.tolist()) == {0, 1, 2, 3, 4}


def test_coco128(shared_data: Path, tmp_path: Path) -> None:
    root = shared_data / "cv" / "yolo" / "coco128_mini"
    taken = take(root, tmp_path)
    taken.assert_counts()
    assert taken.counts["splits"] == {"train": 30, "val": 12, "test": 0}
    assert taken.version["rejects"] == {"There is no image for these labels.": 2}
    polygons = take(root, tmp_path / "2", labels="labels_segment")
    polygons.assert_counts()
    assert polygons.counts["annotations"]["polygons"] == len(polygons.table) > 100
