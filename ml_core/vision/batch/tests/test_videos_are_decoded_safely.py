from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ml_core.errors import FormatError
from ml_core.vision.batch.tests.films import HEIGHT, STEP, WIDTH, make_film
from ml_core.vision.batch.video import Frame, Video

HLS = "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:10.0,\n{address}\n#EXT-X-ENDLIST\n"


def _frames(path: Path, **choices: int) -> list[Frame]:
    with Video(path, **choices) as video:
        return list(video)


def _left(frame: Frame) -> int:
    pixels = np.asarray(Image.open(io.BytesIO(frame.content))).astype(int)
    assert pixels.shape == (HEIGHT, WIDTH, 3)
    return int(np.argmax((pixels[..., 0] > 130).any(0)))


@pytest.mark.parametrize(
    ("name", "codec"), [("a.avi", "mpeg4"), ("a.mp4", "libx264"), ("a.webm", "libvpx"), ("a.mkv", "libx264")]
)
def test_every_nth_frame_comes_with_its_number_and_time(tmp_path: Path, name: str, codec: str) -> None:
    frames = _frames(make_film(tmp_path / name, codec=codec), every_nth=5)
    assert [frame.number for frame in frames] == [0, 5, 10, 15]
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.5, 1, 1.5])
    for frame in frames:
        assert abs(_left(frame) - STEP * frame.number) <= 2


def test_frames_that_are_known_do_not_come_again(tmp_path: Path) -> None:
    film = make_film(tmp_path / "a.mp4")
    assert [frame.number for frame in _frames(film, every_nth=4, known=8)] == [12, 16]
    assert _frames(film, every_nth=4, known=16) == []


def test_what_a_video_says_of_itself_is_told_before_its_frames(tmp_path: Path) -> None:
    with Video(make_film(tmp_path / "a.mp4")) as video:
        assert (video.rate, video.frames) == (10, 20)


def test_more_frames_than_allowed_are_refused_after_the_allowed_ones(tmp_path: Path) -> None:
    with Video(make_film(tmp_path / "a.mp4"), most=3) as video, pytest.raises(FormatError) as refused:
        numbers = [frame.number for frame in video]
        del numbers
    assert refused.value.code == "video.too_long"
    with Video(tmp_path / "a.mp4", every_nth=10, most=3) as video:
        assert len(list(video)) == 2


@pytest.mark.parametrize(
    "content",
    [b"", b"no video at all", HLS.format(address="file:///etc/passwd").encode(), b"ffconcat version 1.0\nfile a.avi\n",
     HLS.format(address="http://127.0.0.1:9/a.ts").encode(), b"\x00\x00\x00\x18ftypmp42" + b"\xff" * 4000],
    ids=["empty", "text", "playlist of files", "list of files", "playlist of addresses", "only a head"],
)  # fmt: skip
def test_what_is_no_video_is_refused_with_a_cure(tmp_path: Path, content: bytes) -> None:
    make_film(tmp_path / "a.avi")
    (tmp_path / "evil.mp4").write_bytes(content)
    with pytest.raises(FormatError) as refused:
        _frames(tmp_path / "evil.mp4")
    assert (refused.value.code, refused.value.where) == ("video.damaged", "evil.mp4")
    assert refused.value.hint


def test_a_video_that_is_cut_off_gives_what_is_there(tmp_path: Path) -> None:
    film = make_film(tmp_path / "a.webm", codec="libvpx", frames=40)
    film.write_bytes(film.read_bytes()[: film.stat().st_size // 2])
    assert 5 < len(_frames(film)) < 40


def test_flipped_bytes_end_in_frames_or_a_named_error(tmp_path: Path) -> None:
    film = make_film(tmp_path / "a.mp4", codec="libx264")
    whole, chance = film.read_bytes(), np.random.default_rng(0)
    for _ in range(6):
        content = bytearray(whole)
        for at in chance.integers(0, len(content), 60):
            content[at] = chance.integers(256)
        film.write_bytes(content)
        try:
            assert len(_frames(film)) <= 20
        except FormatError as error:
            assert error.code.startswith("video.")
