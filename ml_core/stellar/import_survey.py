"""From a catalogue, spectra and pictures to a survey folder: read everything once, take what is whole, report the rest.

The files that come in are never changed. The survey folder appears whole or not at all.
"""

from __future__ import annotations

import csv
import errno
import io
import json
import math
import re
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ml_core.data.archive import ArchiveLimits, extract_zip
from ml_core.errors import CodedError, FormatError
from ml_core.run.files import sync_folder, write_atomic, write_json_atomic
from ml_core.stellar.catalogue import Catalogue, StarObject, read_catalogue
from ml_core.stellar.class_means import class_means, write_means
from ml_core.stellar.images.reading import image_file
from ml_core.stellar.import_check import CheckedStar, check_star
from ml_core.stellar.import_config import ImportSurveyConfig
from ml_core.stellar.import_match import match_images, match_spectra
from ml_core.stellar.import_report import measurements_csv, survey_report
from ml_core.stellar.simulate import COLUMNS, simulate_survey
from ml_core.stellar.survey import IMAGES_FOLDER, REPORT_FILE, SPECTRA_FOLDER, file_index, find_catalogue

if TYPE_CHECKING:
    from ml_core.run.context import RunContext

MEASUREMENTS_FILE = "measurements.csv"


class Reporter(Protocol):
    """What an import tells and asks while it works; a run's context fits."""

    def log(self, message: str, level: Any = "info") -> None:
        """Write a line for people."""

    def progress(self, done: float, total: float | None, unit: str = "items", stage: str = "") -> None:
        """Report a position."""

    def raise_if_requested(self) -> None:
        """Raise when the user asked to end."""


def import_survey(config: ImportSurveyConfig, run: RunContext) -> dict[str, Any]:
    """The recipe ``stellar.import``.

    Returns:
        ``metrics`` and ``report``. The report and the measurements of every star become artifacts.

    Raises:
        FormatError: The catalogue cannot be read, or holds no star that can be used.
        UnsafeFileError: An archive could do harm.
        CodedError: ``survey.target_exists`` or ``disk.full``.
    """
    started = time.monotonic()
    report = make_survey_folder(config, run)
    for name in (REPORT_FILE, MEASUREMENTS_FILE):
        shutil.copyfile(Path(config.target) / name, run.artifact_path(name))
        run.artifact(run.artifact_path(name))
    metrics = {"stars": report["stars"], "complete": report["complete"], "findings": len(report["findings"]),
               "seconds": time.monotonic() - started}  # fmt: skip
    return {"metrics": metrics, "report": report}


def make_survey_folder(config: ImportSurveyConfig, run: Reporter) -> dict[str, Any]:
    """Make the survey folder and return the content of its ``report.json``; one that is there already is kept."""
    target = Path(config.target)
    if (target / REPORT_FILE).is_file():  # an import that was finished before its process died
        report: dict[str, Any] = json.loads((target / REPORT_FILE).read_text(encoding="utf-8"))
        run.log("The survey was imported already; it is kept as it is.")
        return report
    if target.exists():
        raise CodedError("The survey's folder exists already.", code="survey.target_exists",
                         hint="Choose another folder.", where="target")  # fmt: skip
    partial = target.with_name(f".{target.name}.partial")
    unpacked = target.with_name(f".{target.name}.files")
    for folder in (partial, unpacked):
        shutil.rmtree(folder, ignore_errors=True)  # what a killed process left
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        catalogue, spectra, images = _sources(config, unpacked, run)
        partial.mkdir()
        report = _fill(config, catalogue, spectra, images, partial, run)
        run.raise_if_requested()
        partial.rename(target)
        sync_folder(target.parent)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _full_disk() from error
        raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(unpacked, ignore_errors=True)
    return report


def _sources(
    config: ImportSurveyConfig, unpacked: Path, run: Reporter
) -> tuple[Catalogue, dict[str, Path], dict[str, Path]]:
    """The catalogue, and all files of spectra and pictures by name."""
    if config.sample == "simulated":

        def report(done: int, total: int) -> None:
            run.raise_if_requested()
            run.progress(done, total, "stars", "simulate")

        simulate_survey(unpacked / "simulated", config.stars, config.seed, progress=report)
        source: Path | None = unpacked / "simulated"
    else:
        source = _folder(config.source, unpacked / "source", config, run) if config.source else None
    if source is not None and source.is_dir():
        source = _inner(source)
    catalogue_path = Path(config.catalogue) if config.catalogue else source
    if catalogue_path is not None and catalogue_path.is_dir():
        catalogue_path = find_catalogue(catalogue_path)
    if catalogue_path is None:
        raise FormatError("There is no catalogue.", code="survey.no_catalogue", where="catalogue",
                          hint="Name one, or put objects.csv into the folder beside spectra and images.")  # fmt: skip
    folder = source if source is not None and source.is_dir() else None
    indices = []
    for kind, given in ((SPECTRA_FOLDER, config.spectra), (IMAGES_FOLDER, config.images)):
        found = _folder(given, unpacked / kind, config, run) if given else folder / kind if folder else None
        indices.append(file_index(found) if found is not None else {})
    return read_catalogue(catalogue_path), indices[0], indices[1]


