"""The table of stars: circles on the sky, filters, orders, pages that neither repeat nor skip, and a fixed cost."""

from __future__ import annotations

import math
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ml_core.errors import CodedError
from ml_core.stellar.import_check import separation_arcsec
from stellar.models import Star, Survey
from stellar.selectors import star_page, stars_beside
from stellar.sky import parse_cone, unit_vector
from stellar.star_query import SORTS, StarQuery
from stellar.tests.makers import make_prediction, make_survey_row

URL = "/api/v1/stellar/stars"
pytestmark = pytest.mark.django_db
PLACES = [
    (0.0, 0.0), (359.9999, 0.0), (0.0001, 0.0), (180.0, 89.99995), (0.0, 89.9999), (90.0, 90.0), (12.0, -90.0),
    (359.5, 60.0), (0.5, 60.0), (200.0, -1.25), (200.0 + 1 / 3600, -1.25), (200.0 + 2.1 / 3600, -1.25), (20.0, 45.0),
]  # fmt: skip


def make_sky(owner: Any, places: list[tuple[float, float]]) -> Survey:
    survey = Survey.objects.create(owner=owner, name="Sky", source="upload", state="ready", stars=len(places))
    rows = []
    for number, (ra, dec) in enumerate(places):
        x, y, z = unit_vector(ra, dec)
        rows.append(Star(survey=survey, position=number, name=f"S{number}", ra=ra, dec=dec, unit_x=x, unit_y=y,
                         unit_z=z))  # fmt: skip
    rows.append(Star(survey=survey, position=len(places), name="nowhere"))
    Star.objects.bulk_create(rows)
    return survey


@pytest.fixture
def survey(alice: Any) -> Survey:
    return make_survey_row(alice)


def names(api: Any, survey: Survey, **query: Any) -> list[str]:
    answer = api.get(URL, {"survey": survey.id, **query})
    assert answer.status_code == 200, answer.content
    return [row["name"] for row in answer.json()["results"]]


@pytest.mark.parametrize(
    "cone",
    ["0,0,0.0002", "0,0,0.00005", "0,90,0.0001", "123,90,0.0001", "12,-90,1", "0,60,0.6", "0,60,0.4", '200,-1.25,2"',
     '200,-1.25,1.5"', "13:20:00,-01:15:00,2''", "20,45,180", "20,45,100", "100,0,30'"],
)  # fmt: skip
def test_a_circle_holds_exactly_the_stars_within_it(alice: Any, alice_api: Any, cone: str) -> None:
    survey = make_sky(alice, PLACES)
    circle = parse_cone(cone)
    within = {
        f"S{number}": separation_arcsec(circle.ra, circle.dec, ra, dec) for number, (ra, dec) in enumerate(PLACES)
        if separation_arcsec(circle.ra, circle.dec, ra, dec) <= circle.radius * 3600
    }  # fmt: skip
    rows = alice_api.get(URL, {"survey": survey.id, "cone": cone, "sort": "separation"}).json()["results"]
    assert {row["name"] for row in rows} == set(within)
    told = [row["separation_arcsec"] for row in rows]
    assert told == sorted(told)
    assert told == pytest.approx([within[row["name"]] for row in rows], abs=1e-3)


def test_circles_agree_with_the_haversine_formula_all_over_the_sky(alice: Any) -> None:
    rng = np.random.default_rng(0)
    places = [(float(rng.uniform(0, 360)), float(np.degrees(np.arcsin(rng.uniform(-1, 1))))) for _ in range(400)]
    survey = make_sky(alice, places)
    for _ in range(12):
        ra, dec, radius = float(rng.uniform(0, 360)), float(rng.uniform(-90, 90)), float(rng.uniform(1, 60))
        query = StarQuery.parse({"survey": str(survey.id), "cone": f"{ra},{dec},{radius}"})
        found = set(query.apply(Star.objects.all()).values_list("name", flat=True))
        assert found == {f"S{n}" for n, place in enumerate(places)
                         if separation_arcsec(ra, dec, *place) <= radius * 3600}  # fmt: skip


