"""Class means are what the stars of a class have in common: their shape, not their brightness."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ml_core.stellar.class_means import class_means, read_means, write_means
from ml_core.stellar.spectra.reading import read_any_spectrum
from ml_core.stellar.spectra.resample import GRID, to_grid
from ml_core.stellar.survey import open_survey


def test_the_nearest_mean_of_a_star_is_that_of_its_class_or_beside_it(survey_folder: Path) -> None:
    survey = open_survey(survey_folder)
    means = class_means(survey.objects, survey.spectra)
    assert means.count == dict.fromkeys(("M0", "M1", "M2", "M3", "M4"), 4)
    off = []
    for star in survey.objects:
        grid = to_grid(read_any_spectrum(survey.spectra[star.name]))
        chi2 = []
        for mean in means.flux.values():
            scale = (grid.ivar * grid.flux * mean).sum() / (grid.ivar * mean**2).sum()
            chi2.append((grid.ivar * (grid.flux - scale * mean) ** 2).sum())
        off.append(abs(int(np.argmin(chi2)) - star.label))
    assert np.mean(np.array(off) <= 1) > 0.9


def test_a_mean_is_in_units_of_the_star_between_6500_and_8500_angstrom(survey_folder: Path) -> None:
    survey = open_survey(survey_folder)
    one = next(star for star in survey.objects if star.label == 2)
    path = survey.spectra[one.name]
    copies = tuple(replace(one, name=f"{one.name}{copy}") for copy in range(3))
    single = class_means(copies, {star.name: path for star in copies})
    bright = (GRID > 6500) & (GRID < 8500)
    measured = single.flux["M2"][bright & (single.flux["M2"] != 0)]
    assert list(single.flux) == ["M2"] and np.median(measured) == np.float32(1)


def test_means_come_back_as_they_were_written(survey_folder: Path) -> None:
    survey = open_survey(survey_folder)
    means = class_means(survey.objects, survey.spectra)
    write_means(survey_folder, means)
    read = read_means(survey_folder)
    assert read is not None and read.count == means.count
    assert all(np.array_equal(read.flux[name], flux) for name, flux in means.flux.items())
    assert len(read.as_dict()["classes"]["M0"]["flux"]) == 3522


def test_a_class_of_two_stars_has_no_mean(survey_folder: Path) -> None:
    survey = open_survey(survey_folder)
    chosen = [[star for star in survey.objects if star.label == label] for label in (1, 3)]
    means = class_means((*chosen[0][:2], *chosen[1][:3]), survey.spectra)
    assert means.count == {"M3": 3}


def test_a_damaged_spectrum_is_passed_over_and_without_any_there_is_no_mean(survey_folder: Path) -> None:
    survey = open_survey(survey_folder)
    stars = tuple(star for star in survey.objects if star.label == 0)
    survey.spectra[stars[0].name].write_bytes(b"<html>")
    assert class_means(stars, survey.spectra).count == {"M0": 3}
    for star in stars:
        survey.spectra[star.name].write_bytes(b"<html>")
    write_means(survey_folder, class_means(stars, survey.spectra))
    read = read_means(survey_folder)
    assert read is not None and read.flux == {} and read.as_dict()["classes"] == {}


def test_a_folder_without_means_or_with_damaged_ones_has_none(tmp_path: Path) -> None:
    assert read_means(tmp_path) is None
    (tmp_path / "class_means.npz").write_bytes(b"PK broken")
    assert read_means(tmp_path) is None
