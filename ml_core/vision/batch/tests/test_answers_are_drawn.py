from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from ml_core.data.annotations.rle import encode_mask
from ml_core.errors import FormatError
from ml_core.run.context import RunContext
from ml_core.run.control import Control
from ml_core.run.directory import RunDirectory
from ml_core.run.events import SilentEvents
from ml_core.vision.batch.answers import AnswerJournal
from ml_core.vision.batch.config import DrawConfig
from ml_core.vision.batch.draw import draw_answers
from ml_core.vision.batch.paint import paint
from ml_core.vision.batch.tests.films import HEIGHT, STEP, WIDTH, make_film, picture

BLUE, ORANGE = (79, 141, 255), (255, 138, 61)


def _boxes(left: float) -> list[dict[str, Any]]:
    sure = {"box": [left, 16.0, left + 24, 48.0], "class": "red", "index": 0, "probability": 0.9}
    return [sure, {"box": [60.0, 50.0, 90.0, 60.0], "class": "dark", "index": 1, "probability": 0.2}]


def _draw(tmp_path: Path, records: list[dict[str, Any]], **choices: Any) -> tuple[dict[str, Any], Path]:
    journal = AnswerJournal(tmp_path / "predictions.json", resuming=False)
    journal.add({"error": None, **record} for record in records)
    journal.close(whole=True)
    directory = RunDirectory(tmp_path / "run")
    directory.make()
    config = DrawConfig(answers=str(tmp_path / "predictions.json"), root=str(tmp_path), **choices)
    run = RunContext(directory, SilentEvents(), Control(directory.path))
    return draw_answers(config, run), directory.artifacts


def _near(pixels: Any, colour: tuple[int, int, int], tolerance: int = 60) -> Any:
    return (np.abs(np.asarray(pixels).astype(int) - colour).max(-1) < tolerance).any()


def test_boxes_are_drawn_where_they_are_and_only_those_that_pass(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.png").write_bytes(picture(10))
    records = [{"path": "in/a.png", "boxes": _boxes(10)}, {"path": "gone.png", "boxes": []}]
    result, made = _draw(tmp_path, records, threshold=0.5)
    assert result["metrics"] == {"images": 1, "failed": 1}
    with zipfile.ZipFile(made / "pictures.zip") as packed:
        assert packed.namelist() == ["in/a.png.jpg"]
        drawn = np.asarray(Image.open(io.BytesIO(packed.read("in/a.png.jpg"))))
    assert _near(drawn[20:44, 10:12], BLUE, 90) and not _near(drawn[52:, 58:], ORANGE)


def test_a_single_video_becomes_one_with_all_its_frames_and_times(tmp_path: Path) -> None:
    make_film(tmp_path / "film.webm", codec="libvpx")
    frames = [{"path": "film.webm", "frame": n, "time_s": n / 10, "boxes": _boxes(STEP * n)} for n in range(0, 20, 5)]
    result, made = _draw(tmp_path, frames, classes=["red"])
    assert result["metrics"] == {"images": 4, "failed": 0}
    with av.open(str(made / "pictures.mp4")) as container:
        shown = [(frame.time, frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    assert [time for time, _ in shown] == pytest.approx([n / 10 for n in range(20)], abs=0.001)
    for at, held in ((0, 0), (7, 5), (19, 15)):
        left = STEP * held
        assert _near(shown[at][1][20:44, max(0, left - 2) : left + 2], BLUE, 110), at
    assert shown[0][1].shape == (HEIGHT, WIDTH, 3)


def test_images_and_videos_come_together_in_an_archive(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(picture(0))
    make_film(tmp_path / "film.mp4", frames=5)
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    error = {"code": "video.damaged", "message": "", "hint": "", "where": ""}
    records = [
        {"path": "a.jpg", "top": [{"class": "red", "index": 0, "probability": 0.7}]},
        {"path": "broken.mp4", "error": error},
        {"path": "film.mp4", "frame": 0, "time_s": 0.0, "boxes": _boxes(0)},
    ]
    result, made = _draw(tmp_path, records)
    assert result["metrics"] == {"images": 2, "failed": 1}
    with zipfile.ZipFile(made / "pictures.zip") as packed:
        assert packed.namelist() == ["a.jpg", "film.mp4"]
        assert packed.read("film.mp4")[4:8] == b"ftyp"


def test_masks_are_laid_over_and_the_picture_stays_as_it_was() -> None:
    still = Image.open(io.BytesIO(picture(0)))
    inside = np.zeros((HEIGHT // 2, WIDTH // 2), bool)
    inside[20:30, 30:40] = True
    mask = {"class": "x", "index": 1, "share": 0.1, "counts": encode_mask(inside).tolist()}
    before = np.asarray(still).copy()
    drawn = np.asarray(paint(still, {"masks": [mask], "mask_size": list(inside.shape)})).astype(int)
    assert (np.asarray(still) == before).all()
    expected = np.round(before[50, 70] + 0.45 * (np.array(ORANGE) - before[50, 70]))
    assert np.abs(drawn[50, 70] - expected).max() <= 1
    assert (drawn[40:, :40] == before[40:, :40]).all()


def test_when_nothing_is_left_to_draw_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(FormatError) as refused:
        _draw(tmp_path, [{"path": "gone.png", "boxes": []}])
    assert refused.value.code == "data.missing"