@pytest.mark.parametrize(
    "query",
    [{"cone": "1,2"}, {"cone": "400,0,1"}, {"cone": "0,91,1"}, {"cone": "0,0,0"}, {"cone": "0,0,-1"}, {"cone": "a,b,c"},
     {"cone": "0,0,1 parsec"}, {"cone": "12:70:00,0,1"}, {"class": "K5"}, {"predicted": "M9"}, {"sn_min": "much"},
     {"sn_max": "nan"}, {"sn_group": "middle"}, {"complete": "maybe"}, {"has": "gold"}, {"disagrees": "yes"},
     {"screening": "lost"}, {"flag": "ugly"}, {"sort": "beauty"}, {"sort": "separation"}, {"stars": "1"},
     {"search": "a\0b"}, {"names": ",".join(map(str, range(3000)))}],
)  # fmt: skip
def test_filters_that_make_no_sense_say_which_and_why(survey: Survey, alice_api: Any, query: dict[str, str]) -> None:
    answer = alice_api.get(URL, {"survey": survey.id, **query})
    assert answer.status_code == 400, answer.content
    body = answer.json()
    assert set(body) >= {"code", "message", "hint", "where"} and body["where"] == next(iter(query)) and body["message"]


def test_each_filter_takes_what_it_says(survey: Survey, alice_api: Any) -> None:
    stars = list(survey.star_rows.order_by("position"))
    make_prediction(survey)
    stars[0].refresh_from_db()
    Star.objects.filter(pk=stars[1].pk).update(label=-1, subclass="K7")
    Star.objects.filter(pk=stars[2].pk).update(image_file="", image_flags="")
    Star.objects.filter(pk=stars[3].pk).update(screening="rejected", image_flags="noisy saturated")
    Star.objects.filter(pk=stars[4].pk).update(label=0)

    def numbers(**query: Any) -> list[int]:
        order = {star.name: star.position for star in stars}
        return [order[name] for name in names(alice_api, survey, **query)]

    everything = list(range(len(stars)))
    assert numbers() == everything
    assert numbers(**{"class": "unknown"}) == [1]
    assert numbers(**{"class": "M1,unknown"}) == [1, 6, 11]
    assert numbers(lacks="image") == [2] and numbers(has="image,spectrum") == [n for n in everything if n != 2]
    assert numbers(complete="no") == [1, 2, 3] and len(numbers(complete="yes")) == len(stars) - 3
    assert numbers(screening="rejected") == [3] and numbers(flag="saturated", screening="rejected") == [3]
    assert numbers(predicted="none") == [14] == numbers(novel="yes") and numbers(predicted="unclassified") == [13]
    assert numbers(predicted="M4,none") == [4, 9, 14]
    assert numbers(disagrees="label") == [4, 14] and numbers(disagrees="modality") == [0]
    assert numbers(disagrees="any") == [0, 4, 14]
    assert numbers(sn_group="low") == [star.position for star in stars if star.sn < 5]
    assert numbers(sn_min=5, sn_max=20) == [star.position for star in stars if 5 <= star.sn <= 20]
    assert numbers(search=stars[5].name[3:]) == [5] and numbers(search="K7") == [1]
    assert numbers(q=f"{stars[6].plate}-{stars[6].mjd}-{stars[6].fiber}") == [6]
    assert numbers(names=f"{stars[7].name},{stars[8].name}") == [7, 8] and numbers(stars=str(stars[9].pk)) == [9]
    assert numbers(sort="-position") == everything[::-1]


