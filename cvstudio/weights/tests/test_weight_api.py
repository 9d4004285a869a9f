"""List, tree, detail, download and delete, as owner, stranger, administrator and nobody."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from cvstudio.accounts.models import User
from cvstudio.weights import dependants, library
from cvstudio.weights.dependants import Dependant, Kind
from cvstudio.weights.models import Weight, WeightVersion
from cvstudio.weights.services.record_run_weight import record_run_weight
from cvstudio.weights.tests.makers import CLASSES, make_architecture, make_dataset, make_run, make_weight

pytestmark = pytest.mark.django_db
ADDRESSES = ["/api/v1/weights", "/api/v1/weights/tree"]


def sent(response: Any) -> bytes:
    """The body of a response that is sent in pieces."""
    return b"".join(response.streaming_content)


def test_the_owner_sees_a_version_with_its_lineage(alice: User, alice_api: APIClient) -> None:
    version = make_weight(alice)
    listed = alice_api.get("/api/v1/weights").json()["results"]
    assert [row["id"] for row in listed] == [str(version.id)]
    assert listed[0]["dataset"] == {"id": str(version.dataset_version_id), "name": "Pets", "version": 1}
    detail = alice_api.get(f"/api/v1/weights/{version.id}").json()
    assert detail["classes"] == CLASSES and detail["run"] == str(version.run_id)
    assert detail["facts"]["dtypes"] == {"F32": 386}
    assert str(settings.WEIGHTS_DIR) not in json.dumps(detail)


def test_the_tree_leads_from_architecture_over_data_to_versions(alice: User, alice_api: APIClient) -> None:
    architecture, dataset = make_architecture(alice), make_dataset(alice)
    for _ in range(2):
        record_run_weight(make_run(alice, architecture, dataset))
    record_run_weight(make_run(alice, architecture, make_dataset(alice, "Birds")))
    tree = alice_api.get("/api/v1/weights/tree").json()
    assert [branch["name"] for branch in tree["architectures"]] == ["Tiny"]
    birds, pets = tree["architectures"][0]["datasets"]
    assert (birds["name"], pets["name"]) == ("Birds", "Pets")
    assert [leaf["number"] for leaf in pets["weights"][0]["versions"]] == [2, 1]
    assert tree["versions"] == 3 and tree["truncated"] is False


def test_a_stranger_sees_nothing_and_an_administrator_everything(
    alice: User, bob_api: APIClient, admin_api: APIClient
) -> None:
    version = make_weight(alice)
    own = [f"/api/v1/weights/{version.id}", f"/api/v1/weights/{version.id}/download"]
    for address in own:
        assert bob_api.get(address).status_code == 404
        assert admin_api.get(address).status_code == 200
    assert bob_api.delete(own[0]).status_code == 404
    assert bob_api.get("/api/v1/weights").json()["results"] == []
    assert bob_api.get("/api/v1/weights/tree").json()["architectures"] == []
    assert len(admin_api.get("/api/v1/weights").json()["results"]) == 1


def test_nobody_gets_nothing(alice: User, anonymous: APIClient) -> None:
    version = make_weight(alice)
    for address in [*ADDRESSES, f"/api/v1/weights/{version.id}", f"/api/v1/weights/{version.id}/download"]:
        assert anonymous.get(address).status_code == 401
    assert anonymous.delete(f"/api/v1/weights/{version.id}").status_code == 401
    assert anonymous.post("/api/v1/weights/upload").status_code == 401


@pytest.mark.parametrize("address", ADDRESSES)
def test_one_row_and_twenty_cost_the_same_queries(alice: User, alice_api: APIClient, address: str) -> None:
    architecture, dataset = make_architecture(alice), make_dataset(alice)
    record_run_weight(make_run(alice, architecture, dataset))
    counts = []
    for more in (0, 19):
        for index in range(more):
            record_run_weight(make_run(alice, architecture, make_dataset(alice, f"Data {index}")))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert alice_api.get(address).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 3


def test_filters_are_a_fixed_list(alice: User, alice_api: APIClient) -> None:
    version = make_weight(alice)
    wanted = {"q": "tin", "task": "vision.classify", "dataset": str(version.weight.dataset_id), "source": "run"}
    for name, value in wanted.items():
        assert len(alice_api.get("/api/v1/weights", {name: value}).json()["results"]) == 1
    assert alice_api.get("/api/v1/weights", {"q": "no such"}).json()["results"] == []
    assert len(alice_api.get("/api/v1/weights", {"weight__owner__password__startswith": "x"}).json()["results"]) == 1
    assert alice_api.get("/api/v1/weights", {"dataset": "1 OR 1=1"}).status_code == 400


def test_the_folder_and_the_tensors_alone_can_be_downloaded(alice: User, alice_api: APIClient) -> None:
    version = make_weight(alice)
    folder = library.folder_of(version)
    response = alice_api.get(f"/api/v1/weights/{version.id}/download")
    assert response["Content-Disposition"] == 'attachment; filename="tiny-pets-v1.zip"'
    assert response["X-Content-Type-Options"] == "nosniff"
    with zipfile.ZipFile(io.BytesIO(sent(response))) as archive:
        assert archive.testzip() is None
        assert archive.read("tiny-pets-v1/model.py") == (folder / "model.py").read_bytes()
    tensors = alice_api.get(f"/api/v1/weights/{version.id}/download", {"part": "safetensors"})
    assert sent(tensors) == (folder / "model.safetensors").read_bytes()
    assert list(Path(settings.TEMP_DIR).iterdir()) == []


def test_the_package_runs_without_the_platform(alice: User, alice_api: APIClient) -> None:
    version = make_weight(alice)
    response = alice_api.get(f"/api/v1/weights/{version.id}/download", {"part": "package"})
    with zipfile.ZipFile(io.BytesIO(sent(response))) as archive:
        names = {name.split("/", 1)[1] for name in archive.namelist()}
        texts = [archive.read(name).decode() for name in archive.namelist() if name.endswith(".py")]
    assert {"model.py", "model.safetensors", "weight.json"} <= names
    assert not any("cvstudio" in line for text in texts for line in text.splitlines() if "import" in line)


def test_an_unknown_part_is_refused(alice: User, alice_api: APIClient) -> None:
    version = make_weight(alice)
    answer = alice_api.get(f"/api/v1/weights/{version.id}/download", {"part": "../../etc/passwd"})
    assert answer.status_code == 400 and answer.json()["code"] == "weights.unknown_part"


def test_a_weight_whose_files_are_gone_says_so(alice: User, alice_api: APIClient) -> None:
    version = make_weight(alice)
    library.remove(version.id, version.folder)
    answer = alice_api.get(f"/api/v1/weights/{version.id}/download")
    assert answer.status_code == 410 and answer.json()["code"] == "weights.files_missing"
    assert alice_api.delete(f"/api/v1/weights/{version.id}").json()["bytes_freed"] == 0


@pytest.mark.parametrize("folder", ["../../etc", "/etc", ".", "", "..", "a/../../b"])
def test_a_folder_name_never_leads_out_of_the_library(alice: User, alice_api: APIClient, folder: str) -> None:
    version = make_weight(alice)
    WeightVersion.objects.update(folder=folder)
    assert alice_api.get(f"/api/v1/weights/{version.id}/download").status_code == 410
    assert alice_api.delete(f"/api/v1/weights/{version.id}").status_code == 200
    assert Path(settings.WEIGHTS_DIR).is_dir() and (Path(settings.WEIGHTS_DIR) / str(version.id)).is_dir()


def test_deleting_says_what_came_back_and_the_last_version_takes_the_weight_along(
    alice: User, alice_api: APIClient
) -> None:
    architecture, dataset = make_architecture(alice), make_dataset(alice)
    first, second = (record_run_weight(make_run(alice, architecture, dataset)) for _ in range(2))
    assert first is not None and second is not None
    folder = library.folder_of(first)
    size = library.folder_bytes(folder)
    import shutil

    from cvstudio.runs.folders import run_folder

    shutil.rmtree(run_folder(first.run_id))
    answer = alice_api.delete(f"/api/v1/weights/{first.id}").json()
    assert answer == {"bytes_freed": size, "dependants": 0, "weight_deleted": False}
    assert not folder.exists()
    held = alice_api.delete(f"/api/v1/weights/{second.id}").json()
    assert held == {"bytes_freed": 0, "dependants": 0, "weight_deleted": True}
    assert not Weight.objects.exists()
    assert alice_api.delete(f"/api/v1/weights/{second.id}").status_code == 404


def test_what_stands_on_a_weight_keeps_it_until_asked_otherwise(
    alice: User, alice_api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = make_weight(alice)
    standing = [Dependant("batch prediction", "Holiday", "/inference/", active=True)]
    kind = Kind(find=lambda _: list(standing), remove=lambda _: len(standing))
    monkeypatch.setattr(dependants, "_kinds", {"test": kind})
    address = f"/api/v1/weights/{version.id}"
    assert alice_api.delete(address + "?dependants=delete").json()["code"] == "weights.at_work"
    standing[0] = Dependant("batch prediction", "Holiday", "/inference/")
    refused = alice_api.delete(address)
    assert refused.status_code == 409
    assert refused.json()["code"] == "weights.in_use" and "Holiday" in refused.json()["where"]
    assert alice_api.delete(address + "?dependants=delete").json()["dependants"] == 1


def test_an_unknown_id_is_not_found(alice_api: APIClient) -> None:
    assert alice_api.get(f"/api/v1/weights/{uuid.uuid4()}").status_code == 404
