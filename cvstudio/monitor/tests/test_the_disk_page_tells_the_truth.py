"""What takes room is measured, a dry run changes nothing, and the bytes told are those that came back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from rest_framework.test import APIClient

from cvstudio.accounts.models import User
from cvstudio.datasets.models import Dataset
from cvstudio.datasets.storage import dataset_folder
from cvstudio.monitor.disk import free
from cvstudio.monitor.disk.measure import bytes_freed, bytes_taken, files_of
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Checkpoint, Run, RunState
from cvstudio.weights import library
from cvstudio.weights.models import WeightVersion
from cvstudio.weights.services.delete_weight import delete_weight
from cvstudio.weights.tests.makers import make_weight

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/system/disk"


@pytest.fixture
def version(alice: User) -> WeightVersion:
    """A weight whose files its run holds as well, with a checkpoint and a data set on the disk."""
    made = make_weight(alice)
    assert made.run is not None and made.dataset_version is not None
    Run.objects.filter(id=made.run_id).update(state=RunState.COMPLETED)
    folder = run_folder(made.run_id or "") / "checkpoints/step-00000001"
    folder.mkdir(parents=True)
    (folder / "state.json").write_bytes(b"x" * 1000)
    Checkpoint.objects.create(
        run=made.run, path="checkpoints/step-00000001", size_bytes=1000, sha256="0" * 64, step=1, epoch=1
    )
    images = dataset_folder(made.dataset_version.dataset_id)
    images.mkdir(parents=True)
    (images / "a.png").write_bytes(b"y" * 5000)
    return made


def keys_of(version: WeightVersion) -> dict[str, str]:
    assert version.dataset_version is not None
    return {"weights": f"weights:{version.id}", "runs": f"runs:{version.run_id}",
            "checkpoints": f"checkpoints:{version.run_id}",
            "datasets": f"datasets:{version.dataset_version.dataset_id}"}  # fmt: skip


def asked(client: APIClient, keys: list[str], *, dry_run: bool) -> dict[str, Any]:
    answer = client.post(ADDRESS, {"keys": keys, "dry_run": dry_run}, format="json")
    assert answer.status_code == 200, answer.json()
    told: dict[str, Any] = answer.json()
    return told


def on_disk() -> int:
    return bytes_taken(files_of([Path(settings.DATA_DIR)]))


def test_files_with_two_names_are_counted_once_and_come_back_with_the_last(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir(), other.mkdir()
    (one / "a").write_bytes(b"x" * 10)
    (other / "a").hardlink_to(one / "a")
    (one / "link").symlink_to("/etc")
    assert bytes_taken(files_of([one, other])) == 10
    assert bytes_freed(files_of([one])) == 0
    assert bytes_freed(files_of([one, other, one])) == 10


def test_what_another_request_deleted_meanwhile_keeps_nothing_back(
    alice_api: APIClient, version: WeightVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = keys_of(version)
    asked(alice_api, [keys["weights"]], dry_run=True)
    plan_of = free.plan_of

    def plan_while_another_deletes(user: User, keys: list[str]) -> free.Plan:
        plan = plan_of(user, keys)
        delete_weight(version)
        return plan

    monkeypatch.setattr(free, "plan_of", plan_while_another_deletes)
    told = asked(alice_api, [keys["weights"], keys["runs"]], dry_run=False)
    assert [(item["key"], item["reason"]) for item in told["items"]] == [(keys["weights"], ""), (keys["runs"], "")]
    assert told["items"][0]["bytes"] == 0 and not Run.objects.exists()


def test_each_kind_is_listed_with_its_bytes(alice_api: APIClient, version: WeightVersion) -> None:
    uses = {use["kind"]: use for use in alice_api.get(ADDRESS).json()}
    assert uses["datasets"]["bytes"] == 5000 and uses["checkpoints"]["bytes"] == 1000
    assert uses["weights"]["bytes"] == library.folder_bytes(library.folder_of(version))
    assert str(settings.DATA_DIR) not in str(uses)


def test_a_dry_run_tells_what_the_deletion_frees_and_changes_nothing(
    alice_api: APIClient, version: WeightVersion
) -> None:
    keys, before = keys_of(version), on_disk()
    alone = asked(alice_api, [keys["weights"]], dry_run=True)
    assert alone["freed"] == 0, "the run still holds these files"
    everything = asked(alice_api, list(keys.values()), dry_run=True)
    assert on_disk() == before and WeightVersion.objects.exists()
    done = asked(alice_api, list(keys.values()), dry_run=False)
    assert done["freed"] == everything["freed"] == before - on_disk() > 6000
    assert not (WeightVersion.objects.exists() or Run.objects.exists() or Dataset.objects.exists())


def test_what_is_needed_stays_and_says_why(alice_api: APIClient, version: WeightVersion) -> None:
    keys = keys_of(version)
    told = asked(alice_api, [keys["runs"], keys["datasets"]], dry_run=True)
    assert told["freed"] == 0 and all(str(version) in item["reason"] for item in told["items"])
    done = asked(alice_api, [keys["runs"], keys["datasets"]], dry_run=False)
    assert done["freed"] == 0 and all(item["reason"] for item in done["items"])
    assert Run.objects.exists() and dataset_folder(version.dataset_version.dataset_id).is_dir()  # type: ignore[union-attr]


def test_checkpoints_of_a_completed_run_go_and_the_run_stays(alice_api: APIClient, version: WeightVersion) -> None:
    key = keys_of(version)["checkpoints"]
    assert asked(alice_api, [key], dry_run=False)["freed"] == 1000
    assert Checkpoint.objects.get().deleted_at is not None and Run.objects.exists()
    assert alice_api.post(ADDRESS, {"keys": [key], "dry_run": False}, format="json").status_code == 404


@pytest.mark.parametrize("key", ["weights:x", "../../etc", "thumbnails:x", "leftovers:../x", "\x00", "runs:"])
def test_what_is_not_there_is_refused(alice_api: APIClient, admin_api: APIClient, key: str) -> None:
    for client in (alice_api, admin_api):
        assert client.post(ADDRESS, {"keys": [key], "dry_run": False}, format="json").status_code in (400, 404)


def test_strangers_see_and_free_nothing(bob_api: APIClient, version: WeightVersion) -> None:
    assert all(use["bytes"] == 0 for use in bob_api.get(ADDRESS).json())
    for key in keys_of(version).values():
        assert bob_api.post(ADDRESS, {"keys": [key], "dry_run": False}, format="json").status_code == 404


def test_an_administrator_frees_thumbnails_old_files_and_leftovers(
    admin_api: APIClient, alice_api: APIClient, version: WeightVersion
) -> None:
    lost = Path(settings.RUNS_DIR) / "00000000-0000-4000-8000-000000000000"
    old, young = Path(settings.TEMP_DIR) / "old.zip", Path(settings.TEMP_DIR) / "young.zip"
    thumbnail = Path(settings.THUMBNAILS_DIR) / "x" / "1.webp"
    for path in (lost / "events.jsonl", old, young, thumbnail):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"z" * 100)
    for path in (lost, old):
        os.utime(path, (0, 0))
    keys = [f"leftovers:runs/{lost.name}", "temporary:old.zip", "thumbnails:x"]
    assert alice_api.post(ADDRESS, {"keys": keys, "dry_run": False}, format="json").status_code == 404
    assert asked(admin_api, keys, dry_run=False)["freed"] == 300
    assert young.exists() and not (lost.exists() or old.exists() or thumbnail.exists())
    assert run_folder(version.run_id or "").is_dir()


def test_the_page_asks_before_it_deletes(alice: User, version: WeightVersion) -> None:
    client = Client()
    client.force_login(alice)
    page = client.get("/system/disk").content.decode()
    keys = keys_of(version)
    assert keys["datasets"] in page
    form = {"key": [keys["weights"], keys["runs"]]}
    assert "would come back" in client.post("/system/disk", form).content.decode() and Run.objects.exists()
    answer = client.post("/system/disk", {**form, "sure": "1"}, follow=True)
    assert "came back" in answer.content.decode() and not Run.objects.exists()
    answer = client.post("/system/disk", {"key": keys["runs"], "sure": "1"}, follow=True)
    assert "not there any more" in answer.content.decode()
