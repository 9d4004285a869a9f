"""An import of labels tells where it is, can be cancelled at any stage, and leaves nothing half."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ml_core.data.import_images import ImportOrder, import_images
from ml_core.data.readers import json_stream
from ml_core.data.tests.label_sets import Silent, coco_document, coco_set, take


class Cancelled(Exception):
    """The user pressed the button."""


class Cancelling(Silent):
    """Ends at a stage, and remembers all that it heard of."""

    def __init__(self, stage: str) -> None:
        self.stage, self.heard = stage, [""]

    def progress(self, done: float, total: float | None, unit: str = "items", stage: str = "") -> None:
        self.heard.append(stage)

    def raise_if_requested(self) -> None:
        if self.heard[-1] == self.stage:
            raise Cancelled


@pytest.mark.parametrize("stage", ["recognise", "read labels", "scan"])
def test_cancelling_leaves_no_half_version(stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "_PIECE", 512)
    rows = [{"id": n, "image_id": 7, "category_id": 2, "bbox": [n, 2, 3, 4]} for n in range(500)]
    root = coco_set(tmp_path / "in", annotations=rows)
    for number in range(200):
        (root / "images" / "train2017" / f"more{number}.jpg").write_bytes(
            (root / "images" / "train2017" / "a.jpg").read_bytes()
        )
    listener = Cancelling(stage)
    with pytest.raises(Cancelled):
        import_images(ImportOrder(root, tmp_path / "i", tmp_path / "v", task="detect"), listener)
    assert listener.heard[-1] == stage
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]
    assert len(take(root, tmp_path).table) == 500


def test_positions_of_progress_never_go_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "_PIECE", 64)
    root = coco_set(tmp_path / "in")
    (root / "annotations" / "instances_val2017.json").write_text(json.dumps(coco_document(images=[])))
    told: list[tuple[str, float, float | None]] = []

    class Listening(Silent):
        def progress(self, done: float, total: float | None, unit: str = "items", stage: str = "") -> None:
            told.append((stage, done, total))

    order = ImportOrder(root, tmp_path / "i", tmp_path / "v", task="detect", accept_rejects=True)
    import_images(order, Listening())
    read = [(done, total) for stage, done, total in told if stage == "read labels"]
    assert read == sorted(read)
    assert read[-1][0] == read[-1][1]
    assert list(dict.fromkeys(stage for stage, _, _ in told)) == ["recognise", "read labels", "scan", "sort"]
