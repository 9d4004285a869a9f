"""Every page of surveys and stars says what is there, why, and what next; strangers see none of it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cvstudio.accounts.models import User
from cvstudio.common.search import find_everywhere
from cvstudio.runs.models import Run, RunState
from stellar.models import Download, Star, Survey
from stellar.star_presentation import sexagesimal
from stellar.tests.makers import make_classifier, make_prediction, make_survey_row

pytestmark = pytest.mark.django_db
BACKEND = "cvstudio.accounts.backends.UsernameOrEmailBackend"


@pytest.fixture
def browser(alice: User) -> Client:
    client = Client()
    client.force_login(alice, BACKEND)
    return client


@pytest.fixture
def survey(alice: User) -> Survey:
    return make_survey_row(alice)


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.content[:400]
    return str(answer.content.decode())


def boot_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script id="boot" type="application/json">(.*?)</script>', page)
    assert found
    return dict(json.loads(found[1]))


def rows_of(page: str) -> list[str]:
    return re.findall(r'class="cell-main mono"><a href="[^"]*">(\d+)</a>', page)


def test_the_empty_list_offers_a_sample_and_an_upload(browser: Client) -> None:
    page = text_of(browser.get("/stellar/"))
    assert reverse("stellar:sample") in page and reverse("stellar:new") in page
    assert browser.get("/stellar/stars").headers["Location"] == "/stellar/"


@pytest.mark.parametrize("way", ["upload", "folder", "sample"])
def test_there_are_three_ways_to_bring_a_survey(browser: Client, way: str) -> None:
    assert 'aria-current="page"' in text_of(browser.get(f"/stellar/new?way={way}"))


def test_a_folder_that_may_not_be_read_is_refused_beside_the_form(browser: Client) -> None:
    answer = browser.post("/stellar/register", {"path": "/etc"})
    assert answer.status_code == 422 and b"alert-failed" in answer.content


def test_the_list_finds_surveys_by_name_and_shows_their_first_pictures(browser: Client, survey: Survey) -> None:
    page = text_of(browser.get("/stellar/"))
    first = survey.star_rows.order_by("position")[0]
    assert f"/api/v1/stellar/stars/{first.id}/image" in page and reverse("stellar:stars", args=[survey.id]) in page
    assert "Nothing fits these filters" in text_of(browser.get("/stellar/?q=zebra"))


def test_the_report_counts_every_reason_and_leads_to_the_stars(browser: Client, survey: Survey) -> None:
    assert "Every star is complete." in text_of(browser.get(f"/stellar/surveys/{survey.id}"))
    rows = list(survey.star_rows.order_by("position"))
    Star.objects.filter(id=rows[0].id).update(label=-1, subclass="M7")
    Star.objects.filter(id=rows[1].id).update(image_file="")
    Star.objects.filter(id=rows[2].id).update(spectrum_file="", fault="The spectrum x.fits cannot be used: cut short.")
    page = text_of(browser.get(f"/stellar/surveys/{survey.id}"))
    assert "M7 (1)" in page and "?why=class" in page and "?why=image" in page and "?why=fault" in page
    left = text_of(browser.get(f"/stellar/surveys/{survey.id}/left-out"))
    assert set(rows_of(left)) == {row.name for row in rows[:3]} and "cut short" in left
    assert rows_of(text_of(browser.get(f"/stellar/surveys/{survey.id}/left-out?why=image"))) == [rows[1].name]
    answer: Any = browser.get(f"/stellar/surveys/{survey.id}/left-out?form=csv")
    table = b"".join(answer.streaming_content).decode()
    assert len(table.splitlines()) == 4 and "M7" in table


def test_a_failed_import_says_why_and_offers_to_try_again(browser: Client, alice: User) -> None:
    fault = {"code": "x", "message": "The catalogue has no column ra.", "hint": "Add it.", "where": "objects.csv"}
    broken = Survey.objects.create(owner=alice, name="Broken", source="upload", state="failed", fault=fault)
    page = text_of(browser.get(f"/stellar/surveys/{broken.id}"))
    assert "The catalogue has no column ra." in page and "Add it." in page
    assert reverse("stellar:action", args=[broken.id, "retry"]) in page
    for part in ("stars", "screening", "downloads"):
        assert browser.get(f"/stellar/surveys/{broken.id}/{part}").status_code == 302


def test_a_survey_is_renamed_and_deleted(browser: Client, survey: Survey) -> None:
    browser.post(f"/stellar/surveys/{survey.id}/do/change", {"name": "Field 8", "description": "North"})
    survey.refresh_from_db()
    assert (survey.name, survey.description) == ("Field 8", "North")
    assert browser.post(f"/stellar/surveys/{survey.id}/do/delete").headers["Location"] == "/stellar/"
    assert not Survey.objects.exists()


def test_the_table_filters_sorts_and_keeps_both_in_the_address(browser: Client, survey: Survey) -> None:
    table = f"/stellar/surveys/{survey.id}/stars"
    names = [star.name for star in survey.star_rows.order_by("position")]
    assert rows_of(text_of(browser.get(table))) == names
    brightest = survey.star_rows.order_by("r_mag")[0]
    page = text_of(browser.get(f"{table}?class=M{brightest.label}&sort=r_mag"))
    assert rows_of(page)[0] == brightest.name and len(rows_of(page)) == len(names) / 5
    assert f"/stellar/stars/{brightest.id}?class=M{brightest.label}&amp;sort=r_mag" in page
    cone = f"{brightest.ra},{brightest.dec},30''"
    found = text_of(browser.get(table, {"cone": cone}))
    assert rows_of(found) == [brightest.name] and "Distance" in found and "0.0″" in found
    assert rows_of(text_of(browser.get(f"{table}?search={names[3]}"))) == [names[3]]


def test_a_filter_without_meaning_is_named_and_hides_nothing(browser: Client, survey: Survey) -> None:
    answer = browser.get(f"/stellar/surveys/{survey.id}/stars?cone=here")
    page = answer.content.decode()
    assert answer.status_code == 422 and "right ascension" in page and 'value="here"' in page
    assert len(rows_of(page)) == survey.star_rows.count()


def test_columns_are_chosen_in_the_address_or_remembered(browser: Client, survey: Survey) -> None:
    table = f"/stellar/surveys/{survey.id}/stars"
    usual, chosen = text_of(browser.get(table)), text_of(browser.get(f"{table}?columns=g_mag"))
    assert 'data-label="r [mag]"' in usual and 'data-label="g [mag]"' not in usual
    assert 'data-label="g [mag]"' in chosen and 'data-label="r [mag]"' not in chosen
    browser.cookies["star-columns"] = "u_mag"
    assert 'data-label="u [mag]"' in text_of(browser.get(table))


def test_the_page_of_a_star_knows_its_neighbours_in_the_table(browser: Client, survey: Survey) -> None:
    first, second, third = survey.star_rows.order_by("position")[:3]
    page = text_of(browser.get(f"/stellar/stars/{second.id}"))
    boot = boot_of(page)
    assert (boot["previous"], boot["next"]) == (str(first.id), str(third.id)) and boot["name"] == second.name
    ordered = [str(row.id) for row in survey.star_rows.filter(label=second.label).order_by("-sn")]
    at = ordered.index(str(second.id))
    boot = boot_of(text_of(browser.get(f"/stellar/stars/{second.id}/part?class=M{second.label}&sort=-sn")))
    assert boot["previous"] == (ordered[at - 1] if at else None)
    assert boot["next"] == (ordered[at + 1] if at + 1 < len(ordered) else None)


def test_the_page_of_a_star_shows_what_each_classifier_says(browser: Client, survey: Survey, alice: User) -> None:
    star = survey.star_rows.order_by("position")[1]
    assert "No classifier has looked at this star yet." in text_of(browser.get(f"/stellar/stars/{star.id}"))
    version = make_classifier(alice, survey=survey)
    make_prediction(survey, version)
    page = text_of(browser.get(f"/stellar/stars/{star.id}"))
    assert f'data-attribution="{version.id}"' in page and page.count('class="class-bar') == 6
    assert "shown in the table" in page and "data-neighbours" in page


def test_a_star_without_files_says_so(browser: Client, survey: Survey) -> None:
    star = survey.star_rows.order_by("position")[0]
    Star.objects.filter(id=star.id).update(spectrum_file="", image_file="", ra=None, dec=None)
    page = text_of(browser.get(f"/stellar/stars/{star.id}"))
    boot = boot_of(page)
    assert boot["spectrum"] is None and "missing" in boot["noSpectrum"] and boot["picture"] is None
    assert "The catalogue gives no position." in page and "Does not train:" in page


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(12.5, 2, "12:30:00.00"), (0.99999999, 1, "01:00:00.0"), (41.178765, 1, "41:10:43.6"), (0.0, 2, "00:00:00.00")],
)
def test_sexagesimal_never_says_sixty(value: float, digits: int, text: str) -> None:
    assert sexagesimal(value, digits) == text


def test_screening_begins_with_what_is_open(browser: Client, survey: Survey) -> None:
    Star.objects.filter(survey=survey, position=0).update(screening="rejected")
    boot = boot_of(text_of(browser.get(f"/stellar/surveys/{survey.id}/screening")))
    assert boot["counts"]["rejected"] == 1 and boot["counts"]["undecided"] == survey.with_image - 1
    survey.with_image = 0
    survey.save()
    assert "There are no images to screen" in text_of(browser.get(f"/stellar/surveys/{survey.id}/screening"))


def test_a_download_starts_with_the_changed_settings_alone(browser: Client, survey: Survey) -> None:
    page = text_of(browser.get(f"/stellar/surveys/{survey.id}/downloads?kind=images"))
    assert 'name="settings.requests_per_second"' in page and 'name="settings.trusted_hosts"' not in page
    form = {"kind": "images", "settings.requests_per_second": "0.5", "settings.retries": "4"}
    answer = browser.post(f"/stellar/surveys/{survey.id}/downloads", form)
    download = Download.objects.get()
    assert answer.headers["Location"] == f"/stellar/downloads/{download.id}"
    assert download.settings["requests_per_second"] == 0.5 and "retries" not in download.settings
    again = browser.post(f"/stellar/surveys/{survey.id}/downloads", form)
    assert again.status_code == 422 and b"This is being downloaded already." in again.content


def test_a_setting_out_of_bounds_stands_beside_its_field(browser: Client, survey: Survey) -> None:
    form = {"kind": "spectra", "settings.requests_per_second": "900"}
    answer = browser.post(f"/stellar/surveys/{survey.id}/downloads", form)
    assert answer.status_code == 422 and b'value="900' in answer.content and not Download.objects.exists()


def test_no_coverage_is_told_apart_from_errors(browser: Client, survey: Survey, alice: User) -> None:
    run = Run.objects.create(owner=alice, name="Images", recipe="stellar.download_images", state=RunState.COMPLETED)
    counts = {"done": 9, "no_coverage": 4, "error": 2}
    download = Download.objects.create(owner=alice, survey=survey, kind="images", run=run, state="ready", counts=counts)
    page = text_of(browser.get(f"/stellar/downloads/{download.id}"))
    assert re.search(r'class="inline-icon text-failed"[^>]*>.*?2</span> error', page, re.S)
    assert re.search(r'class="inline-icon"[^>]*>.*?4</span> not covered', page, re.S)
    assert "https://archive.cefca.es" in page


def test_the_search_box_finds_surveys_and_stars(alice: User, survey: Survey) -> None:
    star = survey.star_rows.order_by("position")[0]
    hits = [hit for _source, found in find_everywhere(alice, star.name[:12]) for hit in found]
    assert reverse("stellar:star", args=[star.id]) in [hit.url for hit in hits]


def test_strangers_find_nothing(survey: Survey, bob: User) -> None:
    client = Client()
    client.force_login(bob, BACKEND)
    star = survey.star_rows.order_by("position")[0]
    for path in (
        f"/stellar/surveys/{survey.id}",
        f"/stellar/surveys/{survey.id}/stars",
        f"/stellar/stars/{star.id}/part",
    ):
        assert client.get(path).status_code == 404
    assert survey.name not in text_of(client.get("/stellar/"))
