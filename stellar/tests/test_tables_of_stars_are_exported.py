"""Exports: the tables open in astropy and in plain readers, with units, and every digit of a name."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits, votable
from astropy.table import Table
from django.conf import settings

from cvstudio.datasets.tests.carry_out import carry_out_all
from stellar.export_columns import COLUMNS
from stellar.models import Star, Survey
from stellar.tests.makers import STARS, make_prediction, make_survey_row

URL = "/api/v1/stellar"
READERS = {"csv": "ascii.ecsv", "votable": "votable", "fits": "fits"}
pytestmark = pytest.mark.django_db


@pytest.fixture
def survey(alice: Any) -> Survey:
    survey = make_survey_row(alice)
    make_prediction(survey)
    Star.objects.filter(survey=survey, position=3).update(ra=None, dec=None, u_mag=None, label=-1, subclass="K7")
    Star.objects.filter(survey=survey, position=4).update(spectrum_file="", image_flags="noisy cut_off")
    return survey


def content_of(api: Any, survey: Survey, kind: str, **query: Any) -> bytes:
    answer = api.get(f"{URL}/surveys/{survey.id}/export/{kind}", query)
    assert answer.status_code == 200, answer.content
    assert answer["Content-Disposition"].startswith('attachment; filename="field-7.')
    return b"".join(answer.streaming_content)


@pytest.mark.parametrize("kind", READERS)
def test_a_table_opens_with_units_and_whole_names(survey: Survey, alice_api: Any, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "table"
    path.write_bytes(content_of(alice_api, survey, kind))
    table = Table.read(path, format=READERS[kind])
    stars = list(survey.star_rows.order_by("position"))
    assert table.colnames == [column.name for column in COLUMNS] and len(table) == STARS
    told = [name.decode() if isinstance(name, bytes) else str(name) for name in table["name"]]
    assert told == [star.name for star in stars]
    assert (str(table["ra"].unit), str(table["g_mag"].unit), str(table["mjd"].unit)) == ("deg", "mag", "d")
    assert table["confidence"].unit is None
    known = [row for row in range(STARS) if row != 3]
    assert list(table["ra"][known]) == [stars[row].ra for row in known] and is_unknown(table["ra"][3])
    assert is_unknown(table["sn"][4]) and table["sn"][5] == stars[5].sn
    assert int(table["plate"][0]) == stars[0].plate
    assert [text(value) for value in table["predicted"]] == [star.predicted_name for star in stars]
    assert [text(value) for value in table["label"][:5]] == ["M0", "M1", "M2", "", "M4"]
    assert is_unknown(table["confidence"][STARS - 2]) and table["p_M0"][0] == 0.8
    assert [bool(value) for value in table["complete"][2:6]] == [True, False, False, True]
    assert list(Path(settings.TEMP_DIR).glob("stars-*")) == [], "the file is gone once it is sent"


def text(value: Any) -> str:
    shown = value.decode() if isinstance(value, bytes) else str(value)
    return "" if shown == "--" else shown.strip()


def is_unknown(value: Any) -> bool:
    return str(value) in ("--", "nan") or math.isnan(float(value))


def test_the_votable_and_the_fits_file_say_what_the_columns_are(survey: Survey, alice_api: Any, tmp_path: Path) -> None:
    path = tmp_path / "t.vot"
    path.write_bytes(content_of(alice_api, survey, "votable"))
    opened = votable.parse(path, verify="exception")
    table = opened.get_first_table()
    ra = table.get_field_by_id_or_name("ra")
    assert (ra.ucd, str(ra.unit)) == ("pos.eq.ra;meta.main", "deg") and "J2000" in ra.description
    assert {info.name: info.value for info in opened.resources[0].infos}["survey"] == "Field 7"
    path = tmp_path / "t.fits"
    path.write_bytes(content_of(alice_api, survey, "fits"))
    with fits.open(path) as opened:
        opened.verify("exception")
        header = opened["STARS"].header
        assert header["TUNIT2"] == "deg" and header["TFORM1"].endswith("A")
        assert opened["STARS"].data["modalities_differ"].dtype.kind == "i"


def test_plain_csv_is_read_by_anything_and_by_our_own_import(survey: Survey, alice_api: Any) -> None:
    content = content_of(alice_api, survey, "csv", plain=1, columns="name,ra,sn,predicted,complete", sort="-position")
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    assert list(rows[0]) == ["name", "ra", "sn", "predicted", "complete"]
    assert rows[0]["name"] == survey.star_rows.get(position=STARS - 1).name and rows[STARS - 1]["complete"] == "1"
    assert rows[STARS - 4]["ra"] == ""


@pytest.mark.parametrize("kind", READERS)
def test_what_was_exported_comes_in_again(survey: Survey, alice_api: Any, kind: str) -> None:
    stream = io.BytesIO(content_of(alice_api, survey, kind))
    stream.name = f"objects.{ {'csv': 'csv', 'votable': 'vot', 'fits': 'fits'}[kind] }"
    answer = alice_api.post(f"{URL}/surveys", {"file": [stream], "name": "Again"}, format="multipart")
    assert answer.status_code == 201, answer.content
    carry_out_all()
    again = Survey.objects.get(id=answer.json()["id"])
    assert (again.state, again.stars) == ("ready", STARS), again.fault
    for old, new in zip(survey.star_rows.order_by("position"), again.star_rows.order_by("position"), strict=True):
        assert (new.name, new.label, new.plate, new.fiber) == (old.name, old.label, old.plate, old.fiber)
        assert new.ra == old.ra and new.u_mag == old.u_mag


def test_filters_and_order_of_the_table_are_those_of_the_export(survey: Survey, alice_api: Any) -> None:
    query = {"class": "M1,M2", "sort": "-sn", "columns": "name,label", "plain": 1}
    rows = list(csv.DictReader(io.StringIO(content_of(alice_api, survey, "csv", **query).decode())))
    stars = survey.star_rows.filter(label__in=(1, 2)).order_by("-sn")
    assert [row["name"] for row in rows] == [star.name for star in stars]
    assert content_of(alice_api, survey, "csv", plain=1, search="none of them").count(b"\n") == 1
    for kind in READERS:
        content_of(alice_api, survey, kind, search="none of them")


def test_what_cannot_be_exported_is_said(survey: Survey, alice_api: Any) -> None:
    answer = alice_api.get(f"{URL}/surveys/{survey.id}/export/xlsx")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found") and "votable" in answer.json()["hint"]
    answer = alice_api.get(f"{URL}/surveys/{survey.id}/export/csv?columns=name,secret")
    assert (answer.status_code, answer.json()["where"]) == (400, "columns")
    answer = alice_api.get(f"{URL}/surveys/{survey.id}/export/csv?class=Q")
    assert (answer.status_code, answer.json()["where"]) == (400, "class")


def test_text_that_a_spreadsheet_would_run_is_quoted(survey: Survey, alice_api: Any) -> None:
    Star.objects.filter(survey=survey, position=0).update(subclass="=cmd()")
    content = content_of(alice_api, survey, "csv", plain=1, columns="subclass")
    assert content.splitlines()[1] == b"'=cmd()"


def test_columns_are_listed_with_their_units(alice_api: Any) -> None:
    listed = {row["name"]: row for row in alice_api.get(f"{URL}/columns").json()}
    assert listed["ra"]["unit"] == "deg" and listed["novelty"]["group"] == "predicted"
