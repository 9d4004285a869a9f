"""Downloads: whom a worker may be sent to, and how what came finds its way into the table of stars."""

from __future__ import annotations

import csv
import json
import shutil
from typing import Any

import pytest

from cvstudio.runs.folders import run_folder
from cvstudio.runs.hooks import run_completed
from cvstudio.runs.models import Run
from cvstudio.runs.services.control_run import control_run
from ml_core.stellar.vo.images_config import SIA2_ADDRESS
from stellar.models import Download, Star, Survey
from stellar.services.take_files import take_files
from stellar.storage import survey_folder
from stellar.tests.makers import STARS, imported, make_survey_row

URL = "/api/v1/stellar/downloads"
pytestmark = pytest.mark.django_db


@pytest.fixture
def survey(alice: Any) -> Survey:
    return make_survey_row(alice)


def without_files(survey: Survey, kind: str, positions: tuple[int, ...]) -> None:
    """Some stars lose their spectra or pictures."""
    for star in survey.star_rows.filter(position__in=positions):
        (survey_folder(survey) / getattr(star, f"{kind}_file")).unlink()
    blank = {"spectrum_file": "", "sn": 0.0, "sn_group": "", "coverage": 0.0, "redshift": None, "spectrum_subclass": ""}
    survey.star_rows.filter(position__in=positions).update(
        **(blank if kind == "spectrum" else {"image_file": "", "image_flags": ""})
    )


