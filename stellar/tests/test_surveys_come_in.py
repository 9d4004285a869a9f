"""From files to a survey that is ready: uploaded, named on the server, simulated, or refused in words."""

from __future__ import annotations

import csv
import io
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from cvstudio.datasets.tests.carry_out import carry_out_all
from cvstudio.runs.hooks import run_completed
from cvstudio.runs.models import Run, RunState
from cvstudio.runs.services.control_run import control_run
from stellar.models import Star, Survey
from stellar.services.create_survey import create_sample
from stellar.storage import survey_folder
from stellar.tests.makers import STARS, imported, make_survey, make_survey_row

URL = "/api/v1/stellar/surveys"
HEADER = b"name,ra,dec,plate,mjd,fiberID,subclass,u_mag,g_mag,r_mag,i_mag,z_mag\n"
ROW = b"1234567890123456789,150.1,2.2,300,52000,7,M1,22.1,20.0,18.7,17.6,17.0\n"
pytestmark = pytest.mark.django_db


def plain_file(name: str, content: bytes) -> io.BytesIO:
    stream = io.BytesIO(content)
    stream.name = name
    return stream


def files_of(count: int = 3) -> list[io.BytesIO]:
    """The catalogue of the sample with the files of its first stars."""
    folder = imported()
    found = [plain_file("objects.csv", (folder / "objects.csv").read_bytes())]
    for kind in ("spectra", "images"):
        paths = sorted((folder / kind).rglob("*.*"), key=lambda path: path.name)
        found += [plain_file(path.name, path.read_bytes()) for path in paths[:count]]
    return found


def packed(files: list[io.BytesIO], folder: str = "") -> io.BytesIO:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for file in files:
            archive.writestr(folder + file.name, file.getvalue())
    return plain_file("survey.zip", stream.getvalue())


def send(api: Any, *files: Any, **fields: Any) -> Any:
    return api.post(URL, {"file": list(files), **fields}, format="multipart")


def ready(api: Any, answer: Any) -> dict[str, Any]:
    """The survey after its import."""
    assert answer.status_code == 201, answer.content
    carry_out_all()
    return dict(api.get(f"{URL}/{answer.json()['id']}").json())


def nothing_is_left() -> bool:
    return list(Path(settings.UPLOAD_DIR).iterdir()) == []


def test_catalogue_spectra_and_pictures_come_as_single_files(alice_api: Any) -> None:
    answer = send(alice_api, *files_of(3), name="My field")
    assert (answer.json()["state"], answer.json()["name"]) == ("importing", "My field")
    body = ready(alice_api, answer)
    assert (body["state"], body["stars"], body["with_spectrum"], body["with_image"]) == ("ready", STARS, 3, 3)
    assert nothing_is_left(), "the upload is gone once it is imported"
    report = alice_api.get(f"{URL}/{body['id']}/report").json()
    assert len(report["stars_left_out"]) == STARS - body["complete"]
    assert all("missing" in reason for reason in report["stars_left_out"].values())


def test_a_zip_of_the_whole_survey_is_unpacked_by_the_import(alice_api: Any) -> None:
    catalogue, *others = files_of(2)
    for file in others:
        file.name = ("spectra/M0/" if file.name.endswith(".fits") else "images/M0/") + file.name
    body = ready(alice_api, send(alice_api, packed([catalogue, *others], "field/")))
    assert (body["stars"], body["with_spectrum"], body["with_image"]) == (STARS, 2, 2) and nothing_is_left()


def test_a_catalogue_may_come_beside_zips_of_its_files(alice_api: Any) -> None:
    catalogue, *others = files_of(2)
    body = ready(alice_api, send(alice_api, catalogue, packed(others, "anywhere/")))
    assert (body["with_spectrum"], body["with_image"]) == (2, 2) and body["findings"] == []


def test_a_catalogue_alone_is_a_survey_to_download_for(alice_api: Any) -> None:
    body = ready(alice_api, send(alice_api, plain_file("my stars.csv", HEADER + ROW)))
    assert (body["name"], body["stars"], body["complete"], body["with_spectrum"]) == ("my stars", 1, 0, 0)
    star = Star.objects.get(survey=body["id"])
    assert (star.name, star.label, star.reason) == (
        "1234567890123456789", 1, "The spectrum and the image are missing.",
    )  # fmt: skip


@pytest.mark.parametrize("form", ["votable", "fits", "ascii.ecsv"])
def test_catalogues_of_other_formats_are_taken(alice_api: Any, tmp_path: Path, form: str) -> None:
    from astropy.table import Table

    rows = list(csv.DictReader(io.StringIO((HEADER + ROW).decode())))
    columns = {name: [row[name] if name in ("name", "subclass") else float(row[name]) for row in rows]
               for name in rows[0]}  # fmt: skip
    table = Table(columns)
    for name in ("plate", "mjd", "fiberID"):
        table[name] = table[name].astype(int)
    path = tmp_path / {"votable": "t.vot", "fits": "t.fits", "ascii.ecsv": "t.ecsv"}[form]
    table.write(path, format=form)
    body = ready(alice_api, send(alice_api, plain_file(path.name, path.read_bytes())))
    assert (body["state"], body["stars"]) == ("ready", 1), body["fault"]
    assert Star.objects.get(survey=body["id"]).name == "1234567890123456789"


