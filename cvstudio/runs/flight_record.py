"""What a training wrote down when its loss became no number, for the page of the run."""

from __future__ import annotations

import json
from typing import Any

from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Run

RECORD, SHEET, BATCH = "flight_recorder.json", "flight_recorder.png", "flight_recorder.safetensors"
MAX_BYTES = 8 * 2**20
SHOWN_SAMPLES, SHOWN_LAYERS, SHOWN_WEIGHTS = 64, 200, 10


def flight_record_of(run: Run) -> dict[str, Any] | None:
    """Return the record with the artifacts beside it, or None where the run left none that can be read."""
    artifacts = {artifact.name: artifact for artifact in run.artifacts.filter(name__in=(RECORD, SHEET, BATCH))}
    written = artifacts.get(RECORD)
    if written is None or written.size_bytes > MAX_BYTES:
        return None
    folder = run_folder(run.id).resolve()
    path = (folder / written.path).resolve()
    if not path.is_relative_to(folder):
        return None
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # the row outlives the file; the page shows what is left
    if not isinstance(record, dict):
        return None
    doubted = [sample for sample in record["samples"] if sample["doubt"]]
    return {
        **record,
        "doubted": doubted,
        "samples": (doubted or record["samples"])[:SHOWN_SAMPLES],
        "layers": record["layers"][:SHOWN_LAYERS],
        "weights": record["weights"][:SHOWN_WEIGHTS],
        "sheet": artifacts.get(SHEET),
        "kept_batch": artifacts.get(BATCH),
    }
