"""Fixes and corrections make a new version that holds them and nothing else; the old one stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml_core.data.annotations.builder import POLYGONS
from ml_core.data.import_images import ImportOrder, import_images
from ml_core.data.manifest import read_items, read_version
from ml_core.data.revision.changes import Changes, parse_changes
from ml_core.data.revision.difference import difference
from ml_core.data.revision.fixes import FIXES, REMOVE_COPIES, changes_of_fixes
from ml_core.data.revision.revise import revise
from ml_core.data.tests.label_sets import Imported, Silent, coco_set, take, voc_set, yolo_set
from ml_core.data.tests.pictures import image_folder
from ml_core.data.tests.test_label_faults_are_found import planted
from ml_core.errors import FormatError
from ml_core.run.cli import main

MAKERS = {"yolo": yolo_set, "coco": coco_set, "voc": voc_set}


def revised(old: Path, new: Path, changes: Changes) -> Imported:
    return Imported(new, revise(old, new, changes, Silent(), reason="test"))


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("fix", list(FIXES))
def test_a_fix_removes_its_finding_and_touches_nothing_else(fix: str, tmp_path: Path) -> None:
    one = take(planted(tmp_path / "in"), tmp_path)
    before = content(one.folder)
    changes = changes_of_fixes(one.folder, [fix])
    code = FIXES[fix][0]
    if not changes.counts():
        assert one.finding(code) is None
        return
    two = revised(one.folder, tmp_path / "v2", changes)
    assert two.finding(code) is None
    others = {entry["code"] for entry in one.version["findings"]} - {code}
    allowed = {"empty_images", "few_boxes", "box_imbalance"}  # there is nothing; the class that was named is rare
    assert {entry["code"] for entry in two.version["findings"]} - allowed == others - allowed
    assert two.version["parent"] == one.version["fingerprint"] != two.version["fingerprint"]
    assert content(one.folder) == before
    annotations = two.counts["annotations"]
    assert annotations["read"] == len(one.table)
    assert annotations["kept"] == len(two.table)
    assert sum(int(row["annotations"]) for row in two.rejects.values()) == annotations["rejected"]


@pytest.mark.parametrize("kind", list(MAKERS))
def test_corrections_are_there_and_everything_else_is_equal(kind: str, tmp_path: Path) -> None:
    one = take(MAKERS[kind](tmp_path / "in"), tmp_path)
    last = len(one.table) - 1
    image = int(one.table.image_of[last])
    document = [
        {"do": "rename", "classes": [*one.version["classes"], "new"]},
        {"do": "move", "row": last, "box": [10, 20, 30, 40]}, {"do": "relabel", "row": last, "label": 2},
        {"do": "remove", "row": 0}, {"do": "add", "image": image, "label": 1, "box": [1, 2, 3, 4.5]},
        {"do": "set_split", "image": image, "split": "test"},
    ]  # fmt: skip
    changes = parse_changes(document, images=len(one.items), rows=len(one.table), classes=2)
    two = revised(one.folder, tmp_path / "v2", changes)
    assert two.version["classes"][2] == "new"
    assert two.items[image].split == "test"
    assert two.boxes(one.items[image].path)[-2:] == [[10, 20, 30, 40], [1, 2, 3, 4.5]]
    assert two.table.label[-2:].tolist() == [2, 1]
    rows = range(1, last)
    for column in ("label", "category", "box", "kind", "flags", "source_id", "attribute"):
        assert np.array_equal(getattr(one.table, column)[1:last], getattr(two.table, column)[: last - 1]), column
    assert all(np.array_equal(a, b) for row in rows
               for a, b in zip(one.table.rings(row), two.table.rings(row - 1), strict=True))  # fmt: skip
    assert difference(one.folder, two.folder)["annotations"] | {"moved": 0, "removed": 0, "added": 0} == {
        "moved": 0, "removed": 0, "added": 0}  # fmt: skip


def test_a_polygon_moves_along_with_its_box(tmp_path: Path) -> None:
    one = take(yolo_set(tmp_path / "in"), tmp_path)
    row = one.rows("images/train/1.jpg")[0]
    two = revised(one.folder, tmp_path / "v2", Changes(corners={row: (0.0, 0.0, 40.0, 20.0)}))
    assert np.allclose(two.table.polygons(row, 100, 50)[0], [[0, 0], [40, 0], [40, 20], [0, 20]])


@pytest.mark.parametrize("layout", ["yolo", "coco"])
def test_an_outline_is_drawn_anew_and_its_box_with_it(layout: str, tmp_path: Path) -> None:
    one = take(MAKERS[layout](tmp_path / "in"), tmp_path)
    row = next(row for row in range(len(one.table)) if one.table.kind[row] == POLYGONS)
    image = one.items[int(one.table.image_of[row])]
    triangle = [1, 2, 30, 2, 16.5, 20]
    document = [{"do": "move", "row": row, "box": [0, 0, 9, 9]},
                {"do": "reshape", "row": row, "polygons": [triangle, [3, 3, 5, 3, 5, 5.25]]}]  # fmt: skip
    changes = parse_changes(document, images=len(one.items), rows=len(one.table), classes=2)
    assert changes.counts() == {"rings": 1}  # the last word counts
    two = revised(one.folder, tmp_path / "v2", changes)
    rings = two.table.polygons(row, image.width, image.height)
    assert np.allclose(rings[0].ravel(), triangle) and np.allclose(rings[1].ravel(), [3, 3, 5, 3, 5, 5.25])
    assert [1, 2, 30, 20] in np.array(two.boxes(image.path)).round(6).tolist()


def test_an_outline_that_changes_within_its_box_is_a_difference(tmp_path: Path) -> None:
    one = take(yolo_set(tmp_path / "in"), tmp_path)
    row = one.rows("images/train/1.jpg")[0]
    ring = one.table.polygons(row, 100, 50)[0]
    left, top, right, bottom = *ring.min(axis=0), *ring.max(axis=0)
    rings = ((left, top, right, top, right, bottom, left, bottom, (left + right) / 2, (top + bottom) / 2),)
    two = revised(one.folder, tmp_path / "v2", Changes(rings={row: rings}))
    assert difference(one.folder, two.folder)["annotations"] == {"reshaped": 1}
    three = revised(two.folder, tmp_path / "v3", Changes(split={0: "val"}))
    assert difference(two.folder, three.folder)["annotations"] == {}


@pytest.mark.parametrize(
    "polygons", [None, [], [[1, 2, 3, 4]], [[1, 2, 3, 4, 5]], [[1, 1, 2, 2, 3, "3"]], [[1, 1, 5, 1, 9, 1]],
                 [[1, 1, 2, float("nan"), 3, 3]], [[1, 1, 2, 10**400, 3, 3]], [[1, 1, 2, 2, 3, 3] * 20_000]],
)  # fmt: skip
def test_outlines_that_are_none_are_refused(polygons: Any) -> None:
    with pytest.raises(FormatError) as caught:
        parse_changes([{"do": "reshape", "row": 0, "polygons": polygons}], images=1, rows=1, classes=1)
    assert (caught.value.code, caught.value.where) == ("changes.invalid", "change 1")


def test_differences_are_told_by_kind_and_class(tmp_path: Path) -> None:
    one = take(yolo_set(tmp_path / "in"), tmp_path)
    rows = one.rows("images/train/0.jpg")
    changes = Changes(remove={rows[0]}, label={rows[1]: 0}, leave_out={len(one.items) - 1},
                      add=[(2, 1, (1.0, 1.0, 9.0, 9.0))], split={0: "val"},
                      corners={one.rows("images/val/0.jpg")[0]: (40.0, 10.0, 60.0, 40.0)})  # fmt: skip
    two = revised(one.folder, tmp_path / "v2", changes)
    told = difference(one.folder, two.folder)
    assert told["images"] == {"removed": 1, "moved": 1}
    assert told["annotations"] == {"removed": 2, "relabelled": 1, "added": 1, "moved": 1}
    assert told["classes"]["cat"] == {"removed": 1, "relabelled": 1, "moved": 1}
    assert not told["equal"]
    assert difference(one.folder, one.folder) | {"old": "", "new": ""} == {
        "equal": True, "old": "", "new": "", "images": {}, "annotations": {}, "classes": {},
        "names": {"added": [], "removed": []}, "listed": [],
    }  # fmt: skip


def test_copies_go_and_the_one_for_training_stays(tmp_path: Path) -> None:
    root = image_folder(tmp_path / "in", {"a": 10, "b": 10}, split="train")
    image_folder(root, {"a": 3, "b": 3}, split="test")
    (root / "test" / "a" / "leak.png").write_bytes((root / "train" / "a" / "001.png").read_bytes())
    (root / "train" / "b" / "again.png").write_bytes((root / "train" / "b" / "001.png").read_bytes())
    import_images(ImportOrder(root, tmp_path / "i", tmp_path / "v1", val=0.0), Silent())
    version = revise(tmp_path / "v1", tmp_path / "v2", changes_of_fixes(tmp_path / "v1", [REMOVE_COPIES]), Silent())
    gone = {item.path for item in read_items(tmp_path / "v1")} - {item.path for item in read_items(tmp_path / "v2")}
    assert gone == {"test/a/leak.png", "train/b/again.png"} or gone == {"test/a/leak.png", "train/b/001.png"}
    assert version["counts"]["images"] == 26
    assert read_version(tmp_path / "v2")["counts"]["splits"] == version["counts"]["splits"]
    told = difference(tmp_path / "v1", tmp_path / "v2")
    assert told["images"] == {"removed": 2}
    second = revise(tmp_path / "v2", tmp_path / "v3", Changes(image_class={0: 1}), Silent())
    assert second["counts"]["classes"] != version["counts"]["classes"]
    assert difference(tmp_path / "v2", tmp_path / "v3")["images"] == {"relabelled": 1}
    with pytest.raises(FormatError) as caught:
        revise(tmp_path / "v2", tmp_path / "v4", Changes(remove={0}), Silent())
    assert caught.value.code == "revision.task"


@pytest.mark.parametrize(
    "entry",
    [1, {}, {"do": "explode"}, {"do": "remove", "row": 99}, {"do": "remove", "row": True}, {"do": "remove", "row": -1},
     {"do": "move", "row": 0, "box": [1, 2, 1, 4]}, {"do": "move", "row": 0, "box": [1, 2, 3]},
     {"do": "move", "row": 0, "box": [1, 2, float("inf"), 4]}, {"do": "move", "row": 0, "box": [1, 2, 10**400, 4]},
     {"do": "relabel", "row": 0, "label": 2},
     {"do": "set_split", "image": 0, "split": "dev"}, {"do": "rename", "classes": ["a"]},
     {"do": "rename", "classes": ["a", "a"]}, {"do": "rename", "classes": ["a", 1]}],
)  # fmt: skip
def test_a_change_that_makes_no_sense_is_named(entry: Any) -> None:
    with pytest.raises(FormatError) as caught:
        parse_changes([{"do": "remove", "row": 0}, entry], images=1, rows=3, classes=2)
    assert (caught.value.code, caught.value.where) == ("changes.invalid", "change 2")


def test_nothing_to_change_and_nothing_left_are_told(tmp_path: Path) -> None:
    one = take(coco_set(tmp_path / "in"), tmp_path)
    for changes, code in ((Changes(), "revision.nothing"), (Changes(leave_out={0, 1}), "revision.empty")):
        with pytest.raises(FormatError) as caught:
            revise(one.folder, tmp_path / "v2", changes, Silent())
        assert caught.value.code == code
        assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "v"]
    with pytest.raises(FormatError) as caught:
        changes_of_fixes(one.folder, ["nonsense"])
    assert caught.value.code == "fix.unknown"


def test_the_recipe_fixes_and_corrects_in_one_go(tmp_path: Path) -> None:
    one = take(planted(tmp_path / "in"), tmp_path)
    (tmp_path / "changes.json").write_text(json.dumps([{"do": "remove", "row": 0}]))
    sets = {"version": one.folder, "target": tmp_path / "v2", "changes": tmp_path / "changes.json",
            "fixes": "remove_doubled_boxes, name_unnamed_classes"}  # fmt: skip
    arguments = [part for key, value in sets.items() for part in ("--set", f"{key}={value}")]
    assert main(["data.revise", *arguments, "--out", str(tmp_path / "run")]) == 0
    told = json.loads((tmp_path / "run" / "artifacts" / "difference.json").read_text())
    assert told["annotations"] == {"removed": 3, "relabelled": 2}
    assert read_version(tmp_path / "v2", ("detect",))["classes"] == ["cat", "dog", "class 7"]
