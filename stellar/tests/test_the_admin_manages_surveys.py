"""The admin: everything searched and read, pictures shown, and actions that leave no files behind."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from cvstudio.common.search import find_everywhere
from cvstudio.runs.models import Run, RunState
from stellar.models import Download, Prediction, ScreeningDecision, StarClassification, Survey, Training
from stellar.services.start_prediction import start_prediction
from stellar.storage import prediction_folder, survey_folder
from stellar.tests.makers import make_classifier, make_prediction, make_survey_row

pytestmark = pytest.mark.django_db


@pytest.fixture
def survey(alice: Any) -> Survey:
    return make_survey_row(alice)


def act(client: Any, model: str, action: str, row: Any) -> str:
    data = {"action": action, "_selected_action": [row.pk]}
    return client.post(reverse(f"admin:stellar_{model}_changelist"), data, follow=True).content.decode()


def test_every_thing_has_a_page_with_what_is_known(client: Any, admin_user: Any, survey: Survey) -> None:
    client.force_login(admin_user)
    made = make_prediction(survey, make_classifier(survey.owner, survey=survey))
    star = survey.star_rows.get(position=0)
    ScreeningDecision.objects.create(star=star, survey=survey, after="rejected")
    Download.objects.create(owner=survey.owner, survey=survey, kind="images", state="ready", counts={"done": 3})
    things = [survey, star, made, made.classifications.first(), Training.objects.get(), Download.objects.get(),
              ScreeningDecision.objects.get()]  # fmt: skip
    for thing in things:
        name = thing._meta.model_name
        page = client.get(reverse(f"admin:stellar_{name}_change", args=[thing.pk]))
        assert page.status_code == 200, name
        assert client.get(reverse(f"admin:stellar_{name}_changelist")).status_code == 200, name
    page = client.get(reverse("admin:stellar_star_changelist"), {"q": star.name}).content.decode()
    assert (
        f"/api/v1/stellar/stars/{star.id}/image?size=64" in page and survey.star_rows.get(position=1).name not in page
    )


def test_surveys_and_predictions_are_deleted_with_their_files(client: Any, admin_user: Any, survey: Survey) -> None:
    client.force_login(admin_user)
    made = make_prediction(survey)
    other = make_prediction(survey, made.classifier, shift=1)
    act(client, "prediction", "show_in_table", made)
    assert survey.star_rows.get(position=0).predicted_name == "M0"
    act(client, "prediction", "delete_with_files", made)
    assert not prediction_folder(made).exists() and survey.star_rows.get(position=0).predicted_name == "M1"
    act(client, "survey", "delete_with_files", survey)
    assert not Survey.objects.exists() and not Prediction.objects.filter(id=other.id).exists()
    assert not StarClassification.objects.exists() and not survey_folder(survey).exists()


def test_the_admin_says_what_it_may_not_delete(client: Any, admin_user: Any, survey: Survey) -> None:
    client.force_login(admin_user)
    made = start_prediction(survey.owner, survey, make_classifier(survey.owner))
    Run.objects.filter(id=made.run_id).update(state=RunState.RUNNING)
    for model, row in (("prediction", made), ("survey", survey)):
        assert "A run is at work on it." in act(client, model, "delete_with_files", row)
    assert Survey.objects.exists() and Prediction.objects.exists()


def test_surveys_and_stars_are_found_from_the_top_bar(survey: Survey, alice: Any, bob: Any) -> None:
    found = {source.key: [hit.title for hit in hits] for source, hits in find_everywhere(alice, "field")}
    assert found["stellar-surveys"] == ["Field 7"]
    star = survey.star_rows.get(position=4)
    found = {source.key: [hit.title for hit in hits] for source, hits in find_everywhere(alice, star.name)}
    assert found["stellar-stars"] == [star.name]
    assert not [source for source, _ in find_everywhere(bob, star.name) if source.key.startswith("stellar")]
