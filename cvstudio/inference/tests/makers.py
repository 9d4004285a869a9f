"""A prediction server without torch, and pictures, for tests."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from PIL import Image

from cvstudio.inference.limits import limits
from cvstudio.inference.serving.loaded_model import Engine
from cvstudio.inference.serving.protocol import RequestHeader
from cvstudio.inference.serving.server import InferenceServer
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Run, RunState
from ml_core.data.decode import load_image
from ml_core.vision.batch.answers import ANSWERS_FILE, AnswerJournal, read_answers, write_index
from ml_core.vision.batch.tables import write_tables


def picture(
    colour: tuple[int, int, int] = (200, 30, 30), size: tuple[int, int] = (12, 8), format: str = "PNG"
) -> bytes:
    """An encoded picture of one colour."""
    stream = io.BytesIO()
    Image.new("RGB", size, colour).save(stream, format)
    return stream.getvalue()


class Redness:
    """Answers how red a picture is: decodes for real, computes without torch."""

    def __init__(self, gate: threading.Event | None = None) -> None:
        self.gate = gate
        self.batches: list[int] = []

    def preprocess(self, content: bytes) -> float:
        """The mean of the red channel, 0 to 1."""
        image = load_image(content).resize((1, 1))
        pixel = image.getpixel((0, 0))
        assert isinstance(pixel, tuple)
        return pixel[0] / 255

    def forward(self, tensors: list[float], beside: int = 1) -> list[float]:
        """Notes the size of the batch; waits for the gate."""
        if self.gate is not None:
            assert self.gate.wait(10)
        self.batches.append(len(tensors))
        return tensors

    def postprocess(self, row: float) -> dict[str, Any]:
        """Two classes, best first."""
        entries = [("red", 0, row), ("other", 1, 1 - row)]
        entries.sort(key=lambda entry: -entry[2])
        return {"top": [{"class": name, "index": index, "probability": value} for name, index, value in entries]}


@contextmanager
def serving(redis_url: str, load: Callable[[RequestHeader], Any]) -> Iterator[InferenceServer]:
    """A server in this process, ready when the block begins."""
    engine = Engine("cpu", threads=1, max_batch=16, lanes=1, cache_bytes=10**6)
    server = InferenceServer(redis_url, load, limits(), engine, on_evict=lambda: None)
    server.start()
    assert server.wait_until_ready(5)
    try:
        yield server
    finally:
        server.close()


def answer_batch(run: Run, records: list[dict[str, Any]], classes: list[str], **result: Any) -> None:
    """Leave what a completed run of a batch leaves: the answers, their tables and index, and the result."""
    folder = run_folder(run.id) / "artifacts"
    folder.mkdir(parents=True)
    journal = AnswerJournal(folder / ANSWERS_FILE, resuming=False)
    journal.add({"label": None, "error": None, **record} for record in records)
    journal.close(whole=True)
    write_index(folder, folder / ANSWERS_FILE)
    task = "vision.classify" if run.recipe == "vision.predict" else "vision.detect"
    write_tables(folder, lambda: read_answers(folder / ANSWERS_FILE), task, classes)
    metrics = {"images": len(records), "failed": sum(bool(record.get("error")) for record in records)}
    run.state = RunState.COMPLETED
    run.result = {"metrics": metrics, "classes": {}, "videos": [], "threshold": 0.5, **result}
    run.save()
