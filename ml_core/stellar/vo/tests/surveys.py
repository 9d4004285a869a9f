"""A small survey in the layout of the specification, and runs of the recipes on it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from ml_core.run.cli import main
from ml_core.stellar.vo.tests.service import PIXEL_SCALE, Service

COLUMNS = ("name", "ra", "dec", "plate", "mjd", "fiberID", "subclass", *(f"{band}_mag" for band in "ugriz"))


def write_survey(folder: Path, positions: dict[str, tuple[float, float]]) -> Path:
    """``objects.csv`` with stars of M0, M1, ... in turn."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "objects.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for index, (name, (ra, dec)) in enumerate(positions.items()):
            writer.writerow((name, ra, dec, 269, 51910, index + 1, f"M{index % 5}", 22, 20, 19, 18, 17))
    return folder


def settings_of(recipe: str, service: Service, survey: Path, settings: dict[str, Any]) -> str:
    """The configuration of a run on this machine as JSON."""
    values = {"survey": str(survey), "trusted_hosts": [service.host], "requests_per_second": 50, "retries": 1,
              "backoff_s": 0, "read_timeout_s": 5}  # fmt: skip
    if recipe == "stellar.download_images":
        values |= {"service": f"{service.base}/siap", "pixel_scale": PIXEL_SCALE}
    else:
        values |= {"base": f"{service.base}/sas"}
    return json.dumps(values | settings)


def run(
    recipe: str, service: Service, survey: Path, out: Path, /, *extra: str, **settings: Any
) -> tuple[int, dict[str, Any], dict[str, dict[str, str]]]:
    """Exit code, result, and the rows of ``downloads.csv`` by name."""
    out.parent.mkdir(parents=True, exist_ok=True)
    config = out.parent / f"{out.name}.json"
    config.write_text(settings_of(recipe, service, survey, settings))
    code = main([recipe, "--config", str(config), "--out", str(out), *extra])
    table = out / "artifacts/downloads.csv"
    rows = {row["name"]: row for row in csv.DictReader(table.open())} if table.is_file() else {}
    return code, json.loads((out / "result.json").read_text()), rows
