"""Bulk actions and screening: what they change in the database they change in the folder that recipes read."""

from __future__ import annotations

from typing import Any

import pytest

from ml_core.stellar.survey import REJECTED, open_survey
from stellar.models import ScreeningDecision, Star, Survey
from stellar.storage import survey_folder
from stellar.tests.makers import STARS, make_prediction, make_survey_row

URL = "/api/v1/stellar/surveys"
pytestmark = pytest.mark.django_db


@pytest.fixture
def survey(alice: Any) -> Survey:
    return make_survey_row(alice)


def star(survey: Survey, position: int) -> Star:
    return survey.star_rows.get(position=position)


def ids(survey: Survey, *positions: int) -> list[str]:
    return [str(star(survey, position).id) for position in positions]


def test_a_rejected_picture_is_not_learnt_from_until_it_is_taken_back(survey: Survey, alice_api: Any) -> None:
    body = alice_api.post(f"{URL}/{survey.id}/screening", {"stars": ids(survey, 3), "decision": "rejected"}).json()
    assert (body["counts"]["rejected"], body["changed"], body["stars"][0]["screening"]) == (1, 1, "rejected")
    opened = open_survey(survey_folder(survey))
    assert opened.left_out == {star(survey, 3).name: REJECTED} and "rejected" in star(survey, 3).reason
    survey.refresh_from_db()
    assert survey.complete == STARS - 1
    alice_api.post(f"{URL}/{survey.id}/screening", {"stars": ids(survey, 4), "decision": "accepted"})
    alice_api.post(f"{URL}/{survey.id}/screening", {"filter": {"class": "M0"}, "decision": "rejected"})
    assert len(open_survey(survey_folder(survey)).left_out) == 4
    body = alice_api.post(f"{URL}/{survey.id}/screening/undo").json()
    assert body["changed"] == 3 and {row["label"] for row in body["stars"]} == {"M0"}
    assert alice_api.post(f"{URL}/{survey.id}/screening/undo").json()["stars"][0]["position"] == 4
    body = alice_api.post(f"{URL}/{survey.id}/screening/undo").json()
    assert body["counts"]["undecided"] == STARS and not ScreeningDecision.objects.exists()
    assert open_survey(survey_folder(survey)).left_out == {}
    answer = alice_api.post(f"{URL}/{survey.id}/screening/undo")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_decision_may_be_changed_and_each_step_is_taken_back(survey: Survey, alice_api: Any) -> None:
    for decision in ("accepted", "rejected", "rejected", ""):
        alice_api.post(f"{URL}/{survey.id}/screening", {"stars": ids(survey, 0), "decision": decision})
    seen = [star(survey, 0).screening]
    for _ in range(3):
        alice_api.post(f"{URL}/{survey.id}/screening/undo")
        seen.append(star(survey, 0).screening)
    assert seen == ["", "rejected", "accepted", ""]


def test_flagged_pictures_are_looked_at_first(survey: Survey, alice_api: Any) -> None:
    Star.objects.filter(survey=survey).update(image_flags="")
    Star.objects.filter(survey=survey, position__in=(5, 9)).update(image_flags="noisy cut_off")
    Star.objects.filter(survey=survey, position=0).update(image_file="")
    address = f"{URL}/{survey.id}/screening"

    def queue(**query: Any) -> list[int]:
        return [row["position"] for row in alice_api.get(address, query).json()["results"]]

    assert queue(count=4) == [5, 9, 1, 2]
    assert queue(count=3, after=ids(survey, 9)[0]) == [1, 2, 3] and queue(flag="noisy") == [5, 9]
    alice_api.post(address, {"stars": ids(survey, 5), "decision": "rejected"})
    assert queue(count=2) == [9, 1] and queue(state="rejected") == [5] and queue(state="accepted") == []
    counts = alice_api.get(address).json()["counts"]
    assert counts == {"undecided": STARS - 2, "accepted": 0, "rejected": 1, "flagged": 2, "flagged_undecided": 1}


def test_classes_are_given_to_many_at_once(survey: Survey, alice_api: Any) -> None:
    address = f"{URL}/{survey.id}/stars/class"
    assert alice_api.post(address, {"class": "M3", "filter": {"class": "M0,M1"}}).json() == {"changed": 6}
    assert alice_api.post(address, {"class": "", "stars": ids(survey, 4)}).json() == {"changed": 1}
    survey.refresh_from_db()
    assert survey.classes == {"M0": 0, "M1": 0, "M2": 3, "M3": 9, "M4": 2} and survey.complete == STARS - 1
    opened = open_survey(survey_folder(survey)).objects
    assert [row.label for row in opened[:5]] == [3, 3, 2, 3, -1] and len(opened) == STARS
    assert Star.objects.filter(survey=survey, label_edited=True).count() == 7


def test_stars_are_taken_out_with_their_files(survey: Survey, alice_api: Any) -> None:
    make_prediction(survey)
    gone = star(survey, 2)
    files = [survey_folder(survey) / name for name in (gone.spectrum_file, gone.image_file)]
    assert all(path.is_file() for path in files)
    alice_api.post(f"{URL}/{survey.id}/screening", {"stars": [str(gone.id)], "decision": "rejected"})
    assert alice_api.post(f"{URL}/{survey.id}/stars/delete", {"stars": [str(gone.id)]}).json() == {"changed": 1}
    assert not any(path.exists() for path in files) and not Star.objects.filter(pk=gone.pk).exists()
    assert gone.name not in {row.name for row in open_survey(survey_folder(survey)).objects}
    survey.refresh_from_db()
    assert survey.stars == STARS - 1 and survey.star_rows.count() == STARS - 1
    answer = alice_api.post(f"{URL}/{survey.id}/stars/delete", {"filter": {}})
    assert (answer.status_code, answer.json()["code"]) == (400, "stellar.all_stars")


@pytest.mark.parametrize("action", ["stars/class", "stars/delete", "screening"])
def test_an_action_must_say_which_stars(survey: Survey, alice_api: Any, bob: Any, action: str) -> None:
    more: dict[str, Any] = {"stars/class": {"class": "M1"}, "screening": {"decision": "accepted"}}.get(action, {})
    foreign = make_survey_row(bob, "Bob's")
    for body, status in (
        ({}, 400), ({"stars": ids(survey, 0), "filter": {}}, 400), ({"stars": ["x"]}, 400),
        ({"filter": {"class": "X"}}, 400), ({"filter": []}, 400), ({"stars": [str(foreign.star_rows.first().id)]}, 404),
    ):  # fmt: skip
        answer = alice_api.post(f"{URL}/{survey.id}/{action}", {**more, **body})
        assert answer.status_code == status, (body, answer.content)
        assert set(answer.json()) >= {"code", "message", "hint", "where"}
    assert survey.star_rows.count() == STARS and not ScreeningDecision.objects.exists()


def test_a_filter_of_an_action_cannot_reach_another_survey(survey: Survey, alice: Any, alice_api: Any) -> None:
    other = make_survey_row(alice, "Field 8")
    body = {"filter": {"survey": str(other.id)}, "decision": "rejected"}
    assert alice_api.post(f"{URL}/{survey.id}/screening", body).json()["changed"] == STARS
    assert other.star_rows.filter(screening="rejected").count() == 0
