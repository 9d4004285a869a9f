"""Regions of a map: found, ordered, measured, and compared with their background."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ml_core.hsi.metrics import MetricError
from ml_core.hsi.metrics.regions import find_regions, pixel_area, strongest_regions
from ml_core.hsi.scene import Georeference, Scene

UTM = 'PROJCS["UTM 11N",GEOGCS["WGS 84",UNIT["degree",0.0174532925199433]],UNIT["metre",1],AXIS["Easting",EAST]]'
FEET = UTM.replace('"metre",1]', '"US survey foot",0.3048006096012192]')
DEGREES = (
    'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],UNIT["degree",0.0174532925199433]]'
)


def picture():
    """A map with three regions on low noise, the mask of the first, and a cube whose spectra differ in them."""
    rng = np.random.default_rng(0)
    scores = rng.random((40, 50)).astype(np.float32)
    scores[5:7, 10:13] = [[50, 60, 55], [50, 50, 90]]
    scores[20, 30], scores[21, 31] = 70, 30  # touch at a corner
    scores[39, 0] = 40
    mask = np.zeros((40, 50), dtype=np.uint8)
    mask[6, 12] = mask[6, 13] = 1
    cube = np.full((40, 50, 4), 10.0)
    cube[5:7, 10:13] = [10, 0, 0, 10]
    return scores, mask, cube


def test_regions_come_strongest_first_with_place_size_and_score():
    scores, mask, _ = picture()
    first, second, third = find_regions(scores, 20, mask=mask, pixel_area_m2=4)
    assert [first.rank, second.rank, third.rank] == [1, 2, 3]
    assert (first.id, first.row, first.column) == ("r6c12", 6, 12)
    assert (first.top, first.left, first.bottom, first.right) == (5, 10, 6, 12)
    assert (first.centroid_row, first.centroid_column) == (5.5, 11)
    assert (first.pixels, first.area_m2) == (6, 24)
    assert first.max_score == 90
    assert first.mean_score == pytest.approx(355 / 6)
    assert (first.hit, first.hit_pixels) == (True, 1)
    assert (second.pixels, second.hit) == (2, False)
    assert (third.row, third.column, third.pixels) == (39, 0, 1)


def test_an_id_stays_while_the_threshold_moves():
    scores, _, _ = picture()
    assert [region.id for region in find_regions(scores, 20)] == [region.id for region in find_regions(scores, 35)]
    assert find_regions(scores, 80)[0].id == "r6c12"


def test_only_as_many_as_asked_for_and_none_above_the_maximum():
    scores, _, _ = picture()
    assert len(find_regions(scores, 20, count=2)) == 2
    assert find_regions(scores, 20, count=0) == []
    assert find_regions(scores, 91) == []


def test_without_a_threshold_the_highest_percent_makes_the_regions():
    scores, _, _ = picture()
    assert sum(region.pixels for region in find_regions(scores, count=100)) == 20
    assert find_regions(np.ones((9, 9))) == []
    almost_constant = np.zeros((20, 20))
    almost_constant[3, 4] = 1
    assert [region.id for region in find_regions(almost_constant)] == ["r3c4"]


def test_the_spectrum_is_compared_with_a_ring_that_holds_no_other_region():
    scores, _, cube = picture()
    cube[4:8, 9:14] = np.where(cube[4:8, 9:14] == 10, 77, cube[4:8, 9:14])  # light that spills over
    cube[5:7, 10:13] = [10, 0, 0, 10]
    scores[6, 16], cube[6, 16] = 45, 1e6  # another region inside of the ring
    first = find_regions(scores, 20, cube=cube)[0]
    assert first.spectrum == [10, 0, 0, 10]
    assert first.background == [10, 10, 10, 10]
    assert first.spectral_angle_deg == pytest.approx(45)


def test_bad_and_missing_bands_do_not_enter_the_angle():
    scores, _, cube = picture()
    cube[..., 1] = np.nan
    cube[5:7, 10:13, 2] = -1e9
    good = np.array([True, True, False, True])
    first = find_regions(scores, 20, cube=cube, good_bands=good)[0]
    assert first.spectral_angle_deg == pytest.approx(0, abs=1e-5)
    assert first.spectrum[1] is None
    json.dumps(first.as_dict(), allow_nan=False)


def test_a_region_without_surroundings_has_no_background():
    scores = np.ones((6, 6))
    scores[0, 0] = 0.5
    region = find_regions(scores, 0.2, cube=np.ones((6, 6, 3)))[0]
    assert (region.background, region.spectral_angle_deg) == ([], None)
    assert region.spectrum == [1, 1, 1]


def test_a_scene_gives_what_it_knows(tmp_path):
    scores, mask, cube = picture()
    np.save(tmp_path / "cube.npy", cube)
    mapped = np.load(tmp_path / "cube.npy", mmap_mode="r")
    place = Georeference((3.5, 0, 0, 0, -3.5, 0), UTM)
    scene = Scene("scene", mapped, mask, None, np.ones(4, dtype=bool), place)
    rows = strongest_regions(scores, scene, threshold=20, count=2)
    assert [row["rank"] for row in rows] == [1, 2]
    assert rows[0]["area_m2"] == pytest.approx(6 * 3.5**2)
    assert rows[0]["hit"] is True
    json.dumps(rows, allow_nan=False)
    assert strongest_regions(scores, scene, threshold=20, pixel_size_m=2)[0]["area_m2"] == 24


def test_the_area_of_a_pixel_needs_lengths_on_a_plane():
    transform = (2.0, 0.0, 5e5, 0.0, -3.0, 4e6)
    assert pixel_area(Georeference(transform, UTM)) == 6
    assert pixel_area(Georeference(transform, FEET)) == pytest.approx(6 * 0.3048006096**2)
    assert pixel_area(Georeference(transform, DEGREES)) is None
    assert pixel_area(Georeference(transform, "")) is None
    assert pixel_area(None) is None


def test_a_broken_map_or_a_foreign_mask_is_refused():
    scores, mask, _ = picture()
    with pytest.raises(MetricError, match="not numbers"):
        find_regions(np.where(mask, np.nan, scores))
    with pytest.raises(MetricError, match="shape"):
        find_regions(scores, mask=mask[1:])
