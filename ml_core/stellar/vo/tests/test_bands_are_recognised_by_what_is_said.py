"""Archives name the same band in many ways, and narrow bands lie inside the broad ones."""

from __future__ import annotations

import pytest

from ml_core.stellar.vo.bands import find_band


@pytest.mark.parametrize(("name", "band"), [
    ("iSDSS", "i"), ("gSDSS", "g"), ("rSDSS", "r"), ("SDSS i", "i"), ("sdss-r", "r"), ("J-PLUS_gSDSS", "g"), ("i", "i"),
    ("R", "r"), ("g-band", "g"), ("i'", "i"),
])  # fmt: skip
def test_a_name_says_the_band(name, band):
    found = find_band([name], None, "", {})
    assert found and (found.band, found.evidence) == (band, "name")


@pytest.mark.parametrize("name", ["J0515", "J0660", "J0861", "uJAVA", "zSDSS", "1", "2", "", "grism", "Ir"])
def test_another_name_says_none(name):
    assert find_band([name], None, "", {}) is None


@pytest.mark.parametrize(("limits", "band"), [
    ((3.8e-7, 5.4e-7), "g"), ((5.5e-7, 7.0e-7), "r"), ((6.9e-7, 8.2e-7), "i"), ((6.52e-7, 6.68e-7), None),
    ((5.05e-7, 5.25e-7), None), ((8.2e-7, 9.6e-7), None), ((0.0, 0.0), None), ((float("nan"), 1e-6), None),
])  # fmt: skip
def test_wavelengths_say_the_band_but_narrow_ones_are_none(limits, band):
    found = find_band([], limits, "", {})
    assert (found.band if found else None) == band


def test_a_title_is_the_last_resort():
    found = find_band([], None, "tile 90000 iSDSS swp", {})
    assert found and (found.band, found.evidence) == ("i", "title")
    assert find_band(["J0660"], None, "tile 90000 iSDSS", {}) is None
    assert find_band([], None, "grid of images", {}) is None


def test_names_of_the_user_count_also_numbers():
    found = find_band(["12"], None, "", {"i": ["12"]})
    assert found and found.band == "i"
