"""The recipe as a person runs it, against a service that behaves, and one that does not."""

from __future__ import annotations

import json

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from ml_core.stellar.survey import open_survey
from ml_core.stellar.vo.tests.service import Tile
from ml_core.stellar.vo.tests.surveys import run, write_survey

RECIPE = "stellar.download_images"
STARS = {"1000000000000000001": (150.1, 10.1), "1000000000000000002": (149.8, 9.9), "star_c": (150.5, 10.45)}
OUTSIDE = {"nowhere": (220.0, 60.0)}


@pytest.fixture
def tile(service) -> Tile:
    tile = Tile(7, 150.0, 10.0, stars=list(STARS.values()))
    service.tiles = [tile]
    return tile


def test_one_tile_is_fetched_once_for_all_its_stars(service, tile, tmp_path):
    survey = write_survey(tmp_path / "survey", STARS | OUTSIDE)
    code, result, rows = run(RECIPE, service, survey, tmp_path / "out")
    assert code == 0, result
    assert {name: row["status"] for name, row in rows.items()} == {
        **dict.fromkeys(STARS, "done"), "nowhere": "no_coverage"
    }  # fmt: skip
    assert service.counts["/get_fits"] == 3  # one file of each band
    assert service.counts["/siap"] == 1 + 0 + 1 + 5  # the second star lies well inside of the tile that the first named
    assert service.counts["/get_fits_cutout"] == 1  # a refusal is remembered
    assert set(open_survey(survey).images) == set(STARS)
    for index, name in enumerate(STARS):
        picture = survey / f"images/M{index}/{name}_image.jpg"
        pixels = np.asarray(Image.open(picture)).astype(int)
        assert pixels.shape == (128, 128, 3)
        centre = pixels[62:66, 62:66].mean((0, 1))
        assert centre[0] > centre[2] and centre.max() > 150 > 60 > np.median(pixels)  # i is red, and the star is red
    metrics = result["metrics"]
    assert (metrics["done"], metrics["no_coverage"], metrics["error"]) == (3, 1, 0)
    work = survey / ".download/images"
    assert not (work / "files").exists() and not (work / "cuts").exists()


def test_the_note_says_where_every_pixel_came_from(service, tile, tmp_path):
    survey = write_survey(tmp_path / "survey", STARS)
    run(RECIPE, service, survey, tmp_path / "out", keep_fits=True)
    note = json.loads((survey / "images/M0/1000000000000000001_image.json").read_text())
    assert note["service"] == f"{service.base}/siap" and note["channels"]["red"] == "i"
    assert set(note["bands"]) == {"g", "r", "i"} and note["fluxes_share_a_zero_point"]
    band = note["bands"]["i"]
    assert band["said"] == "iSDSS" and band["recognised_by"] == "name" and band["cut_by"] == "local"
    assert band["file"]["url"] == f"{service.base}/get_fits?id=7&filter=3" and len(band["file"]["sha256"]) == 64
    assert band["coverage"] == 1.0 and band["zero_point"] == 22.5 and band["tile_id"] == 7
    assert note["stretch"]["name"] == "asinh" and "flags" in note["screening"]
    for letter in "gri":
        with fits.open(survey / f"fits/1000000000000000001_{letter}SDSS.fits") as found:
            assert found[0].data.shape == (128, 128)
            peak = np.unravel_index(np.argmax(found[0].data), (128, 128))
            assert np.abs(np.array(peak) - 63.5).max() < 2


@pytest.mark.parametrize("settings", [{}, {"protocol": "sia2"}])
def test_cutouts_of_the_service_are_preferred(service, tile, tmp_path, settings):
    service.offers_cutouts = True
    if settings:
        settings = settings | {"service": f"{service.base}/siap2/query"}
    survey = write_survey(tmp_path / "survey", STARS)
    code, result, _ = run(RECIPE, service, survey, tmp_path / "out", **settings)
    assert code == 0 and result["metrics"]["done"] == 3
    assert service.counts["/get_fits"] == 0 and service.counts["/get_fits_cutout"] == 9
    note = json.loads((survey / "images/M2/star_c_image.json").read_text())
    assert {band["cut_by"] for band in note["bands"].values()} == {"service"}
    assert 0.5 < note["bands"]["r"]["coverage"] < 1  # at the corner of the tile


@pytest.mark.parametrize(("cutouts", "piece", "count"), [("when_offered", "/soda", 9), ("never", "/get_fits", 3)])
def test_links_of_the_answer_lead_to_cutouts_or_to_whole_images(service, tile, tmp_path, cutouts, piece, count):
    service.links = True
    survey = write_survey(tmp_path / "survey", STARS)
    code, result, _ = run(RECIPE, service, survey, tmp_path / "out", protocol="sia2", cutouts=cutouts,
                          service=f"{service.base}/siap2/query")  # fmt: skip
    assert code == 0 and result["metrics"]["done"] == 3
    pieces = {path: service.counts[path] for path in ("/soda", "/get_fits", "/get_fits_cutout")}
    assert pieces == {"/soda": 0, "/get_fits": 0, "/get_fits_cutout": 0, piece: count}
    assert service.counts["/links"] == 3


def test_cutouts_and_whole_images_show_the_same(service, tile, tmp_path):
    pictures = []
    for offered in (True, False):
        service.offers_cutouts = offered
        survey = write_survey(tmp_path / str(offered), {"a": (150.1, 10.1)})
        run(RECIPE, service, survey, tmp_path / f"out{offered}")
        pictures.append(np.asarray(Image.open(survey / "images/M0/a_image.jpg")).astype(float))
    assert np.abs(pictures[0] - pictures[1]).mean() < 4


