"""The answers of a batch: one JSON record a line, written as they come and read again after an interruption.

``predictions.json`` is valid JSON once it is closed, and until then a journal: ``[``, then a record a line, each but
the first behind a comma. Free of torch: the pages read it too.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_core.run.files import to_json

ANSWERS_FILE = "predictions.json"
RECORDS_FILE, FINDINGS_FILE = "index/records.npy", "index/findings.npy"
#: A record: where its line begins, whether there is no answer, whether it is right (-1 where nobody knows), and the
#: time of a frame in seconds.
RECORD = np.dtype([("offset", "<i8"), ("failed", "?"), ("right", "i1"), ("time_s", "<f4")])
#: One class that was found in a record, or that it was given.
FINDING = np.dtype([("record", "<i4"), ("index", "<i4"), ("probability", "<f4")])
_END = b"]\n"


class AnswerJournal:
    """Appends records; what a killed process left half written is cut off.

    Args:
        path: The file.
        resuming: Whether to go on with what is there.

    Attributes:
        known: The paths that are answered, with the number of the last frame of a video that may go on.
        count: Records so far.
    """

    def __init__(self, path: Path, *, resuming: bool) -> None:
        self.known: dict[str, int | None] = {}
        self.count = 0
        end = 0
        if resuming and path.is_file():
            for offset, record, size in _lines(path):
                end = offset + size
                self._note(record)
        path.touch()
        self._stream = path.open("r+b")
        self._stream.truncate(end)
        self._stream.seek(end)
        if not end:
            self._stream.write(b"[\n")

    def _note(self, record: dict[str, Any]) -> None:
        self.known[record["path"]] = record.get("frame")
        self.count += 1

    def add(self, records: Iterable[dict[str, Any]]) -> None:
        """Write records, and hand them to the system: a killed process loses none."""
        for record in records:
            # A folder may hold names that are no UTF-8; one such name must not cost the answers for all the others.
            text = ("," if self.count else "") + to_json(record) + "\n"
            self._stream.write(text.encode(errors="backslashreplace"))
            self._note(record)
        self._stream.flush()

    def close(self, *, whole: bool) -> None:
        """Close the file; ``whole`` makes it valid JSON."""
        if whole:
            self._stream.write(_END)
        self._stream.close()


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any], int]]:
    """Offset, record and length of each whole line."""
    with path.open("rb") as stream:
        offset = len(stream.readline())
        for line in stream:
            if not line.endswith(b"\n") or line == _END:
                return
            yield offset, json.loads(line.strip(b",\n")), len(line)
            offset += len(line)


def read_answers(path: Path) -> Iterator[dict[str, Any]]:
    """All records in their order; memory does not grow with their number."""
    for _, record, _ in _lines(path):
        yield record


def read_some(path: Path, offsets: Iterable[int]) -> list[dict[str, Any]]:
    """The records whose lines begin at these places."""
    records = []
    with path.open("rb") as stream:
        for offset in offsets:
            stream.seek(offset)
            records.append(json.loads(stream.readline().strip(b",\n")))
    return records


def findings_of(record: dict[str, Any]) -> list[tuple[int, float]]:
    """Index and probability of every class that an answer names: the best one, or that of each object or area."""
    if record.get("top"):
        return [(record["top"][0]["index"], record["top"][0]["probability"])]
    if "masks" in record:
        return [(mask["index"], mask["share"]) for mask in record["masks"]]
    return [(box["index"], box["probability"]) for box in record.get("boxes", ())]


def write_index(folder: Path, answers: Path) -> None:
    """Write tables from which a page is found without reading all answers."""
    records, findings = [], []
    for number, (offset, record, _) in enumerate(_lines(answers)):
        best = record["top"][0]["class"] if record.get("top") else None
        known = best is not None and record.get("label") is not None
        right = best == record["label"] if known else -1
        records.append((offset, record["error"] is not None, right, record.get("time_s", math.nan)))
        findings += [(number, index, probability) for index, probability in findings_of(record)]
    (folder / "index").mkdir(exist_ok=True)
    np.save(folder / RECORDS_FILE, np.array(records, dtype=RECORD))
    np.save(folder / FINDINGS_FILE, np.array(findings, dtype=FINDING))


def read_index(folder: Path) -> tuple[NDArray[np.void], NDArray[np.void]]:
    """The tables of `write_index`, mapped: what nobody looks at is not read."""
    records, findings = (np.load(folder / name, "r", allow_pickle=False) for name in (RECORDS_FILE, FINDINGS_FILE))
    return records, findings
