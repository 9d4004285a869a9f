"""The recipe ``stellar.download_images``: which stars, what came of them, and the table that says so."""

from __future__ import annotations

import csv
import io
import math
import shutil
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml_core.errors import FormatError
from ml_core.run.files import write_atomic
from ml_core.stellar.catalogue import StarObject
from ml_core.stellar.images.reading import image_file
from ml_core.stellar.survey import IMAGES_FOLDER, file_index, open_survey
from ml_core.stellar.vo.bands import BANDS
from ml_core.stellar.vo.composing import band_file
from ml_core.stellar.vo.disk import disk_full_is_said
from ml_core.stellar.vo.errors import NotCoveredError
from ml_core.stellar.vo.image_download import ImageDownload
from ml_core.stellar.vo.images_config import DownloadImagesConfig
from ml_core.stellar.vo.records import RecordFolder, StarRecord
from ml_core.stellar.vo.service_config import DownloadConfig
from ml_core.stellar.vo.transfer import Transfer

if TYPE_CHECKING:
    from ml_core.run.context import RunContext

WORK_FOLDER = ".download"
TABLE_FILE = "downloads.csv"


def download_images(config: DownloadImagesConfig, run: RunContext) -> dict[str, Any]:
    """Search, fetch, cut, compose and file the images of a survey's stars.

    Returns:
        ``metrics`` with how many stars are ``done``, ``present`` (from before), ``no_coverage``, ``error`` and
        ``no_position``; the artifact ``downloads.csv`` has a line for each star.

    Raises:
        FormatError: The survey cannot be read.
        ServiceError: The service failed too often in a row; a resumed run goes on where this one ended.
        TransferLimitError: The run has received as much as it may.
    """
    started = time.monotonic()
    stars = chosen_stars(config)
    target = Path(config.target or config.survey)
    terms = {"service": config.address, "protocol": config.protocol, "pixel_scale": config.pixel_scale,
             "min_coverage": config.min_coverage, "search": [config.search_size, config.search_reach]}  # fmt: skip
    records = RecordFolder(target / WORK_FOLDER / "images", terms)
    present = set() if config.overwrite else set(file_index(target / IMAGES_FOLDER))
    outcomes: dict[str, tuple[str, str, str]] = {}
    wanted: list[tuple[StarObject, StarRecord]] = []
    for star in stars:
        record = _prepared(records.read(star.name), records, config, is_new=not run.resuming)
        if record.status == "done" and (config.overwrite or image_file(star.name) in present):
            outcomes[star.name] = ("done" if run.resuming else "present", "", "")
        elif image_file(star.name) in present:
            outcomes[star.name] = ("present", "", "")
        elif math.isnan(star.ra) or math.isnan(star.dec):
            outcomes[star.name] = ("no_position", "The catalogue has no position of the star.", "vo.no_position")
        else:
            wanted.append((star, StarRecord(star.name) if record.status == "done" else record))
    transfer = Transfer(config.limits(), config.policy(), check=run.raise_if_requested)
    run.log(f"{len(wanted):,} of {len(stars):,} stars need an image.")
    try:
        with disk_full_is_said():
            ImageDownload(config, target, records, transfer, run).run(
                (star, record) for star, record in wanted if record.status in ("open", "searched")
            )
    finally:
        for _, record in wanted:
            outcomes[record.name] = (record.status, record.reason, record.code)
        write_table(run, stars, outcomes)
    shutil.rmtree(records.folder / "files", ignore_errors=True)
    shutil.rmtree(records.folder / "cuts", ignore_errors=True)
    return {"metrics": {**count(outcomes), "megabytes": transfer.received_bytes / 1e6, "requests": transfer.requests,
                        "seconds": time.monotonic() - started}}  # fmt: skip


def chosen_stars(config: DownloadConfig) -> list[StarObject]:
    """Stars of the survey that the run is about.

    Raises:
        FormatError: The survey cannot be read, or lacks one of the names.
    """
    stars = list(open_survey(config.survey).objects)
    if not config.names:
        return stars
    wanted = set(config.names)
    missing = wanted - {star.name for star in stars}
    if missing:
        raise FormatError(f'The catalogue has no star "{min(missing)}".', code="vo.unknown_star",
                          hint="Names are compared as text.", where="names")  # fmt: skip
    return [star for star in stars if star.name in wanted]


def write_table(run: RunContext, stars: list[StarObject], outcomes: dict[str, tuple[str, str, str]]) -> None:
    """Leave the artifact ``downloads.csv``: name, status, reason and code of each star."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(("name", "status", "reason", "code"))
    writer.writerows((star.name, *outcomes.get(star.name, ("open", "", ""))) for star in stars)
    path = run.artifact_path(TABLE_FILE)
    write_atomic(path, text.getvalue().encode())
    run.artifact(path)


def count(outcomes: dict[str, tuple[str, str, str]]) -> dict[str, int]:
    """How many stars ended in each way."""
    counted = Counter(status for status, _, _ in outcomes.values())
    return {status: counted[status] for status in ("done", "present", "no_coverage", "error", "no_position")}


def _prepared(record: StarRecord, records: RecordFolder, config: DownloadImagesConfig, *, is_new: bool) -> StarRecord:
    """A record as this run begins with it: errors get another chance, and so does what the user wants again."""
    is_wanted_again = (config.overwrite and is_new) or (config.ask_again and is_new and record.status == "no_coverage")
    if is_wanted_again:
        record = StarRecord(record.name)
    if record.status in ("error", "searched"):
        record.tried = {
            band: [note for note in notes if note["code"] == NotCoveredError.default_code]
            for band, notes in record.tried.items()
        }
        record.end("searched" if record.candidates else "open")
    cuts = records.folder / "cuts"
    if record.status == "searched" and all(band in record.bands for band in BANDS):
        record.bands = {}  # killed between the composite and its record
    record.bands = {band: facts for band, facts in record.bands.items()
                    if record.status == "done" or (cuts / band_file(record.name, band)).is_file()}  # fmt: skip
    return record
