"""Two weights on the same images: counts, classes, chance, and the images on which they disagree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml_core.run.cli import main
from ml_core.vision.compare.boxes import compare_boxes
from ml_core.vision.compare.classes import compare_classes
from ml_core.vision.compare.mcnemar import mcnemar
from ml_core.vision.detection.tests.shapes import config_for as shapes_config
from ml_core.vision.detection.tests.shapes import make_shapes
from ml_core.vision.detection.truth import LabelledImage, Truth
from ml_core.vision.tests.pictures import Pictures, config_for, make_pictures


@pytest.mark.parametrize(
    ("first", "second", "p"), [(0, 0, 1.0), (5, 5, 1.0), (0, 5, 0.0625), (1, 9, 0.021484375), (3, 4, 1.0)]
)
def test_mcnemar_is_the_exact_binomial_test(first: int, second: int, p: float) -> None:
    assert mcnemar(first, second) == pytest.approx(p) == pytest.approx(mcnemar(second, first))


def test_mcnemar_holds_for_many_cases() -> None:
    assert 0 < mcnemar(40_000, 42_000) < 1e-9


def said(name: str, probability: float = 0.9) -> dict[str, Any]:
    return {"top": [{"class": name, "index": 0, "probability": probability}]}


def test_classifiers_are_compared_by_name_and_disagreements_come_first(tmp_path: Path) -> None:
    items = make_pictures(tmp_path).items[:5]
    classes = ["blue", "green", "=red"]
    names = [classes[item.label] for item in items]
    first = [said(names[0]), said("unknown", 0.4), said(names[2]), said("unknown"), said(names[4])]
    second = [said(names[0]), said("other", 0.4), said("unknown", 0.6), said(names[3]), said(names[4])]
    found = compare_classes(items, first, second, classes)
    assert found.table == {"both": 2, "first_only": 1, "second_only": 1, "neither": 1}
    assert found.scores["accuracy"] == (0.6, 0.6) and found.p_value == 1.0
    assert [row["path"] for row in found.rows] == [items[place].path for place in (3, 2, 1)]
    assert sum(row["support"] for row in found.per_class()) == 5
    assert found.verdict() == "Both are right on equally many images."


def truth(*boxes: tuple[list[float], int]) -> Truth:
    corners = np.array([box for box, _ in boxes], float).reshape(-1, 4)
    labels = np.array([label for _, label in boxes], np.int64)
    return Truth(corners, labels, np.full(len(boxes), 100.0), np.zeros(len(boxes), bool))


def seen(*boxes: tuple[list[float], str, float]) -> dict[str, Any]:
    told = [{"box": box, "class": name, "index": 0, "probability": score} for box, name, score in boxes]
    return {"boxes": told, "threshold": 0.5, "width": 64, "height": 64}


def test_detectors_are_compared_object_by_object(tmp_path: Path) -> None:
    left, right, classes = [0.0, 0.0, 10.0, 10.0], [30.0, 30.0, 40.0, 40.0], ["cat", "dog"]
    item = make_pictures(tmp_path).items[0]
    images = [LabelledImage(item, truth((left, 0), (right, 1))), LabelledImage(item, truth((left, 0)))]
    # The first misses the dog, the second takes it for a cat and its box of doubt does not count.
    first = [seen((left, "cat", 0.9)), seen((left, "cat", 0.9))]
    second = [seen((left, "cat", 0.9), (right, "dog", 0.8)), seen((left, "cat", 0.9), (right, "dog", 0.3))]
    found = compare_boxes(images, first, second, classes)
    assert found.unit == "objects"
    assert found.table == {"both": 2, "first_only": 0, "second_only": 1, "neither": 0}
    assert found.disagreements == 1 and found.rows[0]["first"]["missed"] == 1
    assert found.scores["map50"] == (0.5, 1.0)
    assert found.verdict().startswith("The second is right on 1 more objects than the first (p = 1")


def run_of(out: Path, recipe: str, config: dict[str, Any]) -> dict[str, Any]:
    path = out.parent / f"{out.name}.json"
    path.write_text(json.dumps(config))
    main([recipe, "--config", str(path), "--out", str(out)])
    result: dict[str, Any] = json.loads((out / "result.json").read_text())
    return result


@pytest.fixture
def pictures(tmp_path: Path) -> Pictures:
    (tmp_path / "pictures").mkdir()
    return make_pictures(tmp_path / "pictures")


def test_a_run_compares_two_trained_weights_and_leaves_out_what_cannot_be_read(
    tmp_path: Path, pictures: Pictures
) -> None:
    for name, epochs in (("little", 1), ("much", 6)):
        trained = run_of(tmp_path / name, "vision.classify", config_for(pictures, fit={"epochs": epochs}))
        assert trained["state"] == "completed"
    lost = next(item for item in pictures.items if item.split == "test")
    (pictures.root / lost.path).write_bytes(b"no image")
    folders = {side: str(tmp_path / name / "artifacts/weight") for side, name in (("first", "little"),
                                                                               ("second", "much"))}  # fmt: skip
    config = {**folders, "version": str(pictures.version), "root": str(pictures.root), "device": "cpu", "threads": 1}
    done = run_of(tmp_path / "compared", "vision.compare", config)
    assert done["state"] == "completed", done["error"]
    table = json.loads((tmp_path / "compared/artifacts/comparison.json").read_text())
    assert table["unread"] == 1 and table["cases"] == 14 == sum(table["table"].values())
    assert table["scores"]["accuracy"] == [done["metrics"]["first_accuracy"], done["metrics"]["second_accuracy"]]
    assert len(table["rows"]) == table["disagreements"]
    empty = run_of(tmp_path / "none", "vision.compare", {**config, "first": str(pictures.root)})
    assert empty["state"] == "failed" and empty["error"]["code"] == "weights.incomplete"


@pytest.mark.slow
def test_detectors_get_the_scores_that_their_trainings_told(tmp_path: Path) -> None:
    shapes = make_shapes(tmp_path)
    told = []
    for name, epochs in (("little", 2), ("much", 8)):
        config = shapes_config(shapes, fit={"epochs": epochs})
        told.append(run_of(tmp_path / name, "vision.detect", config)["metrics"]["map50"])
    config = {
        "first": str(tmp_path / "little/artifacts/weight"), "second": str(tmp_path / "much/artifacts/weight"),
        "version": config["data"]["version"], "root": config["data"]["root"], "split": "val", "device": "cpu",
        "threads": 1,
    }  # fmt: skip
    done = run_of(tmp_path / "compared", "vision.compare", config)
    assert done["state"] == "completed", done["error"]
    assert [done["metrics"]["first_map50"], done["metrics"]["second_map50"]] == pytest.approx(told, abs=1e-6)
