"""Missing, wrongly named, misplaced and spurious boxes are told apart by what a detector finds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml_core.data.doubts import check
from ml_core.data.doubts.boxes import Given, Seen, find_box_doubts
from ml_core.data.doubts.check import Version, by_training, by_weight
from ml_core.data.doubts.recipes import CrossDoubtsConfig
from ml_core.data.doubts.report import read_doubts
from ml_core.data.label_findings import open_labelled
from ml_core.data.manifest import read_items
from ml_core.data.revision.fixes import SUGGESTED, changes_of_fixes
from ml_core.data.revision.revise import revise
from ml_core.data.tests.label_sets import Silent, files, images, take
from ml_core.errors import FormatError
from ml_core.run.context import RunContext
from ml_core.run.control import Control
from ml_core.run.directory import RunDirectory
from ml_core.run.events import SilentEvents

COUNT = 40
CAT, DOG = (10.0, 10.0, 40.0, 40.0), (60.0, 10.0, 90.0, 40.0)
KINDS = {"missing": 3, "wrong_class": 8, "misplaced": 13, "spurious": 18}
Image = list[tuple[int, tuple[float, ...]]]


def truth() -> list[Image]:
    return [[(0, CAT), (1, DOG)] for _ in range(COUNT)]


def with_faults(labels: list[Image]) -> list[Image]:
    """One fault of each kind, each in an image of its own."""
    labels[KINDS["missing"]].pop()
    labels[KINDS["wrong_class"]][0] = (1, CAT)
    labels[KINDS["misplaced"]][0] = (0, (25.0, 10.0, 55.0, 40.0))
    labels[KINDS["spurious"]].append((0, (45.0, 42.0, 55.0, 49.0)))
    return labels


def given(labels: list[Image]) -> list[Given]:
    made, row = [], 0
    for image in labels:
        rows = np.arange(row, row + len(image))
        boxes = np.array([box for _, box in image]).reshape(-1, 4)
        made.append(Given(rows, boxes, np.array([label for label, _ in image]), np.zeros(len(image), dtype=bool)))
        row += len(image)
    return made


def seen(jitter: float = 1.0) -> list[Seen]:
    """What a good detector finds: everything, not quite in place, now and then with little confidence."""
    rng = np.random.default_rng(0)
    return [
        Seen(np.array([CAT, DOG]) + rng.uniform(-jitter, jitter, (2, 4)), rng.uniform(0.85, 0.95, 2), np.array([0, 1]))
        for _ in range(COUNT)
    ]


def kinds(doubts: list[Any]) -> set[tuple[str, int]]:
    return {(doubt.kind, doubt.image) for doubt in doubts}


def sure(found: list[Seen]) -> list[Seen]:
    """With high scores in the images that hold a fault: a faint find proves nothing."""
    for image in KINDS.values():
        found[image].scores[:] = 0.97
    return found


def test_each_kind_is_told_and_nothing_else() -> None:
    doubts, trust = find_box_doubts(given(with_faults(truth())), sure(seen()), 2)
    assert kinds(doubts) == set(KINDS.items())
    assert (trust.recall > 0.95).all() and (trust.precision > 0.85).all()
    by_kind = {doubt.kind: doubt for doubt in doubts}
    assert (by_kind["wrong_class"].label, by_kind["wrong_class"].likely) == (1, 0)
    assert by_kind["missing"].row is None and by_kind["missing"].likely == 1
    assert np.allclose(by_kind["misplaced"].box, CAT, atol=1)
    assert np.allclose(by_kind["missing"].box, DOG, atol=1)


def test_right_boxes_raise_no_doubt() -> None:
    assert find_box_doubts(given(truth()), seen(), 2)[0] == []


def test_a_detector_that_knows_a_class_badly_is_not_believed_about_it() -> None:
    found = sure(seen())
    blind = [Seen(one.boxes[:1], one.scores[:1], one.labels[:1]) if n % 2 else one for n, one in enumerate(found)]
    doubts, trust = find_box_doubts(given(with_faults(truth())), blind, 2)
    assert trust.recall[1] < 0.7
    assert not [doubt for doubt in doubts if doubt.kind == "spurious" and doubt.label == 1]
    assert ("wrong_class", KINDS["wrong_class"]) in kinds(doubts)


def test_a_faint_find_of_the_given_class_does_not_excuse_a_sure_one_of_another() -> None:
    """Detectors say both of one place; what they say faintly is not what they mean."""
    found, image = sure(seen()), KINDS["wrong_class"]
    both = found[image]
    found[image] = Seen(np.vstack([both.boxes, [CAT]]), np.append(both.scores, 0.3), np.append(both.labels, 1))
    assert ("wrong_class", image) in kinds(find_box_doubts(given(with_faults(truth())), found, 2)[0])


def test_faint_finds_and_crowds_are_no_reason_to_add_boxes() -> None:
    labels = given(truth())
    found = seen()
    found[5] = Seen(np.array([CAT, DOG, (0, 42, 20, 50)]), np.array([0.9, 0.9, 0.2]), np.array([0, 1, 0]))
    labels[7] = Given(
        labels[7].rows, np.array([CAT, (50.0, 0.0, 100.0, 50.0)]), labels[7].labels, np.array([False, True])
    )
    assert find_box_doubts(labels, found, 2)[0] == []


@pytest.fixture
def version(tmp_path: Path) -> Version:
    """A YOLO set with the faults; every image has content of its own."""
    root = tmp_path / "in"
    names = [f"images/{'val' if n % 5 == 0 else 'train'}/{n:02d}.png" for n in range(COUNT)]
    images(root, *names)
    lines = {}
    for name, image in zip(names, with_faults(truth()), strict=True):
        rows = [f"{k} {(a + c) / 200} {(b + d) / 100} {(c - a) / 100} {(d - b) / 50}" for k, (a, b, c, d) in image]
        lines[name.replace("images", "labels").replace(".png", ".txt")] = "\n".join(rows) + "\n"
    files(root, {"data.yaml": "train: images/train\nval: images/val\nnames: [cat, dog]\n", **lines})
    return Version.open(take(root, tmp_path).folder, root)


class Nested:
    """In place of real recipes: keeps what was asked for and predicts as a good detector would."""

    def __init__(self, version: Version) -> None:
        self.found = {item.path: answer for item, answer in zip(by_number(version), sure(seen()), strict=True)}
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, run: Any, path: Path, recipe: str, values: dict[str, Any], label: str) -> dict[str, Any]:
        self.asked.append((recipe, values))
        if recipe != "vision.predict_boxes":
            return {"weight": {"path": "artifacts/weight"}}
        records = [{"path": name, "error": None, "boxes": self.boxes(name)} for name in values["files"]]
        (path / "artifacts").mkdir(parents=True)
        (path / "artifacts" / "predictions.json").write_text(json.dumps(records))
        return {}

    def boxes(self, name: str) -> list[dict[str, Any]]:
        one = self.found[name]
        return [
            {"class": ("cat", "dog")[label], "box": box.tolist(), "probability": score}
            for box, score, label in zip(one.boxes, one.scores.tolist(), one.labels.tolist(), strict=True)
        ]


def by_number(version: Version) -> list[Any]:
    return sorted(version.items, key=lambda item: Path(item.path).stem)


@pytest.fixture
def nested(version: Version, monkeypatch: pytest.MonkeyPatch) -> Nested:
    fake = Nested(version)
    monkeypatch.setattr(check, "run_nested", fake)
    return fake


@pytest.fixture
def run(tmp_path: Path, version: Version) -> RunContext:
    directory = RunDirectory(tmp_path / "run")
    directory.make()
    directory.seal("data.cross_doubts", CrossDoubtsConfig(version=str(version.folder), root=str(version.root)), 0)
    return RunContext(directory, SilentEvents(), Control(directory.path))


def test_each_part_is_predicted_by_a_training_without_it(version: Version, nested: Nested, run: RunContext) -> None:
    result = by_training(version, run, settings={"size": 64, "data": {"cache_mib": 0}}, folds=4, seed=0)
    trained = [values for recipe, values in nested.asked if recipe == "vision.detect"]
    predicted = [values["files"] for recipe, values in nested.asked if recipe == "vision.predict_boxes"]
    assert sorted(name for part in predicted for name in part) == sorted(item.path for item in version.items)
    for values, left_out in zip(trained, predicted, strict=True):
        items = list(read_items(Path(values["data"]["version"])))
        assert {item.path for item in items if item.split == "test"} == set(left_out)
        assert {item.split for item in items} == {"train", "val", "test"}
        assert values["size"] == 64 and values["data"]["root"] == str(version.root)
    assert result["metrics"]["doubts"] == 4
    assert {entry["code"] for entry in result["findings"]} == {code for code, _ in SUGGESTED.values() if "box" in code}


def test_a_weight_judges_only_what_it_has_not_learnt_from(version: Version, nested: Nested, run: RunContext) -> None:
    by_weight(version, run, weight=Path("w"), seen=version.folder)
    [(_, values)] = nested.asked
    assert set(values["files"]) == {item.path for item in version.items if item.split == "val"}
    assert values["threshold"] == 0.0


def test_a_weight_that_has_learnt_from_everything_is_refused(version: Version, nested: Nested, run: RunContext) -> None:
    revise(version.folder, run.dir.path / "all", check.Changes(split=dict.fromkeys(range(COUNT), "train")), Silent())
    with pytest.raises(FormatError, match="learnt from all"):
        by_weight(version, run, weight=Path("w"), seen=run.dir.path / "all")


def test_fixes_put_every_kind_right(version: Version, nested: Nested, run: RunContext, tmp_path: Path) -> None:
    by_training(version, run, settings={}, folds=4, seed=0)
    assert len(read_doubts(version.folder)) == 4
    names = [name for name, (code, _) in SUGGESTED.items() if "box" in code]
    changes = changes_of_fixes(version.folder, names)
    assert changes.counts() == {"remove": 1, "label": 1, "corners": 1, "add": 1}
    revise(version.folder, tmp_path / "fixed", changes, Silent())
    images = open_labelled(tmp_path / "fixed")
    assert len(images.corners) == 2 * COUNT
    for row, image in enumerate(images.image.tolist()):
        wanted = (CAT, DOG)[int(images.table.label[row])]
        assert np.allclose(images.corners[row], wanted, atol=1.1), (image, images.corners[row])


def test_boxes_need_a_detector(version: Version, run: RunContext) -> None:
    with pytest.raises(FormatError) as caught:
        check.by_description(version, run, folds=3, seed=0)
    assert caught.value.code == "version.task"
