"""Pascal VOC: with lists and without, deeper, flat, and with files that are something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_core.data.annotations.builder import POLYGONS, TRUNCATED
from ml_core.data.readers.voc_xml import parse_annotation
from ml_core.data.tests.label_sets import files, images, take, voc_object, voc_set, voc_xml


def test_a_development_kit_one_level_deeper(tmp_path: Path) -> None:
    taken = take(voc_set(tmp_path / "in"), tmp_path)
    taken.assert_counts()
    assert taken.version["classes"] == ["cat", "dog"]
    assert taken.counts["splits"] == {"train": 2, "val": 2, "test": 0}
    assert taken.boxes("VOCdevkit/VOC2007/JPEGImages/0.jpg") == [[1, 2, 30, 40], [5, 5, 9.5, 9]]
    assert (taken.table.flags[0], taken.table.attributes[0]) == (TRUNCATED, {"pose": "Left"})
    assert taken.finding("degenerate_boxes")["annotations"] == [3]  # type: ignore[index]
    assert len(taken.finding("empty_images")["positions"]) == 1  # type: ignore[index]
    assert taken.table.image_attributes()[0]["source"] == {"database": "Unknown"}


def test_several_years_keep_their_own_lists(tmp_path: Path) -> None:
    root = tmp_path / "in"
    for year, split in (("VOC2007", "train"), ("VOC2012", "val")):
        images(root, f"{year}/JPEGImages/1.jpg")
        files(root, {f"{year}/Annotations/1.xml": voc_xml("1.jpg", voc_object(year, 1, 1, 9, 9)),
                     f"{year}/ImageSets/Main/{split}.txt": "1\n"})  # fmt: skip
    taken = take(root, tmp_path)
    assert [(item.path, item.split) for item in taken.items] == [
        ("VOC2007/JPEGImages/1.jpg", "train"), ("VOC2012/JPEGImages/1.jpg", "val")]  # fmt: skip


@pytest.mark.parametrize(("image", "label"), [("images", "annots"), ("", ""), ("train", "train"), ("a/img", "b/xml")])
def test_any_two_folders_or_one(image: str, label: str, tmp_path: Path) -> None:
    root = images(tmp_path / "in", f"{image}/1.png".lstrip("/"), f"{image}/2.png".lstrip("/"))
    files(root, {f"{label}/{n}.xml".lstrip("/"): voc_xml("wrong.jpg", voc_object("k", n, 1, 9, 9)) for n in (1, 2)})
    taken = take(root, tmp_path)
    taken.assert_counts()
    assert taken.boxes(f"{image}/2.png".lstrip("/")) == [[2, 1, 9, 9]]


def test_what_does_not_fit_is_named(tmp_path: Path) -> None:
    root = voc_set(tmp_path / "in")
    home = "VOCdevkit/VOC2007"
    images(root, f"{home}/JPEGImages/odd name.jpg", f"{home}/SegmentationClass/0.png", "cover.jpg")
    files(root, {
        f"{home}/Annotations/1.xml": "<annotation><object>",
        f"{home}/Annotations/7.xml": voc_xml("odd name.jpg", voc_object("dog", 1, 1, 2, 2)),
        f"{home}/Annotations/8.xml": voc_xml("gone.jpg", voc_object("dog", 1, 1, 2, 2), voc_object("x", 1, 1, 2, 2)),
        f"{home}/Annotations/2.xml": voc_xml("2.jpg", voc_object("", 1, 1, 2, 2), "<object><name>a</name></object>",
                                             voc_object("a", 1, 1, float("nan"), 2)),
        f"{home}/Annotations/3.xml": '<!DOCTYPE a [<!ENTITY b "c">]><annotation>&b;</annotation>',
    })  # fmt: skip
    taken = take(root, tmp_path, format="voc")
    taken.assert_counts()
    assert taken.boxes(f"{home}/JPEGImages/odd name.jpg") == [[1, 1, 2, 2]]
    assert taken.rejects[f"{home}/Annotations/8.xml"]["annotations"] == "2"
    assert {name for name in taken.rejects if ": object" in name} == {
        f"{home}/Annotations/2.xml: object {n}" for n in (1, 2, 3)
    }
    assert all("well-formed" in taken.rejects[f"{home}/Annotations/{n}.xml"]["reason"] for n in (1, 3))
    assert "masks" in taken.rejects[f"{home}/SegmentationClass/0.png"]["reason"]
    assert "outside" in taken.rejects["cover.jpg"]["reason"]
    assert "a" not in taken.version["classes"]


def test_pictures_of_masks_are_not_taken_for_the_images(tmp_path: Path) -> None:
    root = images(tmp_path / "in", "images/1.jpg", "annotations/trimaps/1.png", "annotations/trimaps/2.png")
    files(root, {"annotations/xmls/1.xml": voc_xml("1.jpg", voc_object("cat", 1, 1, 9, 9))})
    taken = take(root, tmp_path)
    taken.assert_counts()
    assert [item.path for item in taken.items] == ["images/1.jpg"]
    assert taken.counts["other_files"] == 2


def test_another_size_than_the_image_has_is_told(tmp_path: Path) -> None:
    root = images(tmp_path / "in", "images/1.png")
    files(root, {"xml/1.xml": voc_xml("1.png", voc_object("k", 1, 1, 9, 9), size=(640, 480))})
    assert take(root, tmp_path).finding("size_differs")["positions"] == [0]  # type: ignore[index]


def test_polygons_and_parts_are_kept() -> None:
    extra = ("<polygon><x1>1</x1><y1>2</y1><x2>3</x2><y2>2</y2><x3>3</x3><y3>5</y3></polygon>"
             "<part><name>head</name></part><part><name>hand</name></part>")  # fmt: skip
    parsed = parse_annotation(voc_xml("a.jpg", voc_object("k", 1, 1, 9, 9, extra=extra)).encode(), "a.xml")
    assert parsed is not None
    annotation = parsed.objects[0].annotation
    assert (annotation.kind, annotation.rings) == (POLYGONS, [[1, 2, 3, 2, 3, 5]])
    assert annotation.attributes == '{"part":[{"name":"head"},{"name":"hand"}]}'


def test_blood_cells(shared_data: Path, tmp_path: Path) -> None:
    taken = take(shared_data / "cv" / "voc" / "bccd", tmp_path)
    taken.assert_counts()
    assert taken.counts["splits"] == {"train": 205, "val": 87, "test": 72}
    totals = {
        name: sum(row.values()) for name, row in zip(taken.version["classes"], taken.counts["classes"], strict=True)
    }
    assert totals == {"Platelets": 361, "RBC": 4155, "WBC": 372}
    assert taken.finding("degenerate_boxes")["count"] == 2  # type: ignore[index]
    assert int((taken.table.flags & TRUNCATED != 0).sum()) == 1131


def test_kangaroos(shared_data: Path, tmp_path: Path) -> None:
    taken = take(shared_data / "cv" / "voc" / "kangaroo", tmp_path)
    taken.assert_counts()
    assert (taken.counts["images"], taken.counts["annotations"]["read"]) == (39, 67)
    assert taken.rejects["images/00090.jpg"]["annotations"] == "3"
    assert {item.orientation for item in taken.items} == {1}
    assert sum(taken.counts["splits"].values()) == 39
