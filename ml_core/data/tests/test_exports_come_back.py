"""A data set that was exported and imported again is the one it was, as far as the format can hold it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml_core.data.annotations.builder import CROWD, DERIVED
from ml_core.data.export.run import ExportOrder, export_version
from ml_core.data.export.shapes import join_rings, polygon_area
from ml_core.data.import_images import ImportOrder, import_images
from ml_core.data.tests.label_sets import Imported, Silent, coco_set, files, images, take, voc_set, yolo_set
from ml_core.data.tests.pictures import image_folder
from ml_core.errors import FormatError
from ml_core.run.cli import main

MAKERS = {"yolo": yolo_set, "coco": coco_set, "voc": voc_set}
COLUMNS = ("image_offsets", "label", "category", "box", "kind", "flags", "ring_offsets", "point_offsets", "points",
           "image_state", "area", "source_id", "declared_size")  # fmt: skip


def export(taken: Imported, source: Path, target: Path, kind: str, **changes: Any) -> dict[str, Any]:
    return export_version(ExportOrder(taken.folder, source, target, kind, **changes), Silent())


def by_name(taken: Imported) -> dict[str, int]:
    """File name to position: exports sort images by split."""
    return {item.path.rpartition("/")[2]: number for number, item in enumerate(taken.items)}


def assert_same(one: Imported, other: Imported, *, columns: tuple[str, ...], close: bool = False) -> None:
    """The same images in the same splits, with the same rows in order."""
    first, second = by_name(one), by_name(other)
    assert first.keys() == second.keys()
    assert one.version["classes"] == other.version["classes"]
    for name, position in first.items():
        mine, theirs = one.items[position], other.items[second[name]]
        assert (mine.sha256, mine.split) == (theirs.sha256, theirs.split)
        rows, others = one.table.of_image(position), other.table.of_image(second[name])
        assert len(rows) == len(others), name
        for row, twin in zip(rows, others, strict=True):
            for column in columns:
                a, b = getattr(one.table, column)[row], getattr(other.table, column)[twin]
                assert np.array_equal(a, b, equal_nan=True) or (close and np.allclose(a, b, atol=1e-9)), (name, column)
            rings, twins = one.table.rings(row), other.table.rings(twin)
            assert len(rings) == len(twins)
            assert all(
                np.allclose(a, b, atol=1e-9) if close else np.array_equal(a, b)
                for a, b in zip(rings, twins, strict=True)
            )


EXACT = ("label", "category", "box", "kind", "flags", "area", "source_id")


@pytest.mark.parametrize("kind", list(MAKERS))
def test_its_own_format_gives_the_very_same(kind: str, tmp_path: Path) -> None:
    one = take(MAKERS[kind](tmp_path / "in"), tmp_path / "1")
    report = export(one, tmp_path / "in", tmp_path / "out", kind)
    assert report["losses"] == []
    assert report["annotations"] == {"in": len(one.table), "out": len(one.table), "left_out": 0}
    two = take(tmp_path / "out", tmp_path / "2", format=kind)
    assert_same(one, two, columns=EXACT)
    assert [one.table.attributes[n] for n in one.table.attribute if n >= 0] == [
        two.table.attributes[n] for n in two.table.attribute if n >= 0]  # fmt: skip
    assert two.counts["rejected"] == 0


@pytest.mark.parametrize("kind", ["yolo", "voc"])
def test_a_way_over_coco_and_back_gives_the_same_boxes(kind: str, tmp_path: Path) -> None:
    one = take(MAKERS[kind](tmp_path / "in"), tmp_path / "1")
    export(one, tmp_path / "in", tmp_path / "coco", "coco")
    two = take(tmp_path / "coco", tmp_path / "2", format="coco")
    export(two, tmp_path / "coco", tmp_path / "back", kind)
    three = take(tmp_path / "back", tmp_path / "3", format=kind)
    assert_same(one, three, columns=("label", "box", "kind", "flags"), close=True)


def test_what_yolo_cannot_hold_is_named(tmp_path: Path) -> None:
    one = take(coco_set(tmp_path / "in"), tmp_path / "1")
    report = export(one, tmp_path / "in", tmp_path / "out", "yolo")
    losses = {entry["what"].split(" ")[0]: entry["count"] for entry in report["losses"]}
    assert losses == {"Masks": 2, "Marks": 1, "Attributes": 1, "Shapes": 1, "Boxes": 1}
    two = take(tmp_path / "out", tmp_path / "2")
    assert two.counts["annotations"]["kept"] == 3
    assert two.version["classes"] == one.version["classes"]


def test_annotations_without_a_class_are_left_out_by_name_where_names_are_all(tmp_path: Path) -> None:
    root = yolo_set(tmp_path / "in")
    files(root, {"labels/val/0.txt": "9 0.5 0.5 0.25 0.5\n0 0.5 0.5 0.25 0.5\n"})
    one = take(root, tmp_path / "1")
    report = export(one, root, tmp_path / "voc", "voc")
    assert report["annotations"]["left_out"] == 1
    assert report["left_out"] == [{"path": "images/val/0.jpg", "why": report["left_out"][0]["why"]}]
    export(one, root, tmp_path / "yolo", "yolo")
    assert_same(one, take(tmp_path / "yolo", tmp_path / "2"), columns=EXACT)
    export(one, root, tmp_path / "coco", "coco")
    assert take(tmp_path / "coco", tmp_path / "3").table.label.tolist().count(-1) == 1


def test_boxes_only_leaves_no_shape(tmp_path: Path) -> None:
    one = take(coco_set(tmp_path / "in"), tmp_path / "1")
    for kind in ("yolo", "coco", "voc"):
        export(one, tmp_path / "in", tmp_path / kind, kind, boxes_only=True)
        two = take(tmp_path / kind, tmp_path / f"2{kind}", format=kind)
        assert not np.asarray(two.table.kind).any()
        assert two.boxes(next(item.path for item in two.items if item.path.endswith("b.jpg"))) == [[10, 5, 30.5, 15]]


def test_images_of_one_class_become_folders(tmp_path: Path) -> None:
    root = yolo_set(tmp_path / "in")
    one = take(root, tmp_path / "1")
    report = export(one, root, tmp_path / "out", "classification")
    assert report["images"] == {"in": 8, "out": 4, "left_out": 4}
    assert len(report["left_out"]) == 4
    again = import_images(ImportOrder(tmp_path / "out", tmp_path / "i", tmp_path / "2"), Silent())
    assert again["counts"]["images"] == 4


def test_class_folders_come_back_exactly_and_have_no_boxes(tmp_path: Path) -> None:
    root = image_folder(tmp_path / "in", {"a": 10, "b/c".replace("/", "-"): 10})
    one = import_images(ImportOrder(root, tmp_path / "i", tmp_path / "1"), Silent())
    order = ExportOrder(tmp_path / "1", root, tmp_path / "out", "classification")
    assert export_version(order, Silent())["losses"] == []
    two = import_images(ImportOrder(tmp_path / "out", tmp_path / "i", tmp_path / "2"), Silent())
    assert two["counts"]["classes"] == one["counts"]["classes"]
    with pytest.raises(FormatError) as caught:
        export_version(ExportOrder(tmp_path / "1", root, tmp_path / "y", "yolo"), Silent())
    assert caught.value.code == "export.no_boxes"
    assert not (tmp_path / "y").exists()


def test_equal_names_in_different_folders_stay_apart(tmp_path: Path) -> None:
    root = images(tmp_path / "in", "train/a/images/1.jpg", "train/b/images/1.jpg", "train/b/images/1_.png")
    files(root, {f"train/{n}/labels/1.txt": f"{k} 0.5 0.5 0.5 0.5\n" for k, n in enumerate("ab")})
    one = take(root, tmp_path / "1", val=0.0, test=0.0)
    for kind in ("yolo", "coco", "voc"):
        export(one, root, tmp_path / kind, kind)
        two = take(tmp_path / kind, tmp_path / f"2{kind}", format=kind, val=0.0, test=0.0)
        assert len(two.items) == 3
        assert sorted(two.table.label.tolist()) == [0, 1]


def test_hostile_class_names_are_only_text(tmp_path: Path) -> None:
    names = ["<b>&amp;", "a: [b", "../../x", "猫", "=1+1", "\u2028 line"]
    root = images(tmp_path / "in", "images/1.jpg")
    files(
        root, {"classes.txt": "\n".join(names), "labels/1.txt": "".join(f"{n} 0.5 0.5 0.5 0.{n}1\n" for n in range(6))}
    )
    one = take(root, tmp_path / "1")
    assert one.version["classes"][:5] == names[:5]
    for kind in ("yolo", "coco", "voc"):
        export(one, root, tmp_path / kind, kind)
        two = take(tmp_path / kind, tmp_path / f"2{kind}", format=kind)
        assert set(two.version["classes"]) == {name.strip() for name in one.version["classes"]}
    export(one, root, tmp_path / "folders", "classification")
    assert not (tmp_path / "x").exists()


def test_an_image_that_changed_is_not_exported(tmp_path: Path) -> None:
    root = yolo_set(tmp_path / "in")
    one = take(root, tmp_path / "1")
    path = root / "images" / "val" / "1.jpg"
    path.write_bytes(path.read_bytes() + b"x")
    for target in ("out", "out.zip"):
        with pytest.raises(FormatError) as caught:
            export(one, root, tmp_path / target, "coco")
        assert caught.value.code == "export.image_changed"
    path.unlink()
    with pytest.raises(FormatError, match="missing"):
        export(one, root, tmp_path / "out", "coco")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["1", "in"]


def test_cancelling_leaves_nothing(tmp_path: Path) -> None:
    one = take(yolo_set(tmp_path / "in"), tmp_path / "1")

    class Cancelling(Silent):
        def raise_if_requested(self) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_version(ExportOrder(one.folder, tmp_path / "in", tmp_path / "out.zip", "voc"), Cancelling())
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["1", "in"]


def test_the_recipes_work_from_the_command_line(tmp_path: Path) -> None:
    root = voc_set(tmp_path / "in")

    def run(name: str, **settings: object) -> dict[str, Any]:
        out = tmp_path / f"run-{name}"
        sets = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
        assert main([name, *sets, "--out", str(out)]) == 0
        return dict(json.loads((out / "result.json").read_text()))

    assert run("data.recognise", source=root)["readings"][0]["format"] == "voc"
    assert run("data.import", source=root, version=tmp_path / "v", task="auto")["metrics"]["annotations"] == 4
    report = run("data.export", version=tmp_path / "v", root=root, format="coco")
    assert report["metrics"]["annotations"] == 4
    with zipfile.ZipFile(tmp_path / "run-data.export" / "artifacts" / "export.zip") as archive:
        names = archive.namelist()
        document = json.loads(archive.read("annotations/instances_train.json"))
    assert "images/train/0.jpg" in names
    assert [entry["name"] for entry in document["categories"]] == ["cat", "dog"]
    assert document["annotations"][0]["bbox"] == [1, 2, 29, 38]


def test_joined_rings_keep_their_area() -> None:
    square = [0.0, 0.0, 4.0, 0.0, 4.0, 4.0, 0.0, 4.0]
    other = [6.0, 0.0, 8.0, 0.0, 8.0, 2.0, 6.0, 2.0]
    joined = join_rings([square, other])
    assert polygon_area([joined]) == pytest.approx(20)
    assert join_rings([square]) == square


@pytest.mark.parametrize(
    ("place", "kind"),
    [("yolo/ships", "yolo"), ("yolo/coco128_mini", "yolo"), ("coco/tiny_coco", "coco"), ("voc/bccd", "voc"),
     ("voc/kangaroo", "voc")],
)  # fmt: skip
def test_real_sets_come_back(place: str, kind: str, shared_data: Path, tmp_path: Path) -> None:
    root = shared_data / "cv" / place
    one = take(root, tmp_path / "1")
    report = export(one, root, tmp_path / "out", kind)
    assert report["losses"] == []
    two = take(tmp_path / "out", tmp_path / "2", format=kind)
    assert_same(one, two, columns=EXACT)
    assert two.counts["rejected"] == 0


def test_real_sets_go_over_coco(shared_data: Path, tmp_path: Path) -> None:
    root = shared_data / "cv" / "yolo" / "ships"
    one = take(root, tmp_path / "1")
    export(one, root, tmp_path / "coco", "coco")
    two = take(tmp_path / "coco", tmp_path / "2", format="coco")
    polygons = np.asarray(one.table.flags) & DERIVED != 0
    assert len(two.table) == len(one.table)
    assert not (np.asarray(two.table.flags) & CROWD).any()
    assert two.counts["annotations"]["polygons"] == polygons.sum()