def leave_table(run: Run, rows: list[tuple[str, ...]]) -> None:
    artifacts = run_folder(run.id) / "artifacts"
    artifacts.mkdir(parents=True)
    with (artifacts / "downloads.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([("name", "status", "reason", "code"), *rows])


def start(api: Any, survey: Survey, kind: str, **more: Any) -> Any:
    return api.post(URL, {"survey": str(survey.id), "kind": kind, **more})


def test_spectra_that_came_are_measured_and_shown(survey: Survey, alice_api: Any) -> None:
    before = {star.name: star for star in survey.star_rows.all()}
    without_files(survey, "spectrum", (0, 1, 2, 3))
    answer = start(alice_api, survey, "spectra", filter={"lacks": "spectrum"})
    assert answer.status_code == 202, answer.content
    run = Run.objects.get(id=answer.json()["run"])
    names = [star.name for star in survey.star_rows.filter(position__lt=4).order_by("position")]
    assert run.config["names"] == names and run.config["survey"] == str(survey_folder(survey))
    for name in names[:2]:
        path = before[name].spectrum_file
        shutil.copyfile(imported() / path, survey_folder(survey) / path)
    broken = survey_folder(survey) / before[names[2]].spectrum_file
    broken.write_bytes(b"<!DOCTYPE html><html>503</html>")
    leave_table(run, [(names[0], "done", "", ""), (names[1], "done", "", ""), (names[2], "done", "", ""),
                      (names[3], "error", "The service did not answer.", "vo.timeout")])  # fmt: skip
    run_completed(run)
    run_completed(run)
    body = alice_api.get(f"{URL}/{answer.json()['id']}").json()
    assert (body["state"], body["counts"]) == ("ready", {"done": 3, "error": 1})
    for name in names[:2]:
        star = Star.objects.get(survey=survey, name=name)
        assert (star.spectrum_file, star.sn_group) == (before[name].spectrum_file, before[name].sn_group)
        assert star.sn == pytest.approx(before[name].sn, rel=1e-4) and star.is_complete
    faulty = Star.objects.get(survey=survey, name=names[2])
    assert faulty.spectrum_file == "" and "cannot be used" in faulty.reason
    survey.refresh_from_db()
    assert (survey.with_spectrum, survey.complete) == (STARS - 2, STARS - 2)
    failed = alice_api.get(f"{URL}/{body['id']}/stars?status=error").json()
    assert failed == [{"star": str(before[names[3]].id), "name": names[3], "status": "error",
                       "reason": "The service did not answer.", "code": "vo.timeout"}]  # fmt: skip


def test_what_a_stopped_download_left_is_taken_on_request(survey: Survey, alice_api: Any, bob_api: Any) -> None:
    star = survey.star_rows.get(position=1)
    without_files(survey, "spectrum", (1,))
    run = Run.objects.get(id=start(alice_api, survey, "spectra").json()["run"])
    shutil.copyfile(imported() / star.spectrum_file, survey_folder(survey) / star.spectrum_file)
    control_run(run, "stop")
    assert survey.star_rows.get(position=1).spectrum_file == ""
    address = f"/api/v1/stellar/surveys/{survey.id}/files"
    assert bob_api.post(address).status_code == 404
    assert [alice_api.post(address).json()["changed"] for _ in range(2)] == [1, 0]
    assert survey.star_rows.get(position=1).is_complete


def test_pictures_that_came_bring_their_flags_and_their_scale(survey: Survey, alice_api: Any) -> None:
    without_files(survey, "image", (7,))
    star = survey.star_rows.get(position=7)
    folder = survey_folder(survey) / "images" / "M2"
    shutil.copyfile(next((imported() / "images" / "M2").glob("*.jpg")), folder / f"{star.name}_image.jpg")
    note = {
        "screening": {"flags": ["noisy", "cut_off"]},
        "bands": {"i": {"pixel_scale_arcsec": 0.4}},
        "service": "https://example.org",
    }
    (folder / f"{star.name}_image.json").write_text(json.dumps(note))
    Survey.objects.filter(id=survey.id).update(source="upload")
    assert take_files(survey) == 1 and take_files(survey) == 0
    body = alice_api.get(f"/api/v1/stellar/stars/{star.id}").json()
    assert body["image"] and body["image_flags"] == ["noisy", "cut_off"]
    assert body["image_facts"]["pixel_scale"] == 0.4
    assert body["image_facts"]["provenance"]["service"] == "https://example.org"
    (folder / f"{star.name}_image.json").write_text("[1, 2")
    facts = alice_api.get(f"/api/v1/stellar/stars/{star.id}").json()["image_facts"]
    assert (facts["pixel_scale"], facts["provenance"]) == (None, {})


@pytest.mark.parametrize(
    ("kind", "settings"),
    [("images", {"trusted_hosts": ["127.0.0.1"]}), ("images", {"service": "http://169.254.169.254/"}),
     ("images", {"cutout_address": "http://localhost/{id}"}), ("spectra", {"base": "http://10.0.0.1"}),
     ("spectra", {"path": "../../x"}), ("images", {"trusted_hosts": "localhost"})],
)  # fmt: skip
def test_only_administrators_send_workers_elsewhere(
    survey: Survey, alice_api: Any, admin_api: Any, kind: str, settings: Any
) -> None:
    answer = start(alice_api, survey, kind, settings=settings)
    assert (answer.status_code, answer.json()["code"]) == (403, "permission.denied")
    assert answer.json()["where"] == f"settings.{next(iter(settings))}" and not Run.objects.exists()
    assert start(admin_api, survey, kind, settings=settings).status_code in (202, 400)


def test_the_known_services_and_manners_are_for_everybody(survey: Survey, alice_api: Any) -> None:
    settings = {"service": SIA2_ADDRESS, "protocol": "sia2", "requests_per_second": 1, "trusted_hosts": []}
    answer = start(alice_api, survey, "images", settings=settings)
    assert answer.status_code == 202 and Run.objects.get(id=answer.json()["run"]).config["protocol"] == "sia2"


@pytest.mark.parametrize(
    "settings", [{"survey": "/etc"}, {"target": "/etc"}, {"names": ["x"]}, {"no_such": 1}, {"retries": -1}]
)
def test_the_folder_is_not_for_people_to_choose(
    survey: Survey, alice_api: Any, admin_api: Any, settings: dict[str, Any]
) -> None:
    for api in (alice_api, admin_api):
        assert start(api, survey, "images", settings=settings).status_code == 400
    assert not Download.objects.exists()


def test_the_same_is_not_downloaded_twice_at_once(survey: Survey, alice_api: Any) -> None:
    first = start(alice_api, survey, "images").json()
    answer = start(alice_api, survey, "images")
    assert (answer.status_code, answer.json()["code"], answer.json()["where"]) == (409, "stellar.busy", first["id"])
    assert start(alice_api, survey, "spectra").status_code == 202
    assert start(alice_api, survey, "catalogue").status_code == 400
    control_run(Run.objects.get(id=first["run"]), "stop")
    body = alice_api.get(f"{URL}/{first['id']}").json()
    assert (body["state"], body["fault"]["code"]) == ("failed", "download.stopped")
    assert start(alice_api, survey, "images").status_code == 202
    assert alice_api.get(f"{URL}/{first['id']}/stars").json() == []


def test_a_survey_that_is_not_imported_downloads_nothing(alice: Any, alice_api: Any) -> None:
    survey = Survey.objects.create(owner=alice, name="Waiting", source="upload")
    answer = start(alice_api, survey, "images")
    assert (answer.status_code, answer.json()["code"]) == (409, "stellar.not_ready")
