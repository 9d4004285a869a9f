"""Images in the wrong class are found by what never learnt from them, and put right by a fix."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml_core.data.digits import write_digits
from ml_core.data.doubts import check
from ml_core.data.doubts.out_of_fold import deal_folds
from ml_core.data.doubts.report import read_doubts
from ml_core.data.doubts.wrong_classes import find_doubts
from ml_core.data.import_images import ImportOrder, import_images
from ml_core.data.manifest import read_items
from ml_core.data.revision.fixes import changes_of_fixes
from ml_core.data.revision.revise import revise
from ml_core.data.tests.label_sets import Silent
from ml_core.data.tests.pictures import image_folder
from ml_core.errors import FormatError
from ml_core.run.cli import main


def look(version: Path, root: Path, out: Path, *settings: str) -> dict[str, Any]:
    arguments = ["data.doubts", "--set", f"version={version}", "--set", f"root={root}", "--out", str(out)]
    for setting in settings:
        arguments += ["--set", setting]
    main(arguments)
    return dict(json.loads((out / "result.json").read_text()))


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, str]]:
    """Digits, of which 20 lie under another number; and what they really are, by their path."""
    folder = tmp_path_factory.mktemp("digits")
    root = folder / "in"
    write_digits(root, per_class=40)
    rng = np.random.default_rng(0)
    files = sorted(root.rglob("*.png"))
    truth = {}
    for number in rng.choice(len(files), 20, replace=False):
        file = files[number]
        was = file.parent.name
        now = file.parent.parent / str((int(was) + int(rng.integers(1, 10))) % 10) / f"wrong{number}.png"
        file.rename(now)
        truth[now.relative_to(root).as_posix()] = was
    import_images(ImportOrder(root, folder / "images", folder / "v1"), Silent())
    look(folder / "v1", root, folder / "run")
    return folder / "v1", root, truth


def test_planted_wrong_labels_are_found_and_little_else(wrong: tuple[Path, Path, dict[str, str]]) -> None:
    version, _, truth = wrong
    [finding] = read_doubts(version)
    items = list(read_items(version))
    named = {items[position].path for position in finding["positions"]}
    assert len(named & set(truth)) >= 16
    assert len(named & set(truth)) >= 0.8 * len(named)
    likely = {items[entry["image"]].path: str(entry["likely"]) for entry in finding["suggestions"]}
    right = [likely[path] == was for path, was in truth.items() if path in likely]
    assert sum(right) >= 0.9 * len(right)
    assert (finding["code"], finding["severity"]) == ("likely_wrong_classes", "warning")
    assert f"{len(named)}. When left out, " in finding["message"]


def test_the_gravest_come_first(wrong: tuple[Path, Path, dict[str, str]]) -> None:
    [finding] = read_doubts(wrong[0])
    assert finding["positions"] == [entry["image"] for entry in finding["suggestions"]]
    assert finding["positions"] != sorted(finding["positions"])


@pytest.mark.parametrize(
    ("fix", "key"), [("take_likely_classes", "image_class"), ("leave_out_likely_wrong", "leave_out")]
)
def test_fixes_take_over_what_is_suggested(
    fix: str, key: str, wrong: tuple[Path, Path, dict[str, str]], tmp_path: Path
) -> None:
    version, _, _ = wrong
    suggestions = read_doubts(version)[0]["suggestions"]
    changes = changes_of_fixes(version, [fix])
    assert changes.counts() == {key: len(suggestions)}
    revise(version, tmp_path / "v2", changes, Silent())
    assert read_doubts(tmp_path / "v2") == []
    left = {item.path: item.label for item in read_items(tmp_path / "v2")}
    items = list(read_items(version))
    for entry in suggestions:
        assert left.get(items[entry["image"]].path) == (entry["likely"] if key == "image_class" else None)


def test_nothing_is_said_where_classes_cannot_be_told_apart(tmp_path: Path) -> None:
    root = image_folder(tmp_path / "in", {"a": 30, "b": 30})  # noise in both
    (root / "a" / "000.png").write_bytes((root / "a" / "000.png").read_bytes()[:-40])
    import_images(ImportOrder(root, tmp_path / "images", tmp_path / "v1", accept_rejects=True), Silent())
    result = look(tmp_path / "v1", root, tmp_path / "run")
    assert [entry["code"] for entry in result["findings"]] == ["labels_not_judged"]
    assert result["metrics"]["doubts"] == 0
    assert not changes_of_fixes(tmp_path / "v1", ["take_likely_classes"]).counts()


def test_too_few_images_are_refused(tmp_path: Path) -> None:
    root = image_folder(tmp_path / "in", {"a": 3, "b": 3})
    import_images(ImportOrder(root, tmp_path / "images", tmp_path / "v1"), Silent())
    assert look(tmp_path / "v1", root, tmp_path / "run")["error"]["code"] == "doubts.too_few"


def test_too_many_images_are_refused_before_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = image_folder(tmp_path / "in", {"a": 8, "b": 8})
    import_images(ImportOrder(root, tmp_path / "images", tmp_path / "v1"), Silent())
    monkeypatch.setattr(check, "_MOST_IMAGES", 15)
    error = look(tmp_path / "v1", root, tmp_path / "run")["error"]
    assert (error["code"], error["hint"]) == ("doubts.too_many", "Let the weight of a training judge them.")


def test_a_damaged_list_is_said(tmp_path: Path) -> None:
    (tmp_path / "doubts.json").write_text("[")
    with pytest.raises(FormatError, match="likely wrong labels"):
        read_doubts(tmp_path)


def test_copies_are_left_out_together_and_classes_are_spread() -> None:
    groups = np.array([0, 0, 0, *range(1, 38)])
    labels = np.arange(40) % 2
    fold = deal_folds(groups, labels, 4, seed=1)
    assert len(set(fold[:3].tolist())) == 1
    for label in (0, 1):
        counts = np.bincount(fold[2:][labels[2:] == label], minlength=4)
        assert counts.max() - counts.min() <= 1
    assert (fold == deal_folds(groups, labels, 4, seed=1)).all()


def test_a_class_that_is_weakly_known_has_a_lower_bar() -> None:
    """Northcutt's thresholds: what is usual in a class counts, not one half."""
    rows = np.array([[0.9, 0.1]] * 20 + [[0.45, 0.55]] * 20 + [[0.3, 0.7]])
    labels = np.array([0] * 20 + [1] * 20 + [0])
    rows = np.vstack([rows, [[np.nan, np.nan]]])
    [doubt] = find_doubts(rows, np.append(labels, 1))
    assert (doubt.position, doubt.label, doubt.likely) == (40, 0, 1)
