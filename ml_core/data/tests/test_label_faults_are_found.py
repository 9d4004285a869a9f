"""Each planted fault of labels is found by its name, in its image, and nothing else is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ml_core.data.import_images import ImportOrder, import_images
from ml_core.data.manifest import read_items, read_version
from ml_core.data.statistics import StatisticsOrder, measure_version
from ml_core.data.tests.label_sets import Imported, Silent, files, images, take, voc_object, voc_xml
from ml_core.data.tests.pictures import jpeg_with_orientation
from ml_core.errors import FormatError

GOOD = "0 0.3 0.5 0.2 0.4\n1 0.7 0.5 0.2 0.4\n"
PLANTED = {
    "degenerate_boxes": GOOD + "0 0.5 0.5 0 0.1\n", "boxes_outside": GOOD + "0 1.5 0.5 0.2 0.2\n",
    "boxes_beyond_frame": GOOD + "0 0.95 0.1 0.2 0.1\n", "doubled_boxes": GOOD + "0 0.302 0.5 0.2 0.4\n",
    "rival_boxes": GOOD + "0 0.7 0.5 0.2 0.4\n", "unnamed_classes": GOOD + "7 0.5 0.1 0.1 0.1\n",
    "tiny_boxes": GOOD + "0 0.5 0.1 0.1 0.02\n", "empty_images": "",
}  # fmt: skip


def planted(root: Path) -> Path:
    good = [f"good{number}" for number in range(30)]
    images(root, *(f"images/{split}/{name}.jpg" for split in ("train", "val") for name in [*good, *PLANTED]))
    images(root, "images/train/images_without_labels.jpg")
    texts = dict.fromkeys(good, GOOD) | PLANTED
    files(root, {f"labels/{split}/{name}.txt": text for split in ("train", "val") for name, text in texts.items()})
    return files(root, {"data.yaml": "train: images/train\nval: images/val\nnames: [cat, dog]\n",
                        "labels/train/labels_without_image.txt": GOOD})  # fmt: skip


@pytest.fixture
def taken(tmp_path: Path) -> Imported:
    return take(planted(tmp_path / "in"), tmp_path)


def test_every_kind_is_found_where_it_was_planted_and_nowhere_else(taken: Imported) -> None:
    found = {entry["code"]: {taken.items[n].path.rpartition("/")[2][:-4] for n in entry["positions"]}
             for entry in taken.version["findings"]}  # fmt: skip
    assert found == {code: {code} for code in [*PLANTED, "images_without_labels"]}
    assert taken.finding("doubled_boxes")["count"] == 2  # type: ignore[index]
    rows = taken.finding("degenerate_boxes")["annotations"]  # type: ignore[index]
    assert all(taken.table.box[row][2] == 0 for row in rows)
    assert taken.version["rejects"] == {"There is no image for these labels.": 1}
    order = ["error", "warning", "info"]
    severities = [order.index(entry["severity"]) for entry in taken.version["findings"]]
    assert severities == sorted(severities)


def test_statistics_say_the_same_and_describe_boxes(taken: Imported, tmp_path: Path) -> None:
    statistics = measure_version(StatisticsOrder(taken.folder, tmp_path / "in"), Silent())
    codes = {entry["code"] for entry in statistics["findings"]}
    assert codes >= {entry["code"] for entry in taken.version["findings"]}
    boxes = statistics["boxes"]
    assert boxes["count"] == sum(sum(row) for row in boxes["position"])
    assert [entry["name"] for entry in boxes["classes"]] == ["cat", "dog"]
    assert boxes["classes"][1]["boxes"] == 74
    assert boxes["together"][0][1] == boxes["together"][1][0] == 74
    assert boxes["below_stride"]["64"] == boxes["count"]
    assert sum(boxes["per_image"]["counts"]) == len(taken.items)


def test_many_boxes_in_one_place_are_compared_within_reason(tmp_path: Path) -> None:
    root = images(tmp_path / "in", "images/1.jpg")
    files(root, {"labels/1.txt": "0 0.5 0.5 0.2 0.2\n" * 300, "classes.txt": "a"})
    finding = take(root, tmp_path).finding("doubled_boxes")
    assert finding is not None
    assert finding["count"] == 299


def test_labels_made_without_the_rotation_are_told_apart_from_another_size(tmp_path: Path) -> None:
    root = tmp_path / "in"
    (root / "images").mkdir(parents=True)
    (root / "images" / "1.jpg").write_bytes(jpeg_with_orientation(6, (24, 16)))
    images(root, "images/2.jpg")
    Image.new("CMYK", (10, 10)).save(root / "images" / "3.jpg")
    files(root, {"xml/1.xml": voc_xml("1.jpg", voc_object("k", 1, 1, 9, 9), size=(24, 16)),
                 "xml/2.xml": voc_xml("2.jpg", voc_object("k", 1, 1, 9, 9), size=(640, 480)),
                 "xml/3.xml": voc_xml("3.jpg", voc_object("k", 1, 1, 9, 9), size=(10, 10))})  # fmt: skip
    taken = take(root, tmp_path)
    found: dict[str, Any] = {entry["code"]: entry["positions"] for entry in taken.version["findings"]}
    assert (found["labelled_lying"], found["size_differs"], found["cmyk_images"], found["turned_images"]) == (
        [0], [1], [2], [0])  # fmt: skip


def test_odd_images_of_the_wild_in_a_set_with_boxes(shared_data: Path, tmp_path: Path) -> None:
    root = tmp_path / "in"
    odd = sorted((shared_data / "cv" / "odd_images").iterdir())
    (root / "images").mkdir(parents=True)
    for path in odd:
        (root / "images" / path.name).write_bytes(path.read_bytes())
    files(root, {f"labels/{path.stem}.txt": "0 0.5 0.5 0.2 0.2\n" for path in odd} | {"classes.txt": "k"})
    taken = take(root, tmp_path)
    taken.assert_counts()
    assert taken.version["rejects"] == {"The image is cut short: its last part is missing.": 1}
    assert taken.counts["annotations"] | {"splits": 0} == {
        "read": len(odd), "kept": len(odd) - 1, "rejected": 1, "unnamed": 0, "polygons": 0, "masks": 0, "crowds": 0,
        "splits": 0,
    }  # fmt: skip
    assert taken.finding("turned_images")["count"] == 3  # type: ignore[index]
    assert taken.finding("cmyk_images")["count"] >= 1  # type: ignore[index]
    for number, item in enumerate(taken.items):
        assert np.allclose(taken.table.corners_of(number, item.width, item.height).mean(axis=0)[:1], item.width / 2,
                           rtol=0.3)  # fmt: skip


def test_the_place_holder_among_ants_is_found(shared_data: Path, tmp_path: Path) -> None:
    root = shared_data / "cv" / "classification" / "hymenoptera"
    version = import_images(ImportOrder(root, tmp_path / "i", tmp_path / "v"), Silent())
    assert version["counts"]["images"] == version["counts"]["files"] == 118
    statistics = measure_version(StatisticsOrder(tmp_path / "v", root), Silent())
    finding = next(entry for entry in statistics["findings"] if entry["code"] == "palette_images")
    items = list(read_items(tmp_path / "v"))
    assert "train/ants/imageNotFound.gif" in {items[position].path for position in finding["positions"]}


def test_classes_that_are_rare_or_unused_are_named(tmp_path: Path) -> None:
    root = images(tmp_path / "in", "images/train/1.jpg", "images/val/2.jpg")
    rows = "".join(f"0 {x / 30 + 0.1:.3f} 0.5 0.01 0.1\n" for x in range(24))
    files(root, {"labels/train/1.txt": rows + "1 0.5 0.1 0.1 0.1\n", "labels/val/2.txt": rows,
                 "classes.txt": "many\nrare\nnever"})  # fmt: skip
    taken = take(root, tmp_path)
    assert "(rare)" in taken.finding("few_boxes")["message"]  # type: ignore[index]
    assert taken.finding("unused_classes")["count"] == 1  # type: ignore[index]
    assert "24 times" in taken.finding("box_imbalance")["message"]  # type: ignore[index]


def test_what_cannot_use_boxes_refuses_them_in_words(taken: Imported) -> None:
    with pytest.raises(FormatError) as caught:
        read_version(taken.folder)
    assert caught.value.code == "version.task"
    assert "boxes" in caught.value.message


def test_an_import_for_classes_says_that_it_found_boxes(tmp_path: Path) -> None:
    order = ImportOrder(planted(tmp_path / "in"), tmp_path / "images", tmp_path / "v")
    with pytest.raises(FormatError) as caught:
        import_images(order, Silent())
    assert caught.value.code == "format.unrecognised"
    assert "YOLO" in caught.value.message
    assert "Import them as boxes" in caught.value.hint


def test_many_rejected_annotations_need_a_yes(tmp_path: Path) -> None:
    root = images(tmp_path / "in", "images/1.jpg")
    files(root, {"labels/1.txt": "0 0.5 0.5 0.1 0.1\n" * 5 + "bad row\n", "classes.txt": "a"})
    with pytest.raises(FormatError) as caught:
        take(root, tmp_path, accept_rejects=False)
    assert caught.value.code == "import.rejects"
    assert "1 of 6 annotations" in caught.value.message
    assert not (tmp_path / "v").exists()


def test_the_fingerprint_follows_boxes_and_not_their_order_in_other_files(tmp_path: Path) -> None:
    root = planted(tmp_path / "in")
    base = take(root, tmp_path / "1").version["fingerprint"]
    assert take(root, tmp_path / "2").version["fingerprint"] == base
    path = root / "labels" / "train" / "good0.txt"
    path.write_text(GOOD.replace("0.3 ", "0.31 "))
    assert take(root, tmp_path / "3").version["fingerprint"] != base


def test_time_grows_with_the_number_of_annotations_and_not_with_its_square() -> None:
    """A detector's crowd: 20,000 boxes in one image, compared with their neighbours alone."""
    from ml_core.data.annotations.builder import Annotation, TableBuilder
    from ml_core.data.label_findings import LabelledImages, find_in_labels

    builder = TableBuilder("xywh")
    rng = np.random.default_rng(0)
    for x, y in rng.uniform(0, 5000, (20_000, 2)).tolist():
        builder.add(0, Annotation(0, (x, y, 20.0, 20.0)))
    columns = builder.finish(builder.images(), 1, [{0: 0}])
    one = np.ones(1, dtype=np.uint8)
    found = find_in_labels(LabelledImages(columns, "xywh", np.array([[6000, 6000]]), 2 * one,
                                          np.zeros((1, 2), dtype=np.int32), one, ["RGB"], one == 1, ["a"]))  # fmt: skip
    assert {entry["code"] for entry in found} <= {"doubled_boxes"}
