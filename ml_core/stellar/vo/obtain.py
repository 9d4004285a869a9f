"""Get a band of a star: from the service's cut-outs where it offers them, else from the whole image."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from ml_core.run.files import sha256_file
from ml_core.stellar.catalogue import StarObject
from ml_core.stellar.images.composite import SIDE
from ml_core.stellar.vo.answers import ImageRow
from ml_core.stellar.vo.cutout_service import Links, read_links, sibling_address
from ml_core.stellar.vo.cutting import BandCut, check_whole, cut_from_file
from ml_core.stellar.vo.errors import NotCoveredError, ServiceError, TransientError
from ml_core.stellar.vo.transfer import Received, Transfer

_WIDER = 1.15  # cut-outs are asked for a little wider, because their edges are those of pixels


@dataclass(frozen=True)
class ObtainedBand:
    """A cut-out and its provenance."""

    cut: BandCut
    provenance: dict[str, Any]


@dataclass(frozen=True)
class CutSettings:
    """How cut-outs are made; see ``DownloadImagesConfig``."""

    pixel_scale: float
    min_coverage: float
    use_service: bool
    template: str

    @property
    def width(self) -> float:
        """Side of a cut-out in degrees."""
        return SIDE * self.pixel_scale / 3600


class Obtainer:
    """Fetches cut-outs and whole images, and remembers what a service does not offer."""

    def __init__(self, transfer: Transfer, settings: CutSettings, folder: Path) -> None:
        self._transfer, self._settings, self._folder = transfer, settings, folder
        self._links: dict[str, Links] = {}
        self._not_offered: set[str] = set()
        folder.mkdir(parents=True, exist_ok=True)

    def from_service(self, star: StarObject, row: ImageRow) -> ObtainedBand | None:
        """A cut-out that the service made; ``None`` when it offers none, or fails to.

        Raises:
            NotCoveredError: The star is not in the image.
        """
        if not self._settings.use_service:
            return None
        parameters: dict[str, str] | None = None
        width = self._settings.width * _WIDER
        if row.has_links:
            try:
                links = self._read_links(row)
            except ServiceError:
                return None  # fetching the image reports it
            address, parameters = links.cutout, links.cutout_parameters(star.ra, star.dec, width * 0.71)
        else:
            address = sibling_address(row, self._settings.template, star.ra, star.dec, width)
        kind = address.partition("?")[0]
        if not address or kind in self._not_offered:
            return None
        path = self._folder / f"cutout_{star.name}_{row.band}.fits"
        try:
            received = self._fetch(address, path, parameters)
            return self._cut(path, star, row, received, "service")
        except NotCoveredError:
            raise
        except TransientError:
            return None
        except ServiceError:
            self._not_offered.add(kind)
            return None
        finally:
            path.unlink(missing_ok=True)

    def image_address(self, row: ImageRow) -> str:
        """Where the whole image is.

        Raises:
            ServiceError: Its links cannot be read, or lead to none.
        """
        if not row.has_links:
            return row.url
        address = self._read_links(row).image
        if not address:
            raise ServiceError("The service links no image.", code="vo.links", where=row.url[:200])
        return address

    def whole_image(self, row: ImageRow) -> tuple[Path, Received]:
        """The image as a file, which stays until ``forget``; one that an earlier process fetched is used.

        Raises:
            ServiceError: It cannot be had.
        """
        address = self.image_address(row)
        path = self._tile_path(row)
        if not path.is_file():
            return path, self._fetch(address, path, None)
        return path, Received(address, path.stat().st_size, sha256_file(path), "")

    def from_image(self, path: Path, star: StarObject, row: ImageRow, received: Received) -> ObtainedBand:
        """Cut a star out of a whole image.

        Raises:
            NotCoveredError: The star is not in it.
            ServiceError: The image cannot be used.
        """
        return self._cut(path, star, row, received, "local")

    def forget(self, row: ImageRow) -> None:
        """Delete a whole image."""
        self._tile_path(row).unlink(missing_ok=True)

    def _tile_path(self, row: ImageRow) -> Path:
        return self._folder / f"image_{hashlib.sha256(row.url.encode()).hexdigest()[:24]}.fits"

    def _read_links(self, row: ImageRow) -> Links:
        if row.url not in self._links:
            self._links[row.url] = read_links(row, self._transfer)
        return self._links[row.url]

    def _fetch(self, address: str, path: Path, parameters: dict[str, str] | None) -> Received:
        def once() -> Received:
            received = self._transfer.fits_file(address, path, parameters)
            try:
                check_whole(path)
            except ServiceError:
                path.unlink(missing_ok=True)
                raise
            return received

        return self._transfer.retried(once)

    def _cut(
        self, path: Path, star: StarObject, row: ImageRow, received: Received,
        made_by: Literal["service", "local"],
    ) -> ObtainedBand:  # fmt: skip
        settings = self._settings
        cut = cut_from_file(path, star.ra, star.dec, size=SIDE, pixel_scale=settings.pixel_scale,
                            min_coverage=settings.min_coverage)  # fmt: skip
        provenance = {
            "band": row.band, "recognised_by": row.band_evidence, "said": row.band_said, "title": row.title,
            "address": row.url, "cut_by": made_by, "file": asdict(received), "pixel_scale_arcsec": settings.pixel_scale,
            "fetched_at": datetime.now(UTC).isoformat(timespec="seconds"), **cut.facts,
        }  # fmt: skip
        return ObtainedBand(cut, provenance)
