"""The real catalogue, spectra and images beside the repository: imported, read, downloaded for, exported again."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cvstudio.datasets.tests.carry_out import carry_out_all
from stellar.models import Star, Survey

URL = "/api/v1/stellar"
pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def survey(alice_api: Any, shared_data: Path, settings: Any) -> Survey:
    settings.DATASET_ROOTS = [shared_data]
    answer = alice_api.post(f"{URL}/surveys", {"source": "folder", "path": str(shared_data / "stellar")})
    assert answer.status_code == 201, answer.content
    carry_out_all()
    return Survey.objects.get(id=answer.json()["id"])


def test_the_real_catalogue_is_a_survey_with_three_spectra(survey: Survey, alice_api: Any, shared_data: Path) -> None:
    assert survey.state == "ready", survey.fault
    with (shared_data / "stellar" / "objects.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    stars = {star.name: star for star in survey.star_rows.all()}
    assert set(stars) == {row["name"] for row in rows} and len(stars) == 321
    for row in rows:
        star = stars[row["name"]]
        assert (star.subclass, star.plate) == (row["subclass"], int(row["plate"]))
        assert star.ra == pytest.approx(float(row["ra"]), abs=1e-9)
    with_spectrum = sorted(star.label_name for star in stars.values() if star.spectrum_file)
    assert with_spectrum == ["M1", "M1", "M4"] and survey.complete == 0
    reasons = alice_api.get(f"{URL}/surveys/{survey.id}/report").json()["stars_left_out"]
    assert len(reasons) == 321 and all(reasons.values())


def test_real_spectra_are_shown_with_their_lines(survey: Survey, alice_api: Any) -> None:
    star = Star.objects.filter(survey=survey, label=4).exclude(spectrum_file="").get()
    told = alice_api.get(f"{URL}/stars/{star.id}/spectrum").json()
    assert told["subclass"].startswith("M4") and told["medium"] == "vacuum"
    assert told["sn"] == pytest.approx(star.sn, rel=1e-4)
    wavelength = np.array(told["wavelength"])
    flux = np.array([np.nan if value is None else value for value in told["flux"]])
    red = np.nanmedian(flux[(wavelength > 8000) & (wavelength < 8500)])
    blue = np.nanmedian(flux[(wavelength > 5000) & (wavelength < 5500)])
    assert red > 2 * blue, "an M4 star is red"
    means = alice_api.get(f"{URL}/surveys/{survey.id}/means").json()
    assert means["classes"] == {}, "two stars make no mean of a class"


def test_real_stars_are_found_by_their_place(survey: Survey, alice_api: Any) -> None:
    star = survey.star_rows.order_by("position")[5]
    query = {"survey": survey.id, "cone": f"{star.ra},{star.dec},1''", "sort": "separation"}
    found = alice_api.get(f"{URL}/stars", query).json()["results"]
    assert found[0]["name"] == star.name and found[0]["separation_arcsec"] == pytest.approx(0, abs=1e-4)