def _folder(given: str, unpacked: Path, config: ImportSurveyConfig, run: Reporter) -> Path:
    """The folder itself, or an archive unpacked; another file stays what it is."""
    path = Path(given)
    if not path.exists():
        raise FormatError("The file or folder does not exist.", code="survey.missing", hint="Check the path.",
                          where=path.name)  # fmt: skip
    if path.is_dir() or path.suffix.lower() != ".zip":
        return path
    if config.files == "link":
        raise CodedError("Files in an archive cannot be linked.", code="survey.link_archive",
                         hint="Import with a copy.", where="files")  # fmt: skip
    limits = ArchiveLimits(max_total_bytes=int(config.max_unpacked_gb * 1e9),
                           reserve_bytes=int(config.reserve_gb * 1e9))  # fmt: skip
    extract_zip(path, unpacked, limits=limits, check_cancelled=run.raise_if_requested,
                progress=lambda done, total: run.progress(done, total, "bytes", "unpack"))  # fmt: skip
    return unpacked


def _inner(folder: Path) -> Path:
    """Archives often hold one folder that holds everything."""
    if find_catalogue(folder) is None:
        inner = [path for path in folder.iterdir() if path.is_dir() and find_catalogue(path) is not None]
        if len(inner) == 1:
            return inner[0]
    return folder


def _fill(
    config: ImportSurveyConfig, catalogue: Catalogue, spectra: dict[str, Path], images: dict[str, Path],
    partial: Path, run: Reporter,
) -> dict[str, Any]:  # fmt: skip
    spectrum_of, image_of = match_spectra(catalogue.objects, spectra), match_images(catalogue.objects, images)
    pairs = [(star, spectrum_of.get(star.name), image_of.get(star.name)) for star in catalogue.objects]
    taken = [path for _, *paths in pairs for path in paths if path is not None]
    if config.files == "copy":
        needed = sum(path.stat().st_size for path in taken)
        if needed + config.reserve_gb * 1e9 > shutil.disk_usage(partial).free:
            raise _full_disk()
    checked: list[CheckedStar] = []
    usable: dict[str, Path] = {}
    for done, (star, spectrum, image) in enumerate(pairs, start=1):
        run.raise_if_requested()
        found = check_star(star, spectrum, image)
        if spectrum is not None and found.spectrum:
            _take(spectrum, partial / SPECTRA_FOLDER / folder_of(star) / star.spectrum_file, config.files)
            usable[star.name] = spectrum
        if image is not None and found.image:
            _take(image, partial / IMAGES_FOLDER / folder_of(star) / image_file(star.name), config.files)
        checked.append(found)
        run.progress(done, len(pairs), "stars", "check")
    write_atomic(partial / "objects.csv", catalogue_csv(catalogue.objects))
    write_atomic(partial / MEASUREMENTS_FILE, measurements_csv(checked))
    write_means(partial, class_means(catalogue.objects, usable))
    ignored = {"spectra": len(spectra) - len(spectrum_of), "pictures": len(images) - len(image_of)}
    report = survey_report(catalogue.report, checked, ignored)
    write_json_atomic(partial / REPORT_FILE, report)
    for entry in report["findings"]:
        run.log(entry["message"], "info" if entry["severity"] == "info" else "warning")
    run.log(f"{report['stars']:,} stars, {report['complete']:,} of them with class, spectrum and picture.")
    return report


def folder_of(star: StarObject) -> str:
    """The folder under ``spectra`` and ``images``: the subclass, as far as it can be a folder's name."""
    return re.sub(r"[^A-Za-z0-9]+", "_", star.subclass).strip("_")[:40] or "unknown"


def _take(path: Path, target: Path, how: str) -> None:
    """Bring a file in under the name of the specification. Pictures are known by their content, whatever their name."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if how == "link":
        target.symlink_to(path.resolve())
    else:
        shutil.copyfile(path, target)


def catalogue_csv(stars: tuple[StarObject, ...]) -> bytes:
    """``objects.csv`` with the columns of the specification; unknown numbers are empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for star in stars:
        numbers = ["" if math.isnan(value) else repr(value) for value in (star.ra, star.dec, *star.magnitudes)]
        writer.writerow([star.name, *numbers[:2], star.plate, star.mjd, star.fiber, star.subclass, *numbers[2:]])
    return text.getvalue().encode()


def _full_disk() -> CodedError:
    return CodedError("There is not enough free disk space for the survey.", code="disk.full",
                      hint="Free some disk space, or link the files where they lie.")  # fmt: skip
