"""Shows a run to the person who started it by hand: lines of log, and one line of progress that rewrites itself."""

from __future__ import annotations

from typing import Any, TextIO

from ml_core.run.events import EventSink

_BAR_WIDTH = 30


class TerminalEcho:
    """Passes events on to the log and shows some of them on a terminal."""

    def __init__(self, sink: EventSink, stream: TextIO) -> None:
        self._sink = sink
        self._stream = stream
        self._is_in_line = False

    def write(self, kind: str, data: dict[str, Any]) -> None:
        """Write to the log, then show."""
        self._sink.write(kind, data)
        if kind == "progress":
            self._stream.write(f"\r{progress_line(data)}\x1b[K")
            self._is_in_line = True
        elif kind == "log":
            self._line(data["message"] if data["level"] == "info" else f"{data['level']}: {data['message']}")
        elif kind == "state":
            self._line(data["state"])
        self._stream.flush()

    def _line(self, text: str) -> None:
        self._stream.write(("\r\x1b[K" if self._is_in_line else "") + text + "\n")
        self._is_in_line = False

    def sync(self) -> None:
        """Flush the log."""
        self._sink.sync()

    def close(self) -> None:
        """Close the log."""
        self._sink.close()


def progress_line(data: dict[str, Any]) -> str:
    """Such as ``epoch 2/5 [#####.....] 640/1280 images, 212/s, 3 s left``."""
    done, total = data["done"], data["total"]
    text = f"{data['stage']} " if data["stage"] else ""
    if total:
        filled = int(_BAR_WIDTH * min(1.0, done / total))
        text += f"[{'#' * filled}{'.' * (_BAR_WIDTH - filled)}] {done:g}/{total:g} {data['unit']}"
    else:
        text += f"{done:g} {data['unit']}"
    if data["rate"]:
        text += f", {data['rate']:.3g}/s"
    if data["eta_s"]:
        text += f", {duration(data['eta_s'])} left"
    return text


def duration(seconds: float) -> str:
    """Such as ``42 s``, ``3 min 5 s``, ``2 h 10 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
