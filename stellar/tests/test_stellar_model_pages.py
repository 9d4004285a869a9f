"""Pages of classifiers and their answers: each says what is there, why, and what next; strangers see none of it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cvstudio.accounts.models import User
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Run, RunState
from cvstudio.weights.library import folder_of
from cvstudio.weights.models import WeightVersion
from stellar.models import Prediction, Star, Survey, Training, WorkState
from stellar.tests.makers import make_survey_row
from stellar.tests.model_makers import make_classifier, make_prediction

pytestmark = pytest.mark.django_db
BACKEND = "cvstudio.accounts.backends.UsernameOrEmailBackend"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, BACKEND)
    return client


@pytest.fixture
def browser(alice: User) -> Client:
    return signed_in(alice)


@pytest.fixture
def survey(alice: User) -> Survey:
    return make_survey_row(alice)


@pytest.fixture
def version(alice: User, survey: Survey) -> WeightVersion:
    return make_classifier(alice, survey)


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.content[:600]
    return str(answer.content.decode())


@pytest.mark.parametrize("name", ["classify", "train", "classifiers", "compare", "export", "trainings"])
def test_pages_without_anything_yet_lead_on(browser: Client, name: str) -> None:
    page = text_of(browser.get(reverse(f"stellar:{name}")))
    assert name == "trainings" or "button-main" in page


def test_the_wizard_counts_usable_stars_and_says_why_others_are_left_out(browser: Client, survey: Survey) -> None:
    Star.objects.filter(survey=survey, position=0).update(image_file="")
    Star.objects.filter(survey=survey, position=1).update(label=-1, subclass="K7")
    Star.objects.filter(survey=survey, position=2).update(screening="rejected")
    page = text_of(browser.get("/stellar/train"))
    assert "3 stars left out" in page and "Its class is none of M0 to M4." in page
    assert "Its image is missing." in page and "Its image was rejected in the screening." in page
    spectra = text_of(browser.get(f"/stellar/train/estimate?survey={survey.id}&modality=spectrum&preset=recommended"))
    assert "1 star left out" in spectra and "Its image is missing." not in spectra


def test_the_wizard_offers_the_settings_of_the_recipe_and_its_presets(browser: Client, survey: Survey) -> None:
    page = text_of(browser.get("/stellar/train"))
    assert 'name="settings.learning_rate"' in page and 'name="settings.sic_weight"' in page
    assert 'name="settings.survey"' not in page and 'value="specification"' in page


def test_only_what_differs_from_the_preset_is_sent_to_the_run(browser: Client, survey: Survey) -> None:
    sent = {"survey": str(survey.id), "preset": "fusion_cpu", "modality": "any", "settings.epochs": "2",
            "settings.batch_size": "32", "settings.learning_rate": "0.001", "settings.augment": "on"}  # fmt: skip
    assert browser.post("/stellar/train", sent).status_code == 302
    training = Training.objects.get()
    assert (training.preset, training.modality) == ("fusion_cpu", "any")
    assert training.settings == {"epochs": 2}
    assert training.run is not None and training.run.name in text_of(browser.get("/stellar/classifiers"))


def test_a_setting_out_of_bounds_is_told_beside_its_field(browser: Client, survey: Survey) -> None:
    sent = {"survey": str(survey.id), "preset": "recommended", "settings.epochs": "-3"}
    answer = browser.post("/stellar/train", sent)
    assert answer.status_code == 422 and not Training.objects.exists()
    field = answer.content.decode().split('data-field="epochs"')[1].split("data-field=")[0]
    assert 'value="-3"' in field and not re.search(r"<[^>]*data-fault[^>]*hidden", field)


def test_a_failed_training_says_why_and_can_be_tried_again(browser: Client, alice: User, survey: Survey) -> None:
    cause = {"code": "memory", "message": "The memory was not enough.", "hint": "Take a smaller batch.", "where": ""}
    run = Run.objects.create(owner=alice, name="Too large", recipe="stellar.train", state=RunState.FAILED, cause=cause)
    made = Training.objects.create(
        owner=alice, name="Too large", survey=survey, run=run, preset="fusion_cpu", modality="image"
    )
    page = text_of(browser.get("/stellar/classifiers"))
    assert "The memory was not enough." in page and f"/stellar/train?training={made.id}" in page
    again = text_of(browser.get(f"/stellar/train?training={made.id}"))
    assert browser.post(f"/stellar/trainings/{made.id}/do/delete").status_code == 302
    assert not Training.objects.exists() and Run.objects.filter(id=run.id).exists()
    assert re.search(r'value="fusion_cpu" checked', again) and re.search(r'value="image" checked', again)


def test_the_page_of_a_classifier_shows_scores_with_errors_and_where_it_fails(
    browser: Client, version: WeightVersion
) -> None:
    page = text_of(browser.get(f"/stellar/classifiers/{version.id}"))
    assert "Spectrum only" in page and "Image only" in page and "±" in page
    cell = re.search(r'href="([^"]*/stars\?actual=M\d&amp;answer=M\d[^"]*)"', page)
    assert cell is not None
    stars = text_of(browser.get(cell.group(1).replace("&amp;", "&")))
    assert "data-spark=" in stars and "/stellar/stars/" in stars


def test_cells_hold_as_many_stars_as_they_say(browser: Client, version: WeightVersion) -> None:
    page = text_of(browser.get(f"/stellar/classifiers/{version.id}?group=high&modality=image"))
    cells = re.findall(r'href="([^"]*/stars\?[^"]*)"[^>]*><span class="num">(\d+)</span>', page)
    assert cells
    for address, count in cells:
        found = text_of(browser.get(address.replace("&amp;", "&")))
        assert found.count('class="star-card"') == int(count)


def test_a_weight_without_a_report_says_so(browser: Client, version: WeightVersion) -> None:
    for folder in (folder_of(version), run_folder(str(version.run_id)) / "artifacts" / "weight"):
        (folder / "report.json").unlink()
    assert "No report" in text_of(browser.get(f"/stellar/classifiers/{version.id}"))


def test_a_survey_is_classified_from_its_page(browser: Client, survey: Survey, version: WeightVersion) -> None:
    page = f"/stellar/surveys/{survey.id}/predictions"
    assert "Nobody classified this survey yet" in text_of(browser.get(page))
    sent = {"survey": str(survey.id), "classifier": str(version.id), "modality": "spectrum"}
    answer = browser.post("/stellar/predict", sent)
    made = Prediction.objects.get()
    assert answer.status_code == 302 and answer["Location"] == f"/stellar/predictions/{made.id}"
    assert made.modality == "spectrum"
    waiting = text_of(browser.get(f"/stellar/predictions/{made.id}"))
    assert "data-working" in waiting and "Waits for a free worker." in waiting


def test_only_the_chosen_stars_are_classified(browser: Client, survey: Survey, version: WeightVersion) -> None:
    page = text_of(browser.get(f"/stellar/surveys/{survey.id}/predictions?class=M1"))
    count = Star.objects.filter(survey=survey, label=1).count()
    assert f"{count} chosen stars" in page and 'name="filter" value="class=M1"' in page
    sent = {"survey": str(survey.id), "classifier": str(version.id), "filter": "class=M1"}
    assert browser.post("/stellar/predict", sent).status_code == 302
    run = Prediction.objects.get().run
    assert run is not None and len(run.config["names"]) == count


def test_the_page_of_predictions_puts_doubtful_stars_first(
    browser: Client, survey: Survey, version: WeightVersion
) -> None:
    made = make_prediction(survey, version)
    page = text_of(browser.get(f"/stellar/predictions/{made.id}"))
    assert "Look at these first" in page and 'id="histogram-data"' in page
    answered = made.classifications.filter(predicted__gte=0).exclude(star__label=-1)
    wrong = [one for one in answered.select_related("star") if one.predicted != one.star.label]
    first = max(wrong, key=lambda one: one.confidence)
    assert page.index(f"/stellar/stars/{first.star_id}") == page.index("/stellar/stars/")
    none = text_of(browser.get(f"/stellar/predictions/{made.id}?kind=none"))
    assert none.count('class="mono" href="/stellar/stars/') == made.counts["none"]


def test_cells_lead_to_the_star_table_when_it_shows_these_answers(
    browser: Client, survey: Survey, version: WeightVersion
) -> None:
    made = make_prediction(survey, version, show=False)
    address = f"/stellar/surveys/{survey.id}/stars?class="
    assert address not in text_of(browser.get(f"/stellar/predictions/{made.id}"))
    browser.post(f"/stellar/predictions/{made.id}/do/show")
    survey.refresh_from_db()
    assert survey.shown_id == made.id
    assert address in text_of(browser.get(f"/stellar/predictions/{made.id}"))


def test_predictions_can_be_deleted(browser: Client, survey: Survey, version: WeightVersion) -> None:
    made = make_prediction(survey, version)
    answer = browser.post(f"/stellar/predictions/{made.id}/do/delete")
    assert answer["Location"] == f"/stellar/surveys/{survey.id}/predictions" and not Prediction.objects.exists()


def test_two_classifiers_are_compared_on_the_same_stars(
    browser: Client, survey: Survey, version: WeightVersion
) -> None:
    first, second = make_prediction(survey, version, seed=1), make_prediction(survey, version, seed=2)
    page = text_of(browser.get(f"/stellar/compare?survey={survey.id}&first={first.id}&second={second.id}"))
    answers = {one.star_id: one.predicted for one in second.classifications.all()}
    different = [one for one in first.classifications.all() if answers[one.star_id] != one.predicted]
    assert page.count('class="mono" href="/stellar/stars/') == len(different) > 0
    cell = text_of(browser.get(f"/stellar/compare?survey={survey.id}&first={first.id}&second={second.id}&cell=5-5"))
    assert cell.count('class="mono" href="/stellar/stars/') == 1  # the same star is none for both


def test_the_map_begins_with_the_answers_that_the_table_shows(
    browser: Client, survey: Survey, version: WeightVersion
) -> None:
    page = f"/stellar/surveys/{survey.id}/map"
    assert "No map yet" in text_of(browser.get(page))
    shown, other = make_prediction(survey, version), make_prediction(survey, version, show=False)
    assert f"/api/v1/stellar/predictions/{shown.id}/embedding" in text_of(browser.get(page))
    assert f"predictions/{other.id}/embedding" in text_of(browser.get(f"{page}?prediction={other.id}"))
    assert f"classifiers/{version.id}/embedding" in text_of(browser.get(f"/stellar/classifiers/{version.id}/map"))


def test_the_export_carries_the_filters_of_the_table_over(browser: Client, survey: Survey) -> None:
    page = text_of(browser.get(f"/stellar/export?survey={survey.id}&class=M1,M2&sn_min=4"))
    count = Star.objects.filter(survey=survey, label__in=(1, 2), sn__gte=4).count()
    assert f'<strong class="large push">{count}</strong>' in page
    assert "class=M1%2CM2" in page and "[deg]" in page and "[mag]" in page
    refused = browser.get(f"/stellar/export?survey={survey.id}&sn_min=bright")
    assert refused.status_code == 422 and "is no number" in refused.content.decode()


def test_strangers_find_nothing(bob: User, survey: Survey, version: WeightVersion) -> None:
    made = make_prediction(survey, version)
    client = signed_in(bob)
    for path in (
        f"/stellar/classifiers/{version.id}", f"/stellar/classifiers/{version.id}/map",
        f"/stellar/predictions/{made.id}", f"/stellar/classifiers/{version.id}/stars?actual=M1&answer=M2",
        f"/stellar/surveys/{survey.id}/predictions",
        f"/stellar/surveys/{survey.id}/map", f"/stellar/export?survey={survey.id}",
    ):  # fmt: skip
        assert client.get(path).status_code == 404, path
    assert client.post("/stellar/predict", {"survey": str(survey.id)}).status_code == 404
    assert made.name not in text_of(client.get(f"/stellar/compare?first={made.id}"))


def test_a_failed_prediction_says_why(browser: Client, survey: Survey, version: WeightVersion) -> None:
    fault = {"code": "x", "message": "The disk is full.", "hint": "Free some space.", "where": ""}
    made = Prediction.objects.create(
        owner=survey.owner, name="Failed", survey=survey, classifier=version, state=WorkState.FAILED, fault=fault
    )
    page = text_of(browser.get(f"/stellar/predictions/{made.id}"))
    assert "The disk is full." in page and "Free some space." in page


def test_a_prediction_is_stopped_and_taken_up_again(browser: Client, survey: Survey, version: WeightVersion) -> None:
    browser.post("/stellar/predict", {"survey": str(survey.id), "classifier": str(version.id)})
    made = Prediction.objects.get()
    browser.post(f"/stellar/predictions/{made.id}/do/stop")
    made.refresh_from_db()
    assert made.run is not None and made.run.state == RunState.STOPPED and made.state == WorkState.FAILED
    assert "Try again" in text_of(browser.get(f"/stellar/predictions/{made.id}"))
    browser.post(f"/stellar/predictions/{made.id}/do/resume")
    assert "data-working" in text_of(browser.get(f"/stellar/predictions/{made.id}"))
    assert browser.post(f"/stellar/predictions/{made.id}/do/dance").status_code == 404