@pytest.mark.slow
def test_a_second_run_asks_nothing_and_a_wish_is_heard(service, tile, tmp_path):
    survey = write_survey(tmp_path / "survey", STARS | OUTSIDE)
    run(RECIPE, service, survey, tmp_path / "one")
    asked = sum(service.counts.values())
    code, result, rows = run(RECIPE, service, survey, tmp_path / "two")
    assert code == 0 and sum(service.counts.values()) == asked
    assert result["metrics"]["present"] == 3 and rows["nowhere"]["status"] == "no_coverage"
    run(RECIPE, service, survey, tmp_path / "three", ask_again=True)
    assert sum(service.counts.values()) > asked
    asked = sum(service.counts.values())
    _, result, _ = run(RECIPE, service, survey, tmp_path / "four", overwrite=True)
    assert result["metrics"]["done"] == 3 and sum(service.counts.values()) > asked + 5


@pytest.mark.parametrize("kind", ["404", "html", "huge", "cut_unsaid", "500"])
def test_an_image_that_cannot_be_had_is_an_error_and_not_no_coverage(service, tile, tmp_path, kind):
    survey = write_survey(tmp_path / "survey", STARS)
    service.always["/get_fits"] = kind
    code, result, rows = run(RECIPE, service, survey, tmp_path / "out")
    assert code == 0 and {row["status"] for row in rows.values()} == {"error"}
    assert all(row["reason"] and row["code"].startswith("vo.") for row in rows.values())
    assert not list(survey.rglob("*.jpg"))
    service.always.clear()
    code, result, rows = run(RECIPE, service, survey, tmp_path / "again")
    assert result["metrics"]["done"] == 3 and service.counts["/siap"] <= 15


def test_another_tile_helps_where_one_fails(service, tmp_path):
    star = (150.0, 10.0)
    service.tiles = [Tile(1, 150.0, 10.0, stars=[star]), Tile(2, 150.1, 10.0, stars=[star])]
    survey = write_survey(tmp_path / "survey", {"a": star})
    service.fail("/get_fits", "404", "html", "404")
    _, result, _ = run(RECIPE, service, survey, tmp_path / "out")
    assert result["metrics"]["done"] == 1
    assert json.loads((survey / "images/M0/a_image.json").read_text())["bands"]["r"]["title"] == "tile 2"


@pytest.mark.slow
def test_a_service_that_is_down_ends_the_run_and_loses_nothing(service, tile, tmp_path):
    survey = write_survey(tmp_path / "survey", {f"s{number}": (150.0, 10.0 + number / 100) for number in range(8)})
    service.always["/siap"] = "500"
    code, result, rows = run(RECIPE, service, survey, tmp_path / "out")
    assert code == 1 and result["error"]["code"] == "vo.status_500" and "5 times" in result["error"]["message"]
    assert service.counts["/siap"] == 10 and len(rows) == 8
    service.always.clear()
    code, result, rows = run(RECIPE, service, survey, tmp_path / "out", "--resume")
    assert code == 0 and result["metrics"]["done"] == 8


def test_an_image_that_does_not_hold_the_star_after_all_is_no_coverage(service, tmp_path):
    service.tiles = [Tile(1, 150.0, 10.0, side=40)]
    real = service.sia1
    service.sia1 = lambda tiles: real([Tile(tile.identifier, tile.ra, tile.dec) for tile in tiles])
    survey = write_survey(tmp_path / "survey", {"a": (150.4, 10.3)})
    _, result, rows = run(RECIPE, service, survey, tmp_path / "out")
    assert rows["a"]["status"] == "no_coverage" and result["metrics"]["error"] == 0


def test_a_turned_image_of_another_scale_is_brought_to_the_grid(service, tmp_path):
    service.tiles = [Tile(1, 150.0, 10.0, angle_deg=30, stars=[(150.02, 10.1)])]
    service.sia1 = lambda tiles: service.sia2(tiles)
    survey = write_survey(tmp_path / "survey", {"a": (150.0, 10.0)})
    run(RECIPE, service, survey, tmp_path / "out", pixel_scale=6.3, protocol="sia2",
        service=f"{service.base}/siap2/query", keep_fits=True)  # fmt: skip
    with fits.open(survey / "fits/a_rSDSS.fits") as found:
        row, column = np.unravel_index(np.argmax(found[0].data), (128, 128))
    scale = 6.3 / 3600
    expected = (63.5 - 0.02 * np.cos(np.radians(10.1)) / scale, 63.5 + 0.1 / scale)
    assert (column, row) == pytest.approx(expected, abs=1.5)
    note = json.loads((survey / "images/M0/a_image.json").read_text())
    assert note["bands"]["r"]["is_resampled"] and note["bands"]["r"]["image_pixel_scale_arcsec"] == pytest.approx(12.6)


def test_a_star_without_a_position_is_said_so(service, tile, tmp_path):
    survey = write_survey(tmp_path / "survey", {"a": (150.0, 10.0), "b": (400.0, 10.0)})
    _, result, rows = run(RECIPE, service, survey, tmp_path / "out")
    assert rows["b"]["status"] == "no_position" and result["metrics"]["done"] == 1


def test_names_choose_stars_and_unknown_ones_are_refused(service, tile, tmp_path):
    survey = write_survey(tmp_path / "survey", STARS)
    _, result, rows = run(RECIPE, service, survey, tmp_path / "out", names=["star_c"])
    assert list(rows) == ["star_c"] and result["metrics"]["done"] == 1
    code, result, _ = run(RECIPE, service, survey, tmp_path / "other", names=["who"])
    assert code == 1 and result["error"]["code"] == "vo.unknown_star"
