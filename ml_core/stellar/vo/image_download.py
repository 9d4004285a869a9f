"""From the stars of a survey to their composites: search, cut-outs by the service, whole images for the rest."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from ml_core.stellar.catalogue import StarObject
from ml_core.stellar.vo.answers import ImageRow
from ml_core.stellar.vo.bands import BANDS, Band
from ml_core.stellar.vo.breaker import Breaker
from ml_core.stellar.vo.composing import band_file, file_composite, write_cut
from ml_core.stellar.vo.errors import NotCoveredError, ServiceError
from ml_core.stellar.vo.images_config import DownloadImagesConfig
from ml_core.stellar.vo.known_images import KnownImages
from ml_core.stellar.vo.obtain import CutSettings, ObtainedBand, Obtainer
from ml_core.stellar.vo.records import RecordFolder, StarRecord
from ml_core.stellar.vo.search import ImageService, search_images
from ml_core.stellar.vo.transfer import Transfer

_KEPT_CANDIDATES = 4  # of each band; deeper pointings of the same place add nothing


class Reporter(Protocol):
    """What a download tells its run."""

    def log(self, message: str, level: Any = "info", *, step: int | None = None) -> None: ...

    def progress(self, done: float, total: float | None, unit: str = "items", stage: str = "") -> None: ...

    def raise_if_requested(self) -> None: ...


class ImageDownload:
    """One pass over the stars. Everything that it learns lies on the disk after each star."""

    def __init__(
        self, config: DownloadImagesConfig, target: Path, records: RecordFolder, transfer: Transfer, run: Reporter
    ) -> None:
        self._config, self._target, self._records, self._run = config, target, records, run
        self._transfer = transfer
        self._service = ImageService(
            config.address, config.protocol == "sia2", config.search_size, config.search_reach,
            {"i": config.i_names, "r": config.r_names, "g": config.g_names},
        )  # fmt: skip
        settings = CutSettings(config.pixel_scale, config.min_coverage, config.cutouts == "when_offered",
                               config.cutout_address)  # fmt: skip
        self._half_width = settings.width * 0.71  # half the diagonal
        self._obtainer = Obtainer(transfer, settings, records.folder / "files")
        self._cuts = records.folder / "cuts"
        self._columns = set(re.findall(r"\{(\w+)\}", config.cutout_address.lower()))
        self._stars: dict[str, StarObject] = {}
        self._open: dict[str, StarRecord] = {}

    def run(self, stars: Iterable[tuple[StarObject, StarRecord]]) -> None:
        """Bring each star as far as the service allows.

        Raises:
            ServiceError: The service failed too often in a row.
            TransferLimitError: The run has received as much as it may.
        """
        for star, record in stars:
            self._stars[star.name], self._open[star.name] = star, record
        self._search()
        self._open = {name: record for name, record in self._open.items() if record.status == "searched"}
        if self._config.cutouts == "when_offered":
            self._ask_for_cutouts()
        while groups := self._wanted_images():
            self._cut_from_images(groups)
        for record in self._open.values():
            if record.status == "searched":
                self._give_up(record)

    def _search(self) -> None:
        known, breaker = KnownImages(), Breaker()
        for record in self._open.values():
            known.add(_row(stored) for rows in record.candidates.values() for stored in rows)
        for done, record in enumerate(self._open.values()):
            self._run.raise_if_requested()
            self._run.progress(done, len(self._open), "stars", "search")
            if record.status != "open":
                continue
            star = self._stars[record.name]
            try:
                self._search_star(star, record, known)
                breaker.success()
            except ServiceError as error:
                record.end("error", error.message, error.code)
                self._records.write(record)
                self._run.log(f"{record.name}: {error.message}", "warning")
                breaker.failure(error)
            self._records.write(record)

    def _search_star(self, star: StarObject, record: StarRecord, known: KnownImages) -> None:
        candidates = known.find(star.ra, star.dec, self._half_width)
        if candidates is None:
            found = search_images(self._service, self._transfer, star.ra, star.dec, self._half_width)
            candidates = found.candidates
            if found.missing:
                what = "No image" if len(found.missing) == len(BANDS) else f"No image in {', '.join(found.missing)}"
                record.end("no_coverage", f"{what} of the service holds the star.", "vo.no_coverage")
                return
            known.add(row for rows in candidates.values() for row in rows)
        record.candidates = {band: [self._stored(row) for row in rows[:_KEPT_CANDIDATES]]
                             for band, rows in candidates.items()}  # fmt: skip
        record.end("searched")

    def _stored(self, row: ImageRow) -> dict[str, Any]:
        """A row without the columns that nobody needs: a hundred thousand records stay small."""
        kept = {name: text for name, text in row.columns.items() if name.lower() in self._columns}
        return replace(row, columns=kept).as_dict()

    def _ask_for_cutouts(self) -> None:
        for done, record in enumerate(self._open.values()):
            self._run.progress(done, len(self._open), "stars", "cut-outs")
            for band in BANDS:
                self._run.raise_if_requested()
                while band not in record.bands and (row := _next(record, band)) is not None:
                    try:
                        obtained = self._obtainer.from_service(self._stars[record.name], row)
                    except NotCoveredError as error:
                        self._note_failure(record, row, error)
                        continue
                    if obtained is None:
                        break
                    self._keep(record, band, obtained)

    def _wanted_images(self) -> dict[str, list[tuple[StarRecord, ImageRow]]]:
        """Whole images and the stars that need them; images of one pointing follow each other."""
        groups: dict[tuple[float, float, str], list[tuple[StarRecord, ImageRow]]] = defaultdict(list)
        for record in self._open.values():
            if record.status != "searched":
                continue
            rows = [(band, _next(record, band)) for band in BANDS if band not in record.bands]
            if any(row is None for _, row in rows):
                continue  # one band cannot be had, so the others are not fetched either
            for _, row in rows:
                if row is not None:
                    centre = row.footprint.centre if row.footprint else (0.0, 0.0)
                    groups[(round(centre[1], 1), round(centre[0], 1), row.url)].append((record, row))
        return {key[2]: groups[key] for key in sorted(groups)}

    def _cut_from_images(self, groups: dict[str, list[tuple[StarRecord, ImageRow]]]) -> None:
        breaker = Breaker()
        for done, members in enumerate(groups.values()):
            self._run.raise_if_requested()
            self._run.progress(done, len(groups), "images", "whole images")
            first = members[0][1]
            try:
                path, received = self._obtainer.whole_image(first)
                breaker.success()
            except ServiceError as error:
                self._run.log(f"{first.title or first.url}: {error.message}", "warning")
                for record, row in members:
                    self._note_failure(record, row, error)
                breaker.failure(error)
                continue
            for record, row in members:
                self._run.raise_if_requested()
                try:
                    obtained = self._obtainer.from_image(path, self._stars[record.name], row, received)
                    self._keep(record, row.band, obtained)
                except ServiceError as error:
                    self._note_failure(record, row, error)
            self._obtainer.forget(first)

    def _keep(self, record: StarRecord, band: Band, obtained: ObtainedBand) -> None:
        """Store a band; the third makes the composite."""
        write_cut(obtained.cut, self._cuts / band_file(record.name, band), obtained.cut.facts)
        record.bands[band] = obtained.provenance
        if all(known in record.bands for known in BANDS):
            query = {"service": self._service.address, "protocol": self._config.protocol}
            file_composite(self._stars[record.name], record, self._cuts, self._target, query,
                           keep_fits=self._config.keep_fits)  # fmt: skip
            record.end("done")
        self._records.write(record)

    def _note_failure(self, record: StarRecord, row: ImageRow, error: ServiceError) -> None:
        note = {"address": row.url, "code": error.code, "message": error.message}
        record.tried.setdefault(row.band, []).append(note)
        self._records.write(record)

    def _give_up(self, record: StarRecord) -> None:
        """All images of a band failed. One error among them means that the coverage is not known."""
        notes = [note for band in BANDS if band not in record.bands for note in record.tried.get(band, [])]
        errors = [note for note in notes if note["code"] != NotCoveredError.default_code]
        if errors:
            record.end("error", errors[-1]["message"], errors[-1]["code"])
        else:
            reason = notes[-1]["message"] if notes else "No image of the service holds the star."
            record.end("no_coverage", reason, NotCoveredError.default_code)
        self._records.write(record)


def _row(stored: dict[str, Any]) -> ImageRow:
    return ImageRow.from_dict(stored)


def _next(record: StarRecord, band: Band) -> ImageRow | None:
    """The best image of a band that was not tried yet."""
    tried = {note["address"] for note in record.tried.get(band, [])}
    stored = next((row for row in record.candidates.get(band, []) if row["url"] not in tried), None)
    return None if stored is None else _row(stored)
