"""An outline on the sky knows the jump at 360 degrees, the poles and turned images."""

from __future__ import annotations

import numpy as np
import pytest

from ml_core.stellar.vo.footprint import Footprint, from_keywords, from_region, from_wcs, separation
from ml_core.stellar.vo.tests.service import SCALE_DEG, Tile

SHAPE, SCALE = (400, 400), (-SCALE_DEG, SCALE_DEG)


@pytest.mark.parametrize(("ra", "dec"), [(150.0, 2.0), (0.0, 30.0), (359.9, -60.0), (12.0, 88.5), (200.0, -89.9)])
def test_the_margin_is_the_distance_to_the_nearest_edge(ra, dec):
    outline = from_keywords((ra, dec), SHAPE, SCALE)
    assert outline.margin(ra, dec) == pytest.approx(0.7, rel=1e-3)
    assert outline.margin(ra, dec - 0.5 if dec > 0 else dec + 0.5) == pytest.approx(0.2, rel=5e-2)
    assert outline.margin(ra, dec - 0.8 if dec > 0 else dec + 0.8) == pytest.approx(-0.1, rel=5e-2)
    assert outline.margin((ra + 180) % 360, -dec) < 0


def test_a_turned_image_has_other_corners():
    straight, turned = Tile(1, 10, 0).wcs(), Tile(1, 10, 0, angle_deg=45).wcs()
    assert from_wcs(straight, *SHAPE).margin(10.65, 0.65) > 0 > from_wcs(turned, *SHAPE).margin(10.65, 0.65)
    assert from_wcs(turned, *SHAPE).margin(10.9, 0) > 0 > from_wcs(straight, *SHAPE).margin(10.9, 0)


def test_the_matrix_of_sia_gives_the_same_outline():
    wcs = Tile(1, 10, 5, angle_deg=30).wcs()
    matrix = tuple(wcs.wcs.cd.ravel())
    outline = from_keywords((10, 5), SHAPE, SCALE, matrix, (10.0, 5.0), tuple(wcs.wcs.crpix))
    assert np.allclose(outline.corners, from_wcs(wcs, *SHAPE).corners)


@pytest.mark.parametrize(
    "text", ["POLYGON ICRS 9 4 11 4 11 6 9 6", "polygon 9 4 11 4 11 6 9 6", "Polygon(9,4,11,4,11,6,9,6)"]
)
def test_regions_are_read_as_services_write_them(text):
    outline = from_region(text)
    assert outline and outline.is_certain and outline.margin(10, 5) == pytest.approx(1, rel=1e-2)
    assert outline.centre == pytest.approx((10, 5), abs=0.01)


def test_a_circle_is_not_certain():
    outline = from_region("CIRCLE ICRS 10 5 0.5")
    assert outline and not outline.is_certain and outline.margin(10, 5.4) == pytest.approx(0.1)


@pytest.mark.parametrize("text", ["", "BOX 1 2 3 4", "POLYGON ICRS 1 2 3", "POLYGON ICRS 1 2 nan 4 5 6", "CIRCLE 1 2"])
def test_other_regions_say_nothing(text):
    assert from_region(text) is None


def test_separation_is_that_of_the_sphere():
    assert separation(0, 89, 180, 89) == pytest.approx(2)
    assert separation(359.5, 0, 0.5, 0) == pytest.approx(1)
    assert Footprint((), (0.0, 0.0), 1.0).margin(0.5, 0) == pytest.approx(0.5)
