"""What is known about each star of a download, one small JSON file per star, so that a kill costs one star at most."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from ml_core.run.files import write_json_atomic

Status = Literal["open", "searched", "done", "no_coverage", "error"]


@dataclass
class StarRecord:
    """How far a star has come.

    Attributes:
        name: Of the star.
        status: ``open``, ``searched`` (its images are known), ``done``, ``no_coverage`` (the service has none),
            or ``error`` (nothing is known).
        reason: Why it is not done, as a sentence.
        code: Of the error.
        candidates: Images by band, as ``ImageRow.as_dict`` writes them, the best first.
        bands: Provenance of each band that lies cut out on the disk.
        tried: By band: address, code and message of each image that did not do.
    """

    name: str
    status: Status = "open"
    reason: str = ""
    code: str = ""
    candidates: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    bands: dict[str, dict[str, Any]] = field(default_factory=dict)
    tried: dict[str, list[dict[str, str]]] = field(default_factory=dict)

    def end(self, status: Status, reason: str = "", code: str = "") -> None:
        """Record how it ended."""
        self.status, self.reason, self.code = status, reason, code


class RecordFolder:
    """The records of a download. What was learnt from another service or with other settings does not count.

    Args:
        folder: Where they lie; made when it is missing.
        terms: What the records depend on: the service, the pixel scale.
    """

    def __init__(self, folder: Path, terms: dict[str, Any]) -> None:
        self.folder = folder
        self.stars = folder / "stars"
        stamp = folder / "terms.json"
        if _read(stamp) != json.loads(json.dumps(terms)):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            write_json_atomic(stamp, terms)
        self.stars.mkdir(exist_ok=True)

    def read(self, name: str) -> StarRecord:
        """The record of a star; a new one when there is none or it is damaged."""
        stored = _read(self.stars / f"{name}.json")
        try:
            return StarRecord(**stored) if stored else StarRecord(name)
        except TypeError:
            return StarRecord(name)

    def write(self, record: StarRecord) -> None:
        """Store a record, whole or not at all."""
        write_json_atomic(self.stars / f"{record.name}.json", asdict(record))

    def all(self) -> Iterator[StarRecord]:
        """Every readable record."""
        for path in sorted(self.stars.glob("*.json")):
            yield self.read(path.stem)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return stored if isinstance(stored, dict) else None