REFUSED = {
    "a program": [("run.exe", b"MZ" * 100)],
    "nothing": [("objects.csv", b"")],
    "no catalogue": [("a_image.jpg", b"\xff\xd8\xff")],
    "two catalogues": [("first.csv", HEADER + ROW), ("second.csv", HEADER + ROW)],
    "an archive that leads out": [("objects.csv", HEADER + ROW), ("../../x.zip", b"PK\x03\x04 no archive")],
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_survey_is_refused_at_once_and_leaves_nothing(alice_api: Any, what: str) -> None:
    answer = send(alice_api, *(plain_file(*file) for file in REFUSED[what]))
    assert 400 <= answer.status_code < 500, answer.content
    assert set(answer.json()) >= {"code", "message", "hint", "where"} and answer.json()["message"]
    assert not Survey.objects.exists() and nothing_is_left()


HTML = b"<!DOCTYPE html><html><body>404 Not Found</body></html>"
FAILING = {
    "catalogue.missing_columns": b"name,ra,dec\n1,2,3\n",
    "catalogue.unreadable": HTML,
    "catalogue.empty": HEADER + b"1234,10,10,0,0,0,M1,,,,,\n",
}


@pytest.mark.parametrize("code", FAILING)
def test_a_catalogue_that_cannot_be_read_fails_with_its_reason(alice_api: Any, code: str) -> None:
    body = ready(alice_api, send(alice_api, plain_file("objects.csv", FAILING[code])))
    assert (body["state"], body["fault"]["code"]) == ("failed", code)
    assert body["fault"]["message"] and body["fault"]["hint"] and body["stars"] == 0
    assert alice_api.get(f"{URL}/{body['id']}/report").json()["code"] == "stellar.not_ready"
    assert alice_api.delete(f"{URL}/{body['id']}").status_code == 200 and nothing_is_left()


def test_bad_rows_and_files_are_left_out_with_their_reasons(alice_api: Any) -> None:
    rows = [
        ROW, ROW, ROW.replace(b"1234567890123456789", b"second").replace(b",7,", b",8,").replace(b"150.1", b"999"),
        ROW.replace(b"1234567890123456789", b"third").replace(b",7,", b",9,").replace(b"22.1", b"9999"),
        ROW.replace(b"1234567890123456789", b"fourth").replace(b",7,", b",x,"),
        ROW.replace(b"1234567890123456789", b"giant").replace(b",7,", b",10,").replace(b"M1", b"M6III"),
    ]  # fmt: skip
    files = [
        plain_file("objects.csv", HEADER + b"".join(rows)), plain_file("spec-0300-52000-0007.fits", HTML),
        plain_file("spec-0300-52000-0008.fits", b"SIMPLE  =                    T" + b" " * 2850),
        plain_file("second_image.jpg", b"no picture"), plain_file("stranger_image.jpg", b"\xff\xd8"),
    ]  # fmt: skip
    body = ready(alice_api, send(alice_api, *files))
    assert body["state"] == "ready" and body["stars"] == 4 and body["complete"] == 0
    codes = {finding["code"] for finding in body["findings"]}
    assert {"duplicates", "positions_out_of_range", "bad_magnitudes", "unusable_rows", "spectrum.not_fits"} <= codes
    stars = {star.name: star for star in Star.objects.filter(survey=body["id"])}
    assert "web page" in stars["1234567890123456789"].reason or "FITS" in stars["1234567890123456789"].reason
    assert stars["second"].ra is None and stars["second"].unit_x is None and stars["third"].u_mag is None
    assert "cannot be used" in stars["second"].reason and stars["giant"].label == -1
    left_out = alice_api.get(f"{URL}/{body['id']}/report").json()["catalogue"]["left_out"]
    assert [entry["row"] for entry in left_out] == [2, 5] and all(entry["reason"] for entry in left_out)


def test_more_than_allowed_is_not_stored(alice_api: Any, settings: Any) -> None:
    settings.MAX_UPLOAD_SIZE = 500
    answer = send(alice_api, *files_of(1))
    assert (answer.status_code, answer.json()["code"]) == (413, "upload.too_large") and nothing_is_left()


def test_a_registered_folder_is_linked_to_and_stays_as_it_is(alice_api: Any, tmp_path: Path, settings: Any) -> None:
    settings.DATASET_ROOTS = [tmp_path]
    shutil.copytree(imported(), tmp_path / "field")
    body = ready(alice_api, alice_api.post(URL, {"source": "folder", "path": str(tmp_path / "field")}))
    assert (body["name"], body["state"], body["with_image"]) == ("field", "ready", STARS)
    star = Star.objects.filter(survey=body["id"]).first()
    assert (survey_folder(Survey.objects.get(id=body["id"])) / star.spectrum_file).is_symlink()
    assert alice_api.get(f"/api/v1/stellar/stars/{star.id}/spectrum").status_code == 200
    before = sorted(path.name for path in (tmp_path / "field").rglob("*"))
    assert alice_api.post(f"{URL}/{body['id']}/stars/delete", {"stars": [str(star.id)]}).json() == {"changed": 1}
    assert alice_api.delete(f"{URL}/{body['id']}").status_code == 200
    assert sorted(path.name for path in (tmp_path / "field").rglob("*")) == before


def test_places_outside_of_the_roots_are_refused(alice_api: Any, tmp_path: Path, settings: Any) -> None:
    settings.DATASET_ROOTS = [tmp_path / "allowed"]
    (tmp_path / "allowed" / "empty").mkdir(parents=True)
    secret = tmp_path / "secret.csv"
    secret.write_bytes(HEADER + ROW)
    (tmp_path / "allowed" / "link.csv").symlink_to(secret)
    for place in (secret, tmp_path / "allowed" / "link.csv", tmp_path / "allowed" / ".." / "secret.csv", "/etc"):
        answer = alice_api.post(URL, {"source": "folder", "path": str(place)})
        assert (answer.status_code, answer.json()["code"]) == (400, "dataset.folder_not_allowed"), place
    answer = alice_api.post(URL, {"source": "folder", "path": str(tmp_path / "allowed" / "empty")})
    assert (answer.status_code, answer.json()["code"]) == (400, "survey.no_catalogue")
    assert alice_api.post(URL, {"source": "folder"}).json()["where"] == "path"


def test_an_import_that_fails_can_be_tried_again(alice_api: Any) -> None:
    body = ready(alice_api, send(alice_api, plain_file("objects.csv", HTML)))
    survey = Survey.objects.get(id=body["id"])
    Path(survey.choice["catalogue"]).write_bytes(HEADER + ROW)
    assert alice_api.post(f"{URL}/{survey.id}/retry").status_code == 202
    answer = alice_api.post(f"{URL}/{survey.id}/retry")
    assert (answer.status_code, answer.json()["code"]) == (409, "stellar.busy")
    carry_out_all()
    body = alice_api.get(f"{URL}/{survey.id}").json()
    assert (body["state"], body["stars"], body["fault"]) == ("ready", 1, {})
    assert alice_api.post(f"{URL}/{survey.id}/retry").json()["code"] == "stellar.imported"


def test_the_end_of_an_import_may_be_reported_twice(alice: Any) -> None:
    survey = make_survey(alice)
    run = Run.objects.get(id=survey.import_run_id)
    before = list(Star.objects.filter(survey=survey).values()), Survey.objects.values().get(id=survey.id)
    run_completed(run)
    Survey.objects.filter(id=survey.id).update(state="importing")  # as if the worker had died before the last word
    run_completed(run)
    after = list(Star.objects.filter(survey=survey).values()), Survey.objects.values().get(id=survey.id)
    assert after[0] == before[0]
    assert {**after[1], "updated_at": 0} == {**before[1], "updated_at": 0}


def test_a_stopped_import_is_no_survey_yet(alice: Any, alice_api: Any) -> None:
    survey = create_sample(alice)
    control_run(survey.import_run, "stop")
    survey.refresh_from_db()
    assert (survey.state, survey.fault["code"]) == ("failed", "import.stopped")
    assert alice_api.get("/api/v1/stellar/stars", {"survey": survey.id}).json()["results"] == []


def test_a_survey_at_work_is_not_deleted(alice: Any, alice_api: Any) -> None:
    survey = create_sample(alice)
    Run.objects.filter(id=survey.import_run_id).update(state=RunState.RUNNING)
    answer = alice_api.delete(f"{URL}/{survey.id}")
    assert (answer.status_code, answer.json()["code"]) == (409, "stellar.busy")
    Run.objects.filter(id=survey.import_run_id).update(state=RunState.QUEUED)
    assert alice_api.delete(f"{URL}/{survey.id}").status_code == 200
    assert not Survey.objects.exists() and not survey_folder(survey).exists()


def test_surveys_are_renamed_and_described(alice: Any, alice_api: Any) -> None:
    survey = make_survey_row(alice)
    body = alice_api.patch(f"{URL}/{survey.id}", {"name": " New  name ", "description": "Dark nights."}).json()
    assert (body["name"], body["description"]) == ("New name", "Dark nights.")
    assert alice_api.patch(f"{URL}/{survey.id}", {"name": "  "}).status_code == 400


def test_an_import_that_finds_the_queue_full_leaves_nothing(alice_api: Any, settings: Any) -> None:
    settings.RUN_MAX_QUEUED_PER_USER = 0
    assert send(alice_api, *files_of(1)).status_code == 429
    assert alice_api.post(URL, {"source": "sample"}).status_code == 429
    assert not Survey.objects.exists() and nothing_is_left()