def test_pages_neither_repeat_nor_skip_in_any_order(survey: Survey, alice: Any) -> None:
    make_prediction(survey)
    Star.objects.filter(survey=survey, position__in=(2, 5)).update(ra=None, u_mag=None, sn=0.0)
    for sort in [sign + name for name in SORTS for sign in ("", "-")]:
        query = StarQuery.parse({"survey": str(survey.id), "sort": sort})
        forward, page = [], star_page(alice, query, size=4, count=True)
        while True:
            forward += [row.id for row in page.rows]
            assert page.count == 15
            if not page.next:
                break
            page = star_page(alice, query, cursor=page.next, size=4, count=True)
        assert len(forward) == len(set(forward)) == 15, sort
        assert [row.id for row in star_page(alice, query, cursor=page.previous, size=4).rows] == forward[8:12], sort
        for place in (0, 7, 14):
            star = Star.objects.get(pk=forward[place])
            beside = (forward[place - 1] if place else None, forward[place + 1] if place < 14 else None)
            assert stars_beside(alice, star, query) == beside, sort


def test_a_page_costs_the_same_queries_whatever_is_on_it(survey: Survey, alice_api: Any) -> None:
    make_prediction(survey)
    counted = []
    for query in ({"page_size": 2}, {"page_size": 15}, {"cone": "180,30,180", "sort": "separation"}, {"class": "M1"}):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            names(alice_api, survey, **query)
        counted.append(len(queries))
    assert counted == [2, 2, 2, 2]
    with CaptureQueriesContext(connection) as queries:
        names(alice_api, survey, count=1)
    assert len(queries) == 3


def test_links_lead_to_the_neighbouring_pages(survey: Survey, alice_api: Any) -> None:
    first = alice_api.get(URL, {"survey": survey.id, "page_size": 4, "class": "M0,M1,M2,M3,M4", "count": 1}).json()
    assert first["count"] == 15 and first["previous"] is None
    second = alice_api.get(first["next"]).json()
    assert [row["position"] for row in second["results"]] == [4, 5, 6, 7]
    assert [row["position"] for row in alice_api.get(second["previous"]).json()["results"]] == [0, 1, 2, 3]
    assert alice_api.get(URL, {"survey": survey.id, "cursor": "rubbish"}).json()["results"][0]["position"] == 0


def test_what_an_address_says_comes_back_from_the_query(survey: Survey) -> None:
    said = {
        "survey": str(survey.id), "search": "12", "cone": "10,20,0.5", "class": "M1,unknown", "predicted": "none",
        "sn_min": "2.5", "sn_max": "9", "sn_group": "low", "complete": "no", "has": "image", "lacks": "spectrum",
        "disagrees": "any", "screening": "undecided", "flag": "any", "novel": "no", "names": "a,b",
        "stars": str(uuid4()), "sort": "-sn",
    }  # fmt: skip
    query = StarQuery.parse(said)
    assert query.as_params() == said and StarQuery.parse(query.as_params()) == query and query.is_filtered
    assert not StarQuery.parse({"survey": str(survey.id), "sort": "-sn"}).is_filtered


def test_a_survey_of_somebody_else_is_no_survey(survey: Survey, bob_api: Any, bob: Any, admin_api: Any) -> None:
    assert bob_api.get(URL, {"survey": survey.id}).status_code == 404
    assert bob_api.get(URL).json()["results"] == []
    assert len(names(admin_api, survey)) == 15
    with pytest.raises(CodedError):
        star_page(bob, StarQuery(survey=survey.id))


def test_stars_of_all_surveys_are_listed_without_one(alice: Any, alice_api: Any) -> None:
    make_survey_row(alice)
    make_survey_row(alice, "Field 8")
    found = alice_api.get(URL, {"page_size": 200}).json()["results"]
    assert len(found) == 30 and len({row["survey"] for row in found}) == 2


def test_the_middle_of_a_circle_may_be_written_in_hours() -> None:
    cone = parse_cone("12:30:00.0, -00:30:00, 1'")
    assert (cone.ra, cone.dec) == (187.5, -0.5) and math.isclose(cone.radius, 1 / 60)
    assert parse_cone("360,0,1").ra == 0
