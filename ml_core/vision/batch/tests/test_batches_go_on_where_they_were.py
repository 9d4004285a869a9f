from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml_core.run.context import RunContext
from ml_core.run.control import Control, RunPaused, send_command
from ml_core.run.directory import RunDirectory
from ml_core.run.events import SilentEvents
from ml_core.vision.batch import predict
from ml_core.vision.batch.answers import read_index, read_some
from ml_core.vision.batch.places import preview_path
from ml_core.vision.batch.predict import predict_many
from ml_core.vision.batch.tests.films import STEP, RedFinder, make_film, picture
from ml_core.vision.detection.config import PredictBoxesConfig
from ml_core.weights.folder import WeightFacts


@pytest.fixture(autouse=True)
def finder(monkeypatch: pytest.MonkeyPatch) -> type[RedFinder]:
    class Fresh(RedFinder):
        seen, break_after = 0, None

    facts = WeightFacts(task="vision.detect", classes=["red", "dark"], threshold=0.5)
    monkeypatch.setattr(predict, "get_predictor", lambda _: Fresh)
    monkeypatch.setattr(predict, "read_facts", lambda _: facts)
    return Fresh


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two stills, a film of 20 frames between them, and a file that is no image."""
    folder = tmp_path / "root"
    folder.mkdir()
    (folder / "a.png").write_bytes(picture(10))
    make_film(folder / "film.mp4")
    (folder / "broken.png").write_bytes(b"no image")
    (folder / "z.png").write_bytes(picture(40))
    return folder


def _run(folder: Path, root: Path, *, resuming: bool = False, **choices: Any) -> tuple[dict[str, Any], RunContext]:
    config = PredictBoxesConfig(weight="w", root=str(root), device="cpu", threads=1, batch_size=3, **choices)
    directory = RunDirectory(folder)
    directory.make()
    run = RunContext(directory, SilentEvents(), Control(folder), resuming=resuming)
    return predict_many(config, run), run


def _answers(folder: Path) -> list[dict[str, Any]]:
    answers: list[dict[str, Any]] = json.loads((folder / "artifacts/predictions.json").read_text())
    return answers


def test_images_and_frames_are_answered_in_order_with_their_times(tmp_path: Path, root: Path) -> None:
    result, _ = _run(tmp_path / "run", root, every_nth=5)
    answers = _answers(tmp_path / "run")
    assert [(one["path"], one.get("frame"), one.get("time_s")) for one in answers] == [
        ("a.png", None, None), ("broken.png", None, None), ("film.mp4", 0, 0.0), ("film.mp4", 5, 0.5),
        ("film.mp4", 10, 1.0), ("film.mp4", 15, 1.5), ("z.png", None, None),
    ]  # fmt: skip
    assert result["metrics"] == {"images": 7, "failed": 1, "boxes": 6}  # at the threshold; less probable ones are kept
    assert [len(one.get("boxes", ())) for one in answers] == [2, 0, 2, 2, 2, 2, 2]
    assert result["videos"] == [{"path": "film.mp4", "first": 2, "frames": 4}] and result["threshold"] == 0.5
    assert abs(answers[4]["boxes"][0]["box"][0] - 10 * STEP) <= 2
    assert preview_path(tmp_path / "run", "film.mp4", 15).stat().st_size > 100
    with (tmp_path / "run/artifacts/predictions.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["time_s"] for row in rows if row["frame"] == "15"] == ["1.5", "1.5"]
    coco = json.loads((tmp_path / "run/artifacts/predictions.coco.json").read_text())
    assert [image["file_name"] for image in coco["images"]][1:3] == ["film.mp4/000000.jpg", "film.mp4/000005.jpg"]
    assert len(coco["annotations"]) == 12


@pytest.mark.parametrize("break_after", [1, 3, 6, 14, 21])
def test_nothing_is_computed_twice_after_a_kill(
    tmp_path: Path, root: Path, finder: type[RedFinder], break_after: int
) -> None:
    twin, _ = _run(tmp_path / "twin", root)
    finder.seen, finder.break_after = 0, break_after
    with pytest.raises(KeyboardInterrupt):
        _run(tmp_path / "run", root)
    journal = tmp_path / "run/artifacts/predictions.json"
    with journal.open("ab") as stream:
        stream.write(b',{"path":"half a li')
    finder.break_after = None
    result, _ = _run(tmp_path / "run", root, resuming=True)
    assert finder.seen == 22
    assert _answers(tmp_path / "run") == _answers(tmp_path / "twin") and result == twin


def test_a_pause_ends_at_once_and_a_resumed_run_goes_on(tmp_path: Path, root: Path, finder: type[RedFinder]) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    send_command(folder, "pause", 1)
    with pytest.raises(RunPaused):
        _run(folder, root)
    seen = finder.seen
    assert seen < 22
    _run(folder, root, resuming=True)
    assert finder.seen == 22 and len(_answers(folder)) == 23


def test_a_run_that_is_whole_computes_nothing_when_resumed(tmp_path: Path, root: Path, finder: type[RedFinder]) -> None:
    first, _ = _run(tmp_path / "run", root)
    assert _run(tmp_path / "run", root, resuming=True)[0] == first and finder.seen == 22


def test_a_damaged_video_is_one_row_that_says_why(tmp_path: Path, root: Path) -> None:
    (root / "film.mp4").write_bytes(b"no video")
    result, _ = _run(tmp_path / "run", root)
    assert result["metrics"]["failed"] == 2
    assert [one["error"]["code"] for one in _answers(tmp_path / "run") if one["error"]] == [
        "image.unknown_format", "video.damaged",
    ]  # fmt: skip


def test_a_video_that_is_too_long_keeps_its_first_frames(tmp_path: Path, root: Path) -> None:
    _run(tmp_path / "run", root, most_frames=4)
    film = [one for one in _answers(tmp_path / "run") if one["path"] == "film.mp4"]
    assert [one.get("frame") for one in film] == [0, 1, 2, 3, None]
    assert film[-1]["error"]["code"] == "video.too_long"


def test_one_video_comes_as_the_archive(tmp_path: Path, root: Path) -> None:
    config = PredictBoxesConfig(weight="w", archive=str(root / "film.mp4"), archive_name="my film.mp4", every_nth=10)
    directory = RunDirectory(tmp_path / "run")
    directory.make()
    result = predict_many(config, RunContext(directory, SilentEvents(), Control(directory.path)))
    assert (
        result["videos"] == [{"path": "my film.mp4", "first": 0, "frames": 2}]
        and (tmp_path / "run/images/my film.mp4").is_file()
    )


def test_the_index_leads_to_every_record(tmp_path: Path, root: Path) -> None:
    _run(tmp_path / "run", root)
    folder = tmp_path / "run/artifacts"
    records, findings = read_index(folder)
    answers = _answers(tmp_path / "run")
    assert read_some(folder / "predictions.json", records["offset"].tolist()) == answers
    assert records["failed"].tolist() == [one["error"] is not None for one in answers]
    assert [None if np.isnan(time) else round(float(time), 3) for time in records["time_s"]] == [
        one.get("time_s") for one in answers
    ]
    assert np.bincount(findings["record"]).tolist() == [len(one.get("boxes", ())) for one in answers]
