"""The service matches centres of images within one degree, so the obvious small box finds nothing."""

from __future__ import annotations

import pytest

from ml_core.stellar.vo.errors import ServiceError, TransientError
from ml_core.stellar.vo.search import ImageService, search_images
from ml_core.stellar.vo.tests.service import Tile

HALF = 128 * 0.55 / 3600 * 0.71


def ask(service, is_sia2=False, size=1.0, reach=0.7) -> ImageService:
    return ImageService(f"{service.base}/siap2/query" if is_sia2 else f"{service.base}/siap", is_sia2, size, reach, {})


@pytest.mark.parametrize("is_sia2", [False, True])
@pytest.mark.parametrize(("ra", "dec"), [(150.0, 10.0), (150.3, 10.4), (150.66, 9.36), (149.34, 10.65)])
def test_a_star_anywhere_in_the_tile_is_found(service, make_transfer, is_sia2, ra, dec):
    service.tiles = [Tile(1, 150.0, 10.0), Tile(2, 152.0, 10.0), Tile(3, 150.0, 11.5)]
    found = search_images(ask(service, is_sia2), make_transfer(), ra, dec, HALF)
    assert not found.missing
    assert {rows[0].title for rows in found.candidates.values()} == {"tile 1"}
    assert [len(rows) for rows in found.candidates.values()] == [1, 1, 1]  # no JPEG, no J0660, no other tile


def test_a_star_at_zero_hours_is_found_on_the_other_side(service, make_transfer):
    service.tiles = [Tile(1, 359.8, 30.0)]
    assert not search_images(ask(service), make_transfer(), 0.3, 30.1, HALF).missing


def test_a_star_between_tiles_is_in_none(service, make_transfer):
    service.tiles = [Tile(1, 150.0, 10.0)]
    found = search_images(ask(service), make_transfer(), 150.8, 10.0, HALF)
    assert found.missing == ["i", "r", "g"] and found.received > 0
    assert service.counts["/siap"] == 5


def test_a_band_may_be_missing(service, make_transfer):
    service.tiles = [Tile(1, 150.0, 10.0, bands="gr")]
    assert search_images(ask(service), make_transfer(), 150.0, 10.0, HALF).missing == ["i"]


def test_the_tile_that_holds_the_whole_cutout_comes_first(service, make_transfer):
    service.tiles = [Tile(1, 150.0, 10.0, side=115), Tile(2, 150.5, 10.0)]
    found = search_images(ask(service), make_transfer(), 150.2, 10.0, HALF)
    assert [row.title for row in found.candidates["r"]] == ["tile 2", "tile 1"]


def test_one_question_is_enough_in_the_middle(service, make_transfer):
    service.tiles = [Tile(1, 150.0, 10.0)]
    search_images(ask(service), make_transfer(), 150.1, 10.1, HALF)
    assert service.counts["/siap"] == 1


def test_a_cut_short_answer_is_asked_for_in_parts(service, make_transfer):
    service.tiles = [Tile(number, 150.0 + 0.01 * number, 10.45, side=20) for number in range(2, 8)]
    service.tiles.append(Tile(1, 150.0, 9.9))
    service.most_rows = 18
    found = search_images(ask(service), make_transfer(), 150.1, 10.0, HALF)
    assert not found.missing and found.candidates["i"][0].title == "tile 1"
    service.most_rows = 3
    with pytest.raises(ServiceError) as caught:
        search_images(ask(service), make_transfer(), 150.1, 10.3, HALF)
    assert caught.value.code == "vo.overflow"


@pytest.mark.parametrize("kind", ["500", "cut", "cut_unsaid", "empty", "hang"])
def test_a_failure_that_passes_does_not_hide_a_tile(service, make_transfer, kind):
    service.tiles = [Tile(1, 150.0, 10.0)]
    service.fail("/siap", kind)
    transfer = make_transfer(read_timeout=0.3)
    assert not search_images(ask(service), transfer, 150.0, 10.0, HALF).missing
    assert service.counts["/siap"] == 2


@pytest.mark.parametrize(("kind", "error"), [("500", TransientError), ("html", ServiceError), ("400", ServiceError),
                                             ("empty", TransientError), ("endless", ServiceError)])  # fmt: skip
def test_a_failing_service_is_never_no_coverage(service, make_transfer, kind, error):
    service.always["/siap"] = kind
    with pytest.raises(error):
        search_images(ask(service), make_transfer(answer_bytes=300_000), 150.0, 10.0, HALF)
