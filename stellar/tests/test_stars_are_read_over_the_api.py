"""One star and its files over the API: numbers, spectrum, picture, its neighbours in the table."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ml_core.stellar.spectra.reading import read_any_spectrum
from stellar.models import Star, Survey
from stellar.storage import image_path, spectrum_path
from stellar.tests.makers import STARS, make_survey, make_survey_row

URL = "/api/v1/stellar"
pytestmark = pytest.mark.django_db


@pytest.fixture
def survey(alice: Any) -> Survey:
    return make_survey_row(alice)


def test_the_sample_needs_no_files_and_becomes_stars(alice: Any, alice_api: Any) -> None:
    survey = make_survey(alice)
    body = alice_api.get(f"{URL}/surveys/{survey.id}").json()
    assert (body["state"], body["stars"], body["with_spectrum"], body["with_image"]) == ("ready", STARS, STARS, STARS)
    assert sum(body["classes"].values()) == body["complete"] == STARS
    assert sum(body["sn_groups"].values()) == STARS and body["size_bytes"] > 100_000
    star = Star.objects.get(survey=survey, position=3)
    assert star.name.isdecimal() and int(star.name) > 2**50 and star.label_name == "M3" and star.reason == ""


def test_names_are_texts_with_all_their_digits(survey: Survey, alice_api: Any) -> None:
    rows = alice_api.get(f"{URL}/stars", {"survey": survey.id}).json()["results"]
    names = [star.name for star in survey.star_rows.order_by("position")]
    assert [row["name"] for row in rows] == names and all(isinstance(row["name"], str) for row in rows)


def test_a_spectrum_comes_as_json_and_as_binary_with_equal_numbers(survey: Survey, alice_api: Any) -> None:
    star = survey.star_rows.order_by("position")[0]
    told = alice_api.get(f"{URL}/stars/{star.id}/spectrum").json()
    assert (told["medium"], told["wavelength_unit"], told["name"]) == ("vacuum", "Angstrom", star.name)
    answer = alice_api.get(f"{URL}/stars/{star.id}/spectrum?form=binary")
    wavelength, flux, error = np.frombuffer(answer.content, "<f4").reshape(3, told["points"])
    stored = read_any_spectrum(spectrum_path(star))
    assert np.allclose(wavelength, stored.wavelength, rtol=1e-6) and np.allclose(told["wavelength"], wavelength)
    known = ~stored.mask
    assert np.allclose(flux[known], stored.flux[known]) and np.isnan(flux[~known]).all()
    said = np.array([np.nan if value is None else value for value in told["flux"]])
    assert np.allclose(said[known], stored.flux[known], rtol=1e-5) and np.isnan(said[~known]).all()
    assert np.allclose(error[known], stored.ivar[known] ** -0.5, rtol=1e-5)
    again = alice_api.get(f"{URL}/stars/{star.id}/spectrum?form=binary", headers={"If-None-Match": answer["ETag"]})
    assert again.status_code == 304


def test_a_picture_is_the_file_or_smaller(survey: Survey, alice_api: Any) -> None:
    star = survey.star_rows.order_by("position")[0]
    answer = alice_api.get(f"{URL}/stars/{star.id}/image")
    stored = np.asarray(Image.open(image_path(star)))
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(answer.content))), stored)
    small = alice_api.get(f"{URL}/stars/{star.id}/image?size=32")
    assert Image.open(io.BytesIO(small.content)).size == (32, 32)
    facts = alice_api.get(f"{URL}/stars/{star.id}").json()["image_facts"]
    assert (facts["width"], facts["height"], facts["pixel_scale"]) == (128, 128, 0.55)


def test_files_that_are_gone_are_said_to_be(survey: Survey, alice_api: Any) -> None:
    star = survey.star_rows.order_by("position")[0]
    spectrum_path(star).unlink()
    image_path(star).unlink()
    for part in ("spectrum", "spectrum?form=binary", "image"):
        answer = alice_api.get(f"{URL}/stars/{star.id}/{part}")
        assert (answer.status_code, answer.json()["code"]) == (404, "stellar.files_missing"), part
    assert alice_api.get(f"{URL}/stars/{star.id}").json()["image_facts"]["fault"]["code"] == "stellar.files_missing"


def test_neighbours_in_the_table_follow_filter_and_order(survey: Survey, alice_api: Any) -> None:
    stars = list(survey.star_rows.filter(label=2).order_by("-sn", "-id"))
    body = alice_api.get(f"{URL}/stars/{stars[1].id}", {"class": "M2", "sort": "-sn"}).json()
    assert (body["previous"], body["next"]) == (str(stars[0].id), str(stars[2].id))
    first = alice_api.get(f"{URL}/stars/{stars[0].id}", {"class": "M2", "sort": "-sn"}).json()
    assert first["previous"] is None and first["next"] == str(stars[1].id)


def test_means_of_the_classes_and_lines_are_served(survey: Survey, alice_api: Any) -> None:
    means = alice_api.get(f"{URL}/surveys/{survey.id}/means").json()
    assert set(means["classes"]) == {"M0", "M1", "M2", "M3", "M4"}
    assert len(means["classes"]["M0"]["flux"]) == means["grid"]["points"]
    lines = alice_api.get(f"{URL}/lines").json()
    halpha = next(line for line in lines if line["name"] == "Hα")
    assert halpha["start"] - halpha["start_air"] == pytest.approx(1.81, abs=0.05)


def test_the_class_of_a_star_is_changed_in_the_catalogue_too(survey: Survey, alice_api: Any) -> None:
    from ml_core.stellar.survey import open_survey
    from stellar.storage import survey_folder

    star = survey.star_rows.order_by("position")[0]
    body = alice_api.patch(f"{URL}/stars/{star.id}", {"class": "M4"}).json()
    assert (body["label"], body["label_edited"]) == ("M4", True)
    opened = {row.name: row for row in open_survey(survey_folder(survey)).objects}
    assert opened[star.name].label == 4 and len(opened) == STARS
    assert opened[star.name].ra == star.ra and opened[star.name].magnitudes[1] == star.g_mag
    alice_api.patch(f"{URL}/stars/{star.id}", {"class": ""})
    survey.refresh_from_db()
    assert survey.complete == STARS - 1
    assert alice_api.patch(f"{URL}/stars/{star.id}", {"class": "K5"}).status_code == 400
