"""COCO instances: ids with gaps, masks of both kinds, crowds, and entries that fit nothing."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml_core.data.annotations.builder import CROWD, DERIVED, NO_SHAPE, RLE_COUNTS, RLE_PACKED
from ml_core.data.tests.label_sets import coco_document, coco_set, files, images, take
from ml_core.errors import FormatError


def test_shapes_crowds_and_attributes_are_kept(tmp_path: Path) -> None:
    taken = take(coco_set(tmp_path / "in"), tmp_path)
    taken.assert_counts()
    table = taken.table
    assert taken.version["classes"] == ["bicycle", "dog"]
    assert table.category.tolist() == [2, 2, 18]
    assert table.source_id.tolist() == [12, 13, 11]
    assert table.kind.tolist() == [RLE_COUNTS, RLE_PACKED, 1]
    assert (table.flags[0], table.flags[1]) == (CROWD, 0)
    mask = table.mask(0)
    assert mask is not None
    assert (mask[:, :2].all(), mask.sum()) == (True, 100)
    assert len(table.polygons(2, 100, 50)) == 2
    assert table.attributes == [{"attributes": {"hard": True}}]
    assert table.image_id.tolist() == [7, 3]
    assert table.image_attributes()[0] == {"license": 1}
    assert taken.boxes("images/train2017/b.jpg") == [[10, 5, 30.5, 15]]
    assert table.facts.categories[1] == {"id": 18, "name": "dog", "supercategory": "animal", "label": 1}


def test_the_order_of_the_lists_does_not_matter(tmp_path: Path) -> None:
    one = take(coco_set(tmp_path / "in"), tmp_path / "1")
    document = coco_document()
    document = {key: document[key] for key in reversed(document)}
    document["images"].reverse()
    (tmp_path / "in" / "annotations" / "instances_train2017.json").write_text(json.dumps(document, indent=1))
    assert take(tmp_path / "in", tmp_path / "2").version["fingerprint"] == one.version["fingerprint"]


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"image_id": 7, "category_id": 2, "bbox": [1, 2, 3]}, "neither a box"),
        ({"image_id": 7, "category_id": 2, "bbox": [1, 2, 3, math.nan]}, "neither a box"),
        ({"image_id": 7, "category_id": 2, "bbox": [1, 2, 3, "4"]}, "neither a box"),
        ({"image_id": 7, "category_id": 2}, "neither a box"),
        ({"image_id": 7, "bbox": [1, 2, 3, 4]}, "category"),
        ({"image_id": 7, "category_id": "2", "bbox": [1, 2, 3, 4]}, "category"),
        ({"category_id": 2, "bbox": [1, 2, 3, 4]}, "its image"),
        ({"image_id": 99, "category_id": 2, "bbox": [1, 2, 3, 4]}, "does not list"),
        ([1, 2], "no object"),
        (None, "no object"),
    ],
)
def test_an_entry_that_fits_nothing_is_named(entry: Any, reason: str, tmp_path: Path) -> None:
    rows = [*coco_document()["annotations"], entry]
    taken = take(coco_set(tmp_path / "in", annotations=rows), tmp_path)
    taken.assert_counts()
    assert taken.counts["annotations"] | {"splits": 0} == taken.counts["annotations"] | {
        "splits": 0,
        "read": 4,
        "kept": 3,
    }
    assert any(reason in row["reason"] for row in taken.rejects.values())


@pytest.mark.parametrize(
    "segmentation",
    [[[1, 2, 3]], [["a"] * 6], {"size": [50, 100], "counts": "~"}, {"size": [50, 100], "counts": [1]}, {"size": [0, 1]},
     [[math.inf] * 6], "text", [[1, 2, 3, 4, 5, 6, 7]], [None]],
)  # fmt: skip
def test_a_shape_that_cannot_be_used_is_named_and_its_box_kept(segmentation: Any, tmp_path: Path) -> None:
    rows = [{"id": 1, "image_id": 7, "category_id": 2, "bbox": [1, 2, 3, 4], "segmentation": segmentation}]
    taken = take(coco_set(tmp_path / "in", annotations=rows), tmp_path)
    taken.assert_counts()
    assert (len(taken.table), taken.table.kind[0], len(taken.table.points)) == (1, NO_SHAPE, 0)
    assert taken.rejects["annotations/instances_train2017.json: annotation 1"]["annotations"] == "0"


def test_a_missing_box_is_made_from_the_shape(tmp_path: Path) -> None:
    rows = [{"id": 1, "image_id": 7, "category_id": 2, "segmentation": [[1, 2, 11, 2, 11, 22]]},
            {"id": 2, "image_id": 7, "category_id": 2, "segmentation": {"size": [50, 100], "counts": [51, 10, 4939]}},
            {"id": 3, "image_id": 7, "category_id": 2, "segmentation": [1, 2, 3, 4, 5, 9]}]  # fmt: skip
    taken = take(coco_set(tmp_path / "in", annotations=rows), tmp_path)
    assert taken.table.box.tolist() == [[1, 2, 10, 20], [1, 1, 1, 10], [1, 2, 4, 7]]
    assert (np.asarray(taken.table.flags) == DERIVED).all()


def test_an_unknown_category_is_kept_without_a_class(tmp_path: Path) -> None:
    rows = [{"id": 1, "image_id": 7, "category_id": 77, "bbox": [1, 2, 3, 4]}]
    taken = take(coco_set(tmp_path / "in", annotations=rows), tmp_path)
    assert (taken.table.label[0], taken.table.category[0]) == (-1, 77)
    assert taken.finding("unnamed_classes") is not None


def test_files_with_own_numbers_are_joined_by_name(tmp_path: Path) -> None:
    root = tmp_path / "in"
    images(root, "train/1.jpg", "valid/1.jpg")
    for split, number in (("train", 1), ("valid", 2)):
        document = {"images": [{"id": 0, "file_name": "1.jpg"}], "categories": [{"id": number, "name": "cat"}],
                    "annotations": [{"image_id": 0, "category_id": number, "bbox": [1, 2, 3, 4]}]}  # fmt: skip
        files(root, {f"{split}/_annotations.coco.json": json.dumps(document)})
    taken = take(root, tmp_path)
    taken.assert_counts()
    assert taken.version["classes"] == ["cat"]
    assert taken.table.label.tolist() == [0, 0]
    assert [(item.path, item.split) for item in taken.items] == [("train/1.jpg", "train"), ("valid/1.jpg", "val")]
    assert any("different ids" in line for line in taken.version["warnings"])


def test_of_categories_with_one_name_the_one_that_occurs_keeps_it(tmp_path: Path) -> None:
    names = [{"id": 0, "name": "ships"}, {"id": 1, "name": "ships", "supercategory": "ships"}]
    rows = [{"id": 1, "image_id": 7, "category_id": 1, "bbox": [1, 2, 3, 4]}]
    taken = take(coco_set(tmp_path / "in", annotations=rows, categories=names), tmp_path)
    assert taken.version["classes"] == ["ships (0)", "ships"]
    assert taken.table.label.tolist() == [1]
    assert any('called "ships"' in line for line in taken.version["warnings"])


def test_images_are_found_by_as_much_of_their_path_as_fits(tmp_path: Path) -> None:
    root = tmp_path / "in"
    images(root, "data/a/1.jpg", "data/b/1.jpg", "data/b/2.JPG", "data/b/extra.jpg")
    listed = [r"C:\home\a\1.jpg", "b/1.jpg", "2.jpg", "gone.jpg"]
    document = {
        "images": [{"id": f"x{n}", "file_name": name} for n, name in enumerate(listed)],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": [{"image_id": f"x{n}", "category_id": 1, "bbox": [n, 2, 3, 4]} for n in range(4)],
    }
    files(root, {"result.json": json.dumps(document)})
    taken = take(root, tmp_path)
    taken.assert_counts()
    assert taken.boxes("data/a/1.jpg")[0][0] == 0
    assert taken.boxes("data/b/1.jpg")[0][0] == 1
    assert taken.boxes("data/b/2.JPG")[0][0] == 2
    assert taken.rejects["result.json: gone.jpg"]["annotations"] == "1"
    assert len(taken.finding("images_without_labels")["positions"]) == 1  # type: ignore[index]


def test_an_address_names_an_image_where_nothing_else_does(tmp_path: Path) -> None:
    listed = [{"id": 1, "coco_url": "http://images.example.org/train2017/a.jpg"}]
    rows = [{"id": 1, "image_id": 1, "category_id": 2, "bbox": [1, 2, 3, 4]}]
    taken = take(coco_set(tmp_path / "in", images=listed, annotations=rows), tmp_path)
    assert taken.boxes("images/train2017/a.jpg") == [[1, 2, 4, 6]]


def test_captions_are_no_boxes(tmp_path: Path) -> None:
    document = coco_document(annotations=[{"id": 1, "image_id": 7, "caption": "a dog"}])
    images(tmp_path / "in", "images/a.jpg", "images/b.jpg")
    files(tmp_path / "in", {"captions.json": json.dumps(document)})
    with pytest.raises(FormatError) as caught:
        take(tmp_path / "in", tmp_path)
    assert caught.value.code == "format.unrecognised"


def test_a_damaged_file_is_told_with_its_place(tmp_path: Path) -> None:
    root = coco_set(tmp_path / "in")
    path = root / "annotations" / "instances_train2017.json"
    path.write_text(path.read_text()[:-30])
    with pytest.raises(FormatError) as caught:
        take(root, tmp_path, format="coco")
    assert (caught.value.code, caught.value.where.partition(":")[0]) == ("json.damaged", "instances_train2017.json")
    assert not (tmp_path / "v").exists()


def test_tiny_coco(shared_data: Path, tmp_path: Path) -> None:
    taken = take(shared_data / "cv" / "coco" / "tiny_coco", tmp_path)
    taken.assert_counts()
    assert taken.counts["splits"] == {"train": 32, "val": 6, "test": 0}
    assert taken.counts["annotations"] | {"splits": 0} == {
        "read": 424, "kept": 424, "rejected": 0, "unnamed": 0, "polygons": 419, "masks": 5, "crowds": 5, "splits": 0,
    }  # fmt: skip
    assert len(taken.version["classes"]) == 80
    assert len(taken.finding("empty_images")["positions"]) == 2  # type: ignore[index]
    assert len(taken.finding("tiny_boxes")["annotations"]) == 1  # type: ignore[index]
    crowds = np.flatnonzero(taken.table.kind > 1).tolist()
    masks = {taken.table.area[row]: taken.table.mask(row) for row in crowds}
    assert masks[5733].sum() == 5733  # the areas of the others are not those of their masks
    assert masks[5733][257:332, :281].sum() == 5733
