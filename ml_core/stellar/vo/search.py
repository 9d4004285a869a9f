"""Find the images that hold a star, although a service may match the centres of images.

J-PLUS answers with the tiles whose *centre* lies in the box that is asked for, and with nothing when the box is wider
than one degree; its tiles are 1.4 degrees wide. So the widest box is asked for about the star, then four boxes beside
it, and each image's outline says whether it holds the star. Services that match overlaps answer the first question.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pyvo.dal.sia import SIAQuery
from pyvo.dal.sia2 import SIA2Query

from ml_core.stellar.vo.answers import Answer, ImageRow, read_answer
from ml_core.stellar.vo.bands import BANDS, Band
from ml_core.stellar.vo.errors import ServiceError
from ml_core.stellar.vo.footprint import separation
from ml_core.stellar.vo.transfer import Transfer

_DEEPEST = 2  # halvings of a box whose answers are cut short; more would be hundreds of questions for one star
Enough = Callable[[Mapping[str, ImageRow]], bool]


@dataclass(frozen=True)
class ImageService:
    """A service and how to ask it.

    Attributes:
        address: Of the query: the base of SIA 1, the ``query`` resource of SIA 2.
        is_sia2: Which version it speaks.
        size: Widest box in degrees that it answers.
        reach: Largest distance along an axis between a star and the centre of an image that holds it, in degrees.
        band_names: Further names of bands.
    """

    address: str
    is_sia2: bool
    size: float
    reach: float
    band_names: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Found:
    """Images of a star by band, the best first, and what is missing.

    Attributes:
        candidates: Images that hold the star, or may hold it.
        received: How many images the answers named at all.
    """

    candidates: dict[Band, tuple[ImageRow, ...]]
    received: int

    @property
    def missing(self) -> list[Band]:
        """Bands without an image."""
        return [band for band in BANDS if not self.candidates.get(band)]


def search_images(service: ImageService, transfer: Transfer, ra: float, dec: float, half_width: float) -> Found:
    """Ask for the images that hold a position.

    Args:
        service: Whom to ask.
        transfer: How.
        ra: Degrees.
        dec: Degrees.
        half_width: Half the diagonal of the cut-out in degrees; images that hold all of it come first.

    Raises:
        ServiceError: The service failed; nothing is known about the coverage then.
    """
    rows: dict[str, ImageRow] = {}
    received = 0

    def is_enough(more: Mapping[str, ImageRow]) -> bool:
        return not Found(choose_images({**rows, **more}.values(), ra, dec, half_width), 0).missing

    for box in _boxes(service, ra, dec):
        more, count, is_whole = _ask(service, transfer, box, service.size, is_enough)
        received += count
        rows.update(more)
        found = Found(choose_images(rows.values(), ra, dec, half_width), received)
        if not found.missing:
            break
        if not is_whole:
            raise ServiceError("The service has more images here than it names in one answer.", code="vo.overflow",
                               hint="Use another service or protocol.", where=service.address)  # fmt: skip
    return found


def choose_images(
    rows: Iterable[ImageRow], ra: float, dec: float, half_width: float
) -> dict[Band, tuple[ImageRow, ...]]:
    """By band the images that hold the position, the best first.

    The best hold the whole cut-out by their outline; of those, the one whose centre is nearest, which for all bands is
    the same pointing. Images that do not say where they lie come last: only their pixels can tell.
    """
    ranked: dict[Band, list[tuple[tuple[float, float, float, str], ImageRow]]] = {band: [] for band in BANDS}
    for row in rows:
        if row.footprint is None:
            ranked[row.band].append(((2.0, 0.0, 0.0, row.url), row))
            continue
        margin = row.footprint.margin(ra, dec)
        if margin < 0:
            continue
        doubt = 0.0 if row.footprint.is_certain else 1.0
        distance = round(separation(ra, dec, *row.footprint.centre), 2)  # bands of a pointing differ by arc seconds
        ranked[row.band].append(((doubt, -min(margin, half_width), distance, row.url), row))
    return {band: tuple(row for _, row in sorted(found, key=lambda item: item[0])) for band, found in ranked.items()}


def _boxes(service: ImageService, ra: float, dec: float) -> Iterator[tuple[float, float]]:
    """Centres of the boxes to ask for: the star, then the corners of the square in which centres may lie."""
    yield ra, dec
    if service.reach <= service.size / 2:
        return
    yield from _corners(ra, dec, min(service.reach, service.size) / 2)


def _corners(ra: float, dec: float, shift: float) -> Iterator[tuple[float, float]]:
    """The four positions that lie diagonally beside one, ``shift`` degrees along both axes."""
    for sign_dec in (1, -1):
        box_dec = max(-89.9, min(89.9, dec + sign_dec * shift))
        for sign_ra in (1, -1):
            yield (ra + sign_ra * shift / math.cos(math.radians(box_dec))) % 360, box_dec


def _ask(
    service: ImageService, transfer: Transfer, box: tuple[float, float], size: float, is_enough: Enough
) -> tuple[dict[str, ImageRow], int, bool]:
    """One question; when its answer was cut short without naming what is wanted, four narrower ones.

    Returns:
        Images by address, how many were named at all, and whether these are all.
    """
    answer = transfer.retried(lambda: _ask_once(service, transfer, *box, size))
    rows, received = {row.url: row for row in answer.rows}, answer.received
    if not answer.is_cut_short or is_enough(rows):
        return rows, received, True
    is_whole = size > service.size / 2**_DEEPEST
    if is_whole:
        for corner in _corners(*box, size / 4):
            more, count, is_part_whole = _ask(service, transfer, corner, size / 2, is_enough)
            rows.update(more)
            received += count
            is_whole = is_whole and is_part_whole
            if is_enough(rows):
                return rows, received, True
    return rows, received, is_whole


def _ask_once(service: ImageService, transfer: Transfer, ra: float, dec: float, size: float) -> Answer:
    query = (
        SIA2Query(service.address, pos=(ra, dec, size / 2))
        if service.is_sia2
        else SIAQuery(service.address, pos=(ra, dec), size=size)
    )
    body = transfer.answer(query.queryurl, dict(query))
    return read_answer(body, service.address, is_sia2=service.is_sia2, band_names=service.band_names)
