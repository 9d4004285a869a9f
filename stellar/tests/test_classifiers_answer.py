"""Trainings leave classifiers, predictions leave answers: taken in once, shown in the table, taken out whole."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from cvstudio.runs.folders import run_folder
from cvstudio.runs.hooks import run_completed
from cvstudio.runs.models import Run, RunState
from cvstudio.runs.services.control_run import control_run
from cvstudio.weights import library
from cvstudio.weights.errors import InUseError
from cvstudio.weights.models import WeightVersion
from cvstudio.weights.services.delete_weight import delete_weight
from ml_core.errors import CodedError
from stellar.models import Prediction, Star, StarClassification, Survey, Training
from stellar.services.choose_stars import MOST_NAMED
from stellar.services.delete_prediction import delete_prediction
from stellar.services.record_prediction import record_prediction
from stellar.services.start_prediction import start_prediction
from stellar.storage import cache_folder, prediction_folder, survey_folder
from stellar.tests.makers import (
    STARS,
    leave_answers,
    leave_weight,
    make_classifier,
    make_prediction,
    make_survey_row,
)

URL = "/api/v1/stellar"
pytestmark = pytest.mark.django_db


@pytest.fixture
def survey(alice: Any) -> Survey:
    return make_survey_row(alice)


def shown(survey: Survey) -> list[str]:
    return [star.predicted_name for star in survey.star_rows.order_by("position")]


def test_a_training_is_told_where_the_survey_lies_and_leaves_a_classifier(survey: Survey, alice_api: Any) -> None:
    answer = alice_api.post(f"{URL}/trainings", {"survey": str(survey.id), "name": "Mine", "modality": "any",
                                                 "settings": {"epochs": 2, "seed": 3}})  # fmt: skip
    assert answer.status_code == 202, answer.content
    run = Run.objects.get(id=answer.json()["run"])
    assert run.config["survey"] == str(survey_folder(survey)) and run.config["cache"] == str(cache_folder(survey))
    assert run.config["history_file"] == str(survey_folder(survey) / "training_history.json")
    assert (run.config["epochs"], run.config["modality"], run.seed, run.recipe) == (2, "any", 3, "stellar.train")
    leave_weight(run, worst=(survey.star_rows.order_by("position")[4].name, "deleted meanwhile"))
    run_completed(run)
    run_completed(run)
    body = alice_api.get(f"{URL}/trainings/{answer.json()['id']}").json()
    found = alice_api.get(f"{URL}/classifiers").json()["results"]
    assert [row["id"] for row in found] == [body["classifier"]]
    assert (found[0]["survey"], found[0]["model"], found[0]["classes"][0]) == (str(survey.id), "recommended", "M0")
    worst = alice_api.get(f"{URL}/classifiers/{body['classifier']}/report").json()["worst"]
    assert [row["star"] for row in worst] == [str(survey.star_rows.get(position=4).id), None]
    columns = alice_api.get(f"{URL}/classifiers/{body['classifier']}/embedding").json()
    assert columns["stars"] == [row["star"] for row in worst]


@pytest.mark.parametrize(
    "settings",
    [{"survey": "/etc"}, {"cache": "/etc"}, {"history_file": "/etc/passwd"}, {"preset": "x"}, {"modality": "x"},
     {"pretrained": "/etc/passwd"}, {"pretrained": "../x.pth"}, {"pretrained": 7}, {"no_such": 1}, {"epochs": -1}],
)  # fmt: skip
def test_settings_lead_to_no_place_of_a_persons_choice(survey: Survey, alice_api: Any, settings: Any) -> None:
    answer = alice_api.post(f"{URL}/trainings", {"survey": str(survey.id), "settings": settings})
    assert answer.status_code == 400, answer.content
    assert set(answer.json()) >= {"code", "message", "hint", "where"}
    assert not Run.objects.exists() and not Training.objects.exists()


def test_cached_arrays_do_not_pile_up(survey: Survey, alice: Any) -> None:
    version = make_classifier(alice)
    for number in range(5):
        (cache_folder(survey) / f"set-{number}").mkdir(parents=True)
        os.utime(cache_folder(survey) / f"set-{number}", (number, number))
    first = start_prediction(alice, survey, version)
    assert sorted(path.name for path in cache_folder(survey).iterdir()) == ["set-2", "set-3", "set-4"]
    (cache_folder(survey) / "set-5").mkdir()
    start_prediction(alice, survey, version)
    assert len(list(cache_folder(survey).iterdir())) == 4, "the first one may be reading"
    control_run(first.run, "stop")


def test_presets_and_modalities_must_exist(survey: Survey, alice_api: Any) -> None:
    names = [row["name"] for row in alice_api.get(f"{URL}/presets").json()]
    assert names[0] == "recommended" and "specification" in names
    for wrong in ({"preset": "magic"}, {"modality": "sound"}):
        assert alice_api.post(f"{URL}/trainings", {"survey": str(survey.id), **wrong}).status_code == 400


def test_a_prediction_is_asked_for_all_or_for_chosen_stars(survey: Survey, alice_api: Any) -> None:
    version = make_classifier(survey.owner)
    body = {"survey": str(survey.id), "classifier": str(version.id)}
    answer = alice_api.post(f"{URL}/predictions", body)
    assert (answer.status_code, answer.json()["state"], answer.json()["is_partial"]) == (202, "waiting", False)
    config = Run.objects.get(id=answer.json()["run"]).config
    assert config["weights"] == str(library.folder_of(version)) and config["survey"] == str(survey_folder(survey))
    assert config["names"] == []
    star = survey.star_rows.get(position=2)
    coolest = list(survey.star_rows.filter(label=4).order_by("position").values_list("name", flat=True))
    for chosen, names in (({"stars": [str(star.id)]}, [star.name]), ({"filter": {"class": "M4"}}, coolest)):
        answer = alice_api.post(f"{URL}/predictions", {**body, **chosen})
        assert answer.json()["is_partial"] and Run.objects.get(id=answer.json()["run"]).config["names"] == names
    assert alice_api.post(f"{URL}/predictions", {**body, "filter": {"class": "unknown"}}).json()["code"] == (
        "stellar.nothing_chosen"
    )
    assert alice_api.post(f"{URL}/predictions", {**body, "stars": [str(survey.id)]}).status_code == 404


def test_weights_of_other_classes_or_tasks_classify_no_stars(survey: Survey, alice_api: Any) -> None:
    version = make_classifier(survey.owner)
    body = {"survey": str(survey.id), "classifier": str(version.id)}
    WeightVersion.objects.filter(id=version.id).update(classes=["cat", "dog"])
    answer = alice_api.post(f"{URL}/predictions", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "stellar.other_classes")
    version.weight.task = "vision.classify"
    version.weight.save()
    assert alice_api.post(f"{URL}/predictions", body).status_code == 404
    assert not Prediction.objects.exists()


def test_more_names_than_a_run_can_hold_go_into_a_file(survey: Survey, alice: Any) -> None:
    names = [f"star-{number}" for number in range(MOST_NAMED + 1)]
    made = start_prediction(alice, survey, make_classifier(alice), names=names)
    path = Path(made.run.config["names_file"])
    assert path.read_text().split() == names and made.run.config["names"] == []
    delete_prediction(made)
    assert not path.exists()


def test_answers_are_taken_in_once_and_shown(survey: Survey, alice_api: Any) -> None:
    made = make_prediction(survey)
    assert (made.state, made.stars, made.disagreements) == ("ready", STARS - 1, 1)
    assert made.counts == {"M0": 3, "M1": 3, "M2": 3, "M3": 2, "M4": 2, "none": 1}
    expected = [f"M{n % 5}" for n in range(STARS)]
    expected[-2:] = ["", "none"]
    assert shown(survey) == expected
    before = list(StarClassification.objects.order_by("id").values())
    Prediction.objects.filter(id=made.id).update(state="waiting")  # as if the worker had died before the last word
    record_prediction(made.run)
    record_prediction(made.run)
    assert list(StarClassification.objects.order_by("id").values()) == before
    star = survey.star_rows.get(position=0)
    answers = alice_api.get(f"{URL}/stars/{star.id}/classifications").json()
    assert len(answers) == 1 and answers[0]["shown"] and answers[0]["modalities_differ"]
    assert answers[0]["probabilities"] == {"M0": 0.8, "M1": 0.05, "M2": 0.05, "M3": 0.05, "M4": 0.05}
    assert answers[0]["by_modality"] == {"spectrum": {"class": "M0", "confidence": 0.7},
                                         "image": {"class": "M2", "confidence": 0.6}}  # fmt: skip
    row = alice_api.get(f"{URL}/stars/{star.id}").json()
    assert (row["predicted"], row["confidence"], row["type"], row["novelty"]) == ("M0", 0.8, 0.1, 0.1)
    fault = alice_api.get(f"{URL}/stars/{survey.star_rows.get(position=STARS - 2).id}").json()
    assert (fault["predicted"], fault["confidence"]) == ("", None)


def test_a_resumed_prediction_goes_on_from_half_stored_answers(survey: Survey) -> None:
    made = make_prediction(survey)
    half = StarClassification.objects.filter(prediction=made, star__position__gte=6)
    half._raw_delete("default")
    Prediction.objects.filter(id=made.id).update(state="waiting")
    record_prediction(Run.objects.get(id=made.run_id))
    assert StarClassification.objects.filter(prediction=made).count() == STARS - 1


def test_the_newest_prediction_is_shown_until_another_is_chosen(survey: Survey, alice_api: Any) -> None:
    first = make_prediction(survey)
    second = make_prediction(survey, first.classifier, shift=1)
    assert shown(survey)[0] == "M1"
    assert alice_api.post(f"{URL}/predictions/{first.id}/show").json()["shown"]
    assert shown(survey)[0] == "M0"
    assert [row["shown"] for row in alice_api.get(f"{URL}/predictions").json()["results"]] == [False, True]
    assert alice_api.delete(f"{URL}/predictions/{first.id}").status_code == 200
    assert shown(survey)[0] == "M1" and not prediction_folder(first).exists()
    alice_api.delete(f"{URL}/predictions/{second.id}")
    assert set(shown(survey)) == {""} and not StarClassification.objects.exists()
    survey.refresh_from_db()
    assert survey.shown is None and survey.star_rows.filter(confidence__gte=0).count() == 0


def test_answers_for_chosen_stars_do_not_hide_those_for_all(survey: Survey, alice: Any) -> None:
    whole = make_prediction(survey)
    part = start_prediction(alice, survey, whole.classifier, names=[survey.star_rows.get(position=0).name])
    leave_answers(part.run, survey, shift=2)
    run_completed(part.run)
    assert shown(survey)[0] == "M0" and Prediction.objects.get(id=part.id).state == "ready"


def test_alike_stars_are_the_nearest_in_the_embedding(survey: Survey, alice_api: Any) -> None:
    made = make_prediction(survey)
    star = survey.star_rows.get(position=5)
    found = alice_api.get(f"{URL}/stars/{star.id}/neighbours?count=3").json()
    assert found["prediction"] == str(made.id)
    assert [row["position"] for row in found["neighbours"]] == [6, 7, 2] and found["neighbours"][0]["distance"] > 0
    columns = alice_api.get(f"{URL}/predictions/{made.id}/embedding").json()
    assert columns["stars"][5] == str(star.id) and len(columns["x"]) == STARS - 1
    faulty = survey.star_rows.get(position=STARS - 2)
    assert alice_api.get(f"{URL}/stars/{faulty.id}/neighbours").status_code == 404
    assert alice_api.get(f"{URL}/stars/{star.id}/neighbours?prediction={survey.id}").status_code == 404


def test_files_of_a_run_that_cannot_be_read_fail_it_and_nothing_is_shown(survey: Survey, alice: Any) -> None:
    made = start_prediction(alice, survey, make_classifier(alice))
    leave_answers(made.run, survey)
    (run_folder(made.run_id) / "artifacts" / "predictions.csv").write_text("name,predicted\n1,2\n")
    with pytest.raises(CodedError) as caught:
        record_prediction(made.run)
    assert caught.value.code == "stellar.answers_unreadable"
    assert Prediction.objects.get(id=made.id).state == "waiting" and set(shown(survey)) == {""}


def test_damaged_maps_are_said_to_be(survey: Survey, alice_api: Any) -> None:
    made = make_prediction(survey)
    path = prediction_folder(made) / "embedding.json"
    star = survey.star_rows.get(position=5)
    for content in ("{", "[]", json.dumps({"names": ["a"], "x": [], "y": []})):
        path.write_text(content)
        for address in (f"predictions/{made.id}/embedding", f"stars/{star.id}/neighbours"):
            assert alice_api.get(f"{URL}/{address}").json()["code"] == "stellar.map_unreadable"
    path.unlink()
    assert alice_api.get(f"{URL}/predictions/{made.id}/embedding").status_code == 404


def test_a_stopped_prediction_says_so_and_is_not_shown(survey: Survey, alice: Any, alice_api: Any) -> None:
    made = start_prediction(alice, survey, make_classifier(alice))
    control_run(made.run, "stop")
    body = alice_api.get(f"{URL}/predictions/{made.id}").json()
    assert (body["state"], body["fault"]["code"]) == ("failed", "prediction.stopped")
    assert alice_api.post(f"{URL}/predictions/{made.id}/show").status_code == 409
    assert alice_api.get(f"{URL}/predictions/{made.id}/embedding").status_code == 409


def test_what_is_at_work_is_not_deleted(survey: Survey, alice: Any, alice_api: Any) -> None:
    made = start_prediction(alice, survey, make_classifier(alice))
    Run.objects.filter(id=made.run_id).update(state=RunState.RUNNING)
    for address in (f"predictions/{made.id}", f"surveys/{survey.id}"):
        answer = alice_api.delete(f"{URL}/{address}")
        assert (answer.status_code, answer.json()["code"]) == (409, "stellar.busy")
    body = {"stars": [str(survey.star_rows.get(position=0).id)]}
    assert alice_api.post(f"{URL}/surveys/{survey.id}/stars/delete", body).status_code == 409
    Run.objects.filter(id=made.run_id).update(state=RunState.QUEUED)
    assert alice_api.delete(f"{URL}/predictions/{made.id}").status_code == 200
    assert Run.objects.get(id=made.run_id).state == RunState.STOPPED


def test_the_library_of_weights_knows_what_stands_on_a_classifier(survey: Survey) -> None:
    made = make_prediction(survey)
    with pytest.raises(InUseError):
        delete_weight(made.classifier)
    delete_weight(made.classifier, with_dependants=True)
    assert not Prediction.objects.exists() and set(shown(survey)) == {""} and not WeightVersion.objects.exists()


def test_a_survey_goes_with_its_answers_and_its_classifiers_stay(survey: Survey, alice_api: Any) -> None:
    made = make_prediction(survey, make_classifier(survey.owner, survey=survey))
    assert alice_api.delete(f"{URL}/surveys/{survey.id}").json()["bytes_freed"] > 100_000
    assert not Star.objects.exists() and not StarClassification.objects.exists() and not survey_folder(survey).exists()
    body = alice_api.get(f"{URL}/classifiers/{made.classifier_id}").json()
    assert (body["survey"], body["survey_name"]) == (None, "") and UUID(body["training"])


def test_other_peoples_classifiers_and_surveys_are_not_found(survey: Survey, bob: Any, bob_api: Any) -> None:
    foreign = make_classifier(survey.owner)
    own = make_survey_row(bob, "Bob's")
    for body in ({"survey": str(own.id), "classifier": str(foreign.id)},
                 {"survey": str(survey.id), "classifier": str(make_classifier(bob).id)}):  # fmt: skip
        assert bob_api.post(f"{URL}/predictions", body).status_code == 404
    answer = bob_api.post(f"{URL}/predictions", {"survey": str(own.id), "classifier": str(make_classifier(bob).id),
                                                 "stars": [str(survey.star_rows.get(position=0).id)]})  # fmt: skip
    assert answer.status_code == 404


def test_uploads_without_a_worker_or_without_content_are_refused_in_words(survey: Survey, alice_api: Any) -> None:
    from stellar.tests.access import spectrum_file

    version = make_classifier(survey.owner)
    body = {"classifier": str(version.id)}
    answer = alice_api.post(f"{URL}/classify", body, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (400, "stellar.nothing_to_classify")
    answer = alice_api.post(f"{URL}/classify", {**body, "spectrum": spectrum_file()}, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (503, "broker.unavailable")  # tests have no Redis
    answer = alice_api.post(f"{URL}/classify", {**body, "g_mag": 99, "r_mag": 17}, format="multipart")
    assert (answer.status_code, answer.json()["where"]) == (400, "g_mag")
    assert alice_api.post(f"{URL}/classify", {"classifier": str(survey.id)}, format="multipart").status_code == 404


def test_files_larger_than_a_star_are_not_sent_to_the_worker(survey: Survey, alice_api: Any, settings: Any) -> None:
    from cvstudio.inference.limits import limits
    from stellar.services.classify_star import StarFiles, classify_files

    with pytest.raises(CodedError) as caught:
        classify_files(
            survey.owner, make_classifier(survey.owner), StarFiles(image=b"x" * (limits().max_image_bytes + 1))
        )
    assert (caught.value.code, caught.value.where) == ("stellar.file_too_large", "image")
