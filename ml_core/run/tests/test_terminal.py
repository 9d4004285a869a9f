from __future__ import annotations

import io

import pytest

from ml_core.run.events import SilentEvents
from ml_core.run.terminal import TerminalEcho, duration, progress_line


def test_progress_rewrites_its_line_and_log_lines_stay() -> None:
    stream = io.StringIO()
    echo = TerminalEcho(SilentEvents(), stream)
    entry = {"done": 5, "total": 10, "unit": "images", "rate": 2.5, "eta_s": 2.0, "stage": "epoch 1/2"}
    echo.write("progress", entry)
    echo.write("log", {"level": "warning", "message": "The disk is nearly full."})
    echo.write("metric", {"values": {}})
    assert progress_line(entry) == "epoch 1/2 [###############...............] 5/10 images, 2.5/s, 2 s left"
    assert stream.getvalue().endswith("\r\x1b[Kwarning: The disk is nearly full.\n")


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (59.4, "59 s"), (185, "3 min 5 s"), (7800, "2 h 10 min")])
def test_durations_read_well(seconds: float, text: str) -> None:
    assert duration(seconds) == text
