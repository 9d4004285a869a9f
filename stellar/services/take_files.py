"""After a download: let the rows of the stars know the files that lie in the survey folder now."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Run, RunState
from ml_core.errors import CodedError, FormatError
from ml_core.stellar.class_means import class_means, write_means
from ml_core.stellar.images.reading import image_file
from ml_core.stellar.spectra.names import spectrum_file
from ml_core.stellar.spectra.reading import read_any_spectrum
from ml_core.stellar.spectra.resample import to_grid
from ml_core.stellar.spectra.snr import snr_group
from ml_core.stellar.survey import IMAGES_FOLDER, SPECTRA_FOLDER, file_index, open_survey
from ml_core.stellar.survey_arrays import MIN_COVERAGE
from stellar.models import Download, Star, Survey, WorkState
from stellar.services.count_stars import count_stars
from stellar.services.read_star import finite, read_story
from stellar.storage import survey_folder

TABLE = "downloads.csv"
BATCH = 1_000
_IMAGE_FIELDS = ("image_file", "image_flags")
_SPECTRUM_FIELDS = ("spectrum_file", "sn", "sn_group", "coverage", "redshift", "spectrum_subclass", "fault")


def finish_download(run: Run) -> None:
    """Take what came into the table of stars. May be called again for the same run.

    Raises:
        FormatError: The run left no table of what came.
    """
    row = Download.objects.filter(run=run).exclude(state=WorkState.READY).select_related("survey").first()
    if row is None:
        return  # deleted meanwhile, or done by an earlier call
    row.counts = dict(Counter(entry["status"] for entry in read_table(row)))
    take_files(row.survey)
    row.state, row.fault = WorkState.READY, {}
    row.save()


def fail_download(run: Run) -> None:
    """Say on the download why its run ended early. What came lies in the survey; resuming fetches the rest."""
    stopped = {
        "code": "download.stopped", "message": "The download was stopped.", "where": "",
        "hint": "Start it again: what is there is not fetched twice.",
    }  # fmt: skip
    fault = run.cause if run.state != RunState.STOPPED and run.cause else stopped
    waiting = Download.objects.filter(run=run).exclude(state=WorkState.READY)
    waiting.update(state=WorkState.FAILED, fault=fault)


def read_table(download: Download) -> list[dict[str, str]]:
    """What came of each star: name, status, reason, code. Empty until the run has written it.

    Raises:
        FormatError: ``stellar.table_unreadable``.
    """
    if download.run_id is None:
        return []
    try:
        with (run_folder(download.run_id) / "artifacts" / TABLE).open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))
    except FileNotFoundError:
        return []
    except (OSError, ValueError, csv.Error) as error:
        raise FormatError("The table of the download cannot be read.", code="stellar.table_unreadable",
                          hint="Download again.", where=TABLE) from error  # fmt: skip


def downloaded_stars(download: Download, status: str = "") -> list[dict[str, Any]]:
    """Rows of the table with the ids of their stars (1 query); only those with a status where one is given.

    Raises:
        FormatError: ``stellar.table_unreadable``.
    """
    rows = [row for row in read_table(download) if not status or row["status"] == status]
    ids = dict(Star.objects.filter(survey=download.survey_id).values_list("name", "id")) if rows else {}
    return [{**row, "star": ids.get(row["name"])} for row in rows]


def take_files(survey: Survey) -> int:
    """Look which spectra and pictures are new in the survey folder, measure them, and count anew.

    Returns:
        How many stars changed.
    """
    folder = survey_folder(survey)
    images, spectra = file_index(folder / IMAGES_FOLDER), file_index(folder / SPECTRA_FOLDER)
    changed = _store(_new_images(survey, folder, images), _IMAGE_FIELDS)
    fresh = _store(_new_spectra(survey, folder, spectra), _SPECTRUM_FIELDS)
    if fresh:
        opened = open_survey(folder)
        write_means(folder, class_means(opened.objects, opened.spectra))
    if changed or fresh:
        count_stars(survey)
    return changed + fresh


def _new_images(survey: Survey, folder: Path, found: dict[str, Path]) -> Iterator[Star]:
    for star in Star.objects.filter(survey=survey, image_file="").only("name", "survey_id").iterator(5_000):
        path = found.get(image_file(star.name))
        if path is not None:
            flags = read_story(path).get("screening", {}).get("flags", [])
            star.image_file = path.relative_to(folder).as_posix()
            star.image_flags = " ".join(map(str, flags))[:80]
            yield star


def _new_spectra(survey: Survey, folder: Path, found: dict[str, Path]) -> Iterator[Star]:
    rows = Star.objects.filter(survey=survey, spectrum_file="").only("name", "survey_id", "plate", "mjd", "fiber")
    for star in rows.iterator(5_000):
        path = found.get(spectrum_file(star.plate, star.mjd, star.fiber))
        if path is not None:
            _measure(star, path, folder)
            yield star


def _measure(star: Star, path: Path, folder: Path) -> None:
    try:
        read = read_any_spectrum(path)
        coverage = to_grid(read).coverage
    except CodedError as error:
        star.fault = f"The spectrum {path.name} cannot be used: {error.message}"[:400]
        return
    if coverage < MIN_COVERAGE:
        star.fault = f"The spectrum cannot be used: only {coverage:.0%} of 4000-9000 Å were measured."
        return
    star.spectrum_file, star.fault = path.relative_to(folder).as_posix(), ""
    star.sn, star.sn_group, star.coverage = read.sn_median, snr_group(read.sn_median), coverage
    star.redshift, star.spectrum_subclass = finite(read.z), read.subclass[:60]


def _store(rows: Any, fields: tuple[str, ...]) -> int:
    batch: list[Star] = []
    stored = 0
    for star in rows:
        batch.append(star)
        if len(batch) == BATCH:
            stored += Star.objects.bulk_update(batch, fields, batch_size=100)
            batch = []
    return stored + (Star.objects.bulk_update(batch, fields, batch_size=100) if batch else 0)
