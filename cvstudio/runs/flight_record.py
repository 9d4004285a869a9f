"""What a training wrote down when its loss became no number, for the page of the run."""

from __future__ import annotations

from typing import Any

from cvstudio.runs.models import Run
from cvstudio.runs.tables import read_table

RECORD, SHEET, BATCH = "flight_recorder.json", "flight_recorder.png", "flight_recorder.safetensors"
MAX_BYTES = 8 * 2**20
SHOWN_SAMPLES, SHOWN_LAYERS, SHOWN_WEIGHTS = 64, 200, 10


def flight_record_of(run: Run) -> dict[str, Any] | None:
    """Return the record with the artifacts beside it, or None where the run left none that can be read."""
    artifacts = {artifact.name: artifact for artifact in run.artifacts.filter(name__in=(RECORD, SHEET, BATCH))}
    written = artifacts.get(RECORD)
    record = read_table(written, MAX_BYTES) if written is not None else None
    if record is None:
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
