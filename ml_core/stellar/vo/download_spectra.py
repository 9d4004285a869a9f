"""The recipe ``stellar.download_spectra``: SDSS spectra by plate, MJD and fibre."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml_core.run.files import write_json_atomic
from ml_core.stellar.catalogue import StarObject
from ml_core.stellar.survey import SPECTRA_FOLDER, file_index
from ml_core.stellar.vo.breaker import Breaker
from ml_core.stellar.vo.composing import class_folder
from ml_core.stellar.vo.disk import disk_full_is_said
from ml_core.stellar.vo.download_images import WORK_FOLDER, chosen_stars, count, write_table
from ml_core.stellar.vo.errors import ServiceError
from ml_core.stellar.vo.records import RecordFolder, StarRecord
from ml_core.stellar.vo.sdss_spectra import check_spectrum, reductions, spectrum_address
from ml_core.stellar.vo.spectra_config import DownloadSpectraConfig
from ml_core.stellar.vo.transfer import Received, Transfer

if TYPE_CHECKING:
    from ml_core.run.context import RunContext

_ABSENT = {"vo.status_404", "vo.status_410"}


def download_spectra(config: DownloadSpectraConfig, run: RunContext) -> dict[str, Any]:
    """Fetch and file the spectra of a survey's stars, as ``spectra/<subclass>/spec-pppp-mmmmm-ffff.fits``.

    Returns:
        ``metrics`` with how many stars are ``done``, ``present``, ``no_coverage`` (the archive has no such spectrum)
        and ``error``; the artifact ``downloads.csv`` has a line for each star.

    Raises:
        FormatError: The survey cannot be read.
        ConfigError: The path of spectra cannot be understood.
        ServiceError: The service failed too often in a row; a resumed run goes on where this one ended.
        TransferLimitError: The run has received as much as it may.
    """
    started = time.monotonic()
    stars = chosen_stars(config)
    target = Path(config.target or config.survey)
    terms = {"base": config.base, "path": config.path, "run2d": config.run2d}
    records = RecordFolder(target / WORK_FOLDER / "spectra", terms)
    present = set() if config.overwrite else set(file_index(target / SPECTRA_FOLDER))
    transfer = Transfer(config.limits(), config.policy(), check=run.raise_if_requested)
    outcomes: dict[str, tuple[str, str, str]] = {}
    breaker = Breaker()
    try:
        for done, star in enumerate(stars):
            run.raise_if_requested()
            run.progress(done, len(stars), "stars", "spectra")
            record = records.read(star.name)
            is_settled = record.status == "no_coverage" and not (config.ask_again and not run.resuming)
            if record.status == "done" and run.resuming and (config.overwrite or star.spectrum_file in present):
                outcomes[star.name] = ("done", "", "")
            elif star.spectrum_file in present:
                outcomes[star.name] = ("present", "", "")
            elif is_settled and not config.overwrite:
                outcomes[star.name] = (record.status, record.reason, record.code)
            else:
                with disk_full_is_said():
                    outcomes[star.name] = _one(config, star, target, records, transfer, breaker)
    finally:
        write_table(run, stars, outcomes)
    return {"metrics": {**count(outcomes), "megabytes": transfer.received_bytes / 1e6, "requests": transfer.requests,
                        "seconds": time.monotonic() - started}}  # fmt: skip


def _one(
    config: DownloadSpectraConfig, star: StarObject, target: Path, records: RecordFolder, transfer: Transfer,
    breaker: Breaker,
) -> tuple[str, str, str]:  # fmt: skip
    """Fetch one spectrum, and record what came of it."""
    record, failure = StarRecord(star.name), None
    try:
        if _fetch(config, star, target, transfer):
            record.end("done")
        else:
            record.end("no_coverage", "The archive has no such spectrum.", "vo.no_coverage")
    except ServiceError as error:
        record.end("error", error.message, error.code)
        failure = error
    records.write(record)
    if failure is None:
        breaker.success()
    else:
        breaker.failure(failure)
    return record.status, record.reason, record.code


def _fetch(config: DownloadSpectraConfig, star: StarObject, target: Path, transfer: Transfer) -> bool:
    """Try the reductions one after the other; ``False`` when none has the spectrum."""
    path = target / SPECTRA_FOLDER / class_folder(star) / star.spectrum_file
    fresh = path.with_name(f".{path.name}.fresh")
    for run2d in reductions(star, config.run2d):
        address = spectrum_address(config.base, config.path, star, run2d)

        def once(address: str = address) -> Received:
            received = transfer.fits_file(address, fresh)
            check_spectrum(fresh, star)
            return received

        try:
            received = transfer.retried(once)
            note = {"name": star.name, "address": address, "run2d": run2d, "file": asdict(received),
                    "fetched_at": datetime.now(UTC).isoformat(timespec="seconds")}  # fmt: skip
            write_json_atomic(path.with_suffix(".json"), note)
            fresh.replace(path)
            return True
        except ServiceError as error:
            if error.code not in _ABSENT:
                raise
        finally:
            fresh.unlink(missing_ok=True)
    return False
