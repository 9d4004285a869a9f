"""The endpoints under /api/v1/training."""

from __future__ import annotations

import io
import uuid
import zipfile
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cvstudio.runs.curves.fold import pack
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Artifact, Checkpoint, CurveBlock, Run
from cvstudio.runs.services.append_events import NewEvent, append_events
from cvstudio.training.tests.makers import make_architecture

pytestmark = pytest.mark.django_db

LIST = "/api/v1/training"


@pytest.fixture
def run(alice_api: Any, plan: Any) -> Run:
    """A queued training of Alice's."""
    answer = alice_api.post(LIST, {**plan, "name": "First", "notes": "try"})
    assert answer.status_code == 201, answer.json()
    return Run.objects.get(id=answer.json()["id"])


def url(run: Run, *parts: str) -> str:
    return "/".join([LIST, str(run.id), *parts])


def content_of(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def test_a_training_is_created_with_its_data_network_and_report(run: Run, squares: Any, plain: Any) -> None:
    assert (run.recipe, run.queue, run.state, run.name, run.notes) == (
        "vision.classify", "train", "queued", "First", "try"
    )  # fmt: skip
    assert (run.dataset_version, run.architecture_version) == (squares, plain)
    assert run.config["data"]["version"] == squares.folder
    assert run.config["graph"] == plain.document
    assert run.config["fit"]["epochs"] == 1
    assert run.preflight["blocked"] is False


def test_paths_and_graphs_from_outside_are_not_taken(alice_api: Any, plan: Any, squares: Any, plain: Any) -> None:
    plan["config"] |= {"data": {"root": "/etc", "version": "/"}, "graph": {}, "initial_weights": "/etc"}
    config = Run.objects.get(id=alice_api.post(LIST, plan).json()["id"]).config
    assert config["data"]["root"] == squares.root
    assert (config["data"]["version"], config["graph"]) == (squares.folder, plain.document)
    assert config["initial_weights"] is None


def test_a_training_without_a_name_is_named_after_network_and_data(alice_api: Any, plan: Any) -> None:
    assert alice_api.post(LIST, plan).json()["name"] == "Plain · Squares"


def test_red_findings_block_and_yellow_ones_ask_until_acknowledged(
    alice: Any, alice_api: Any, plan: Any, squares: Any
) -> None:
    wrong = {**plan, "architecture": str(make_architecture(alice, classes=9).architecture_id)}
    blocked = alice_api.post(LIST, wrong)
    assert (blocked.status_code, blocked.json()["code"]) == (409, "preflight.blocked")
    assert "9 outputs" in blocked.json()["message"]
    squares.counts["splits"]["val"] = 0
    squares.save()
    asked = alice_api.post(LIST, plan)
    assert (asked.status_code, asked.json()["code"]) == (409, "preflight.asks")
    assert 'acknowledge: ["preflight.no_validation"]' in asked.json()["hint"]
    taken = alice_api.post(LIST, {**plan, "acknowledge": ["preflight.no_validation"]})
    assert taken.status_code == 201
    assert taken.json()["preflight"]["acknowledged"] == ["preflight.no_validation"]


def test_wrong_settings_are_named(alice_api: Any, plan: Any) -> None:
    plan["config"]["fit"]["epocs"] = 3
    answer = alice_api.post(LIST, plan)
    assert (answer.status_code, answer.json()["where"]) == (400, "fit.epocs")
    assert "fit.epochs" in answer.json()["hint"]


@pytest.mark.parametrize(
    "config",
    [
        {"data": 3},
        {"data": None},
        {"fit": 3},
        {"fit": [1]},
        {"augment": 3},
        {"input": {"mean": [[]]}},
        {"seed": 10**30},
    ],
)
def test_settings_of_a_wrong_form_are_refused(alice_api: Any, plan: Any, run: Run, config: dict[str, Any]) -> None:
    assert alice_api.post(LIST, {**plan, "config": config}).status_code == 400
    assert alice_api.post(url(run, "clone"), {"config": config}).status_code == 400


@pytest.mark.parametrize("part", ["dataset", "dataset_version", "architecture", "architecture_version"])
def test_data_and_networks_of_others_do_not_exist(
    bob_api: Any, alice_api: Any, plan: Any, squares: Any, plain: Any, part: str
) -> None:
    assert bob_api.post(LIST, plan).status_code == 404
    answer = alice_api.post(LIST, {**plan, part: str(uuid.uuid4())})
    assert (answer.status_code, answer.json()["where"]) == (404, part)


def test_too_many_waiting_runs_are_refused(alice_api: Any, plan: Any, settings: Any) -> None:
    settings.RUN_MAX_QUEUED_PER_USER = 1
    assert alice_api.post(LIST, plan).status_code == 201
    answer = alice_api.post(LIST, plan)
    assert (answer.status_code, answer.json()["code"]) == (429, "run.quota")


def test_the_list_has_pages_filters_and_a_fixed_number_of_queries(alice_api: Any, alice: Any, run: Run) -> None:
    for number in range(30):
        Run.objects.create(owner=alice, name=f"Other {number}", recipe="data.import", state="completed")
    with CaptureQueriesContext(
        connection,
    ) as few:
        first = alice_api.get(LIST, {"page_size": 10}).json()
    with CaptureQueriesContext(connection) as many:
        alice_api.get(LIST, {"page_size": 31})
    assert len(few) == len(many) == 1
    second = alice_api.get(first["next"]).json()
    names = [row["name"] for page in (first, second) for row in page["results"]]
    assert names == [f"Other {number}" for number in range(29, 9, -1)]
    assert [row["name"] for row in alice_api.get(LIST, {"recipe": "vision.classify"}).json()["results"]] == ["First"]
    assert [row["name"] for row in alice_api.get(LIST, {"state": "active"}).json()["results"]] == ["First"]
    assert [row["name"] for row in alice_api.get(LIST, {"search": "OTHER 7"}).json()["results"]] == ["Other 7"]
    assert alice_api.get(LIST, {"state": "nonsense"}).status_code == 400
    (row,) = alice_api.get(LIST, {"dataset": str(run.dataset_version.dataset_id)}).json()["results"]
    assert row["dataset"]["name"] == "Squares" and row["architecture"]["number"] == 1


def test_one_run_says_why_it_waits(alice_api: Any, run: Run) -> None:
    detail = alice_api.get(url(run)).json()
    assert detail["waiting"].startswith("Next in the queue")
    assert detail["config"]["fit"]["batch_size"] == 4


def test_name_and_notes_can_be_changed_and_nothing_else(alice_api: Any, run: Run) -> None:
    answer = alice_api.patch(url(run), {"name": "Second", "notes": "", "state": "completed"}).json()
    assert (answer["name"], answer["notes"], answer["state"]) == ("Second", "", "queued")


def test_control_answers_with_the_new_state_or_409(alice_api: Any, run: Run) -> None:
    assert alice_api.post(url(run, "control"), {"action": "pause"}).json()["state"] == "paused"
    assert alice_api.post(url(run, "control"), {"action": "resume"}).json()["state"] == "queued"
    refused = alice_api.post(url(run, "checkpoint"))
    assert (refused.status_code, refused.json()["code"]) == (409, "run.queued")
    Run.objects.filter(id=run.id).update(state="running")
    assert alice_api.post(url(run, "checkpoint")).status_code == 202
    assert alice_api.post(url(run, "control"), {"action": "explode"}).status_code == 400


def test_a_run_is_deleted_with_its_files_unless_a_worker_holds_it(alice_api: Any, run: Run) -> None:
    run_folder(run.id).mkdir(parents=True)
    Run.objects.filter(id=run.id).update(state="running")
    assert alice_api.delete(url(run)).status_code == 409
    Run.objects.filter(id=run.id).update(state="failed")
    assert alice_api.delete(url(run)).status_code == 204
    assert not run_folder(run.id).exists() and alice_api.get(url(run)).status_code == 404


def test_a_clone_has_the_changes_and_knows_where_it_comes_from(alice_api: Any, run: Run) -> None:
    clone = alice_api.post(url(run, "clone"), {"config": {"fit": {"learning_rate": 0.5}}}).json()
    assert clone["config"]["fit"] == {**run.config["fit"], "learning_rate": 0.5}
    assert clone["parent"] == str(run.id)
    other = Run.objects.create(owner=run.owner, name="x", recipe="data.import")
    assert alice_api.post(url(other, "clone"), {}).status_code == 409


def test_compared_runs_show_where_they_differ(alice_api: Any, run: Run, bob: Any) -> None:
    clone = alice_api.post(url(run, "clone"), {"config": {"fit": {"learning_rate": 0.5}}}).json()
    foreign = Run.objects.create(owner=bob, name="x", recipe="vision.classify")
    ids = f"{run.id},{clone['id']},{foreign.id}"
    answer = alice_api.get(f"{LIST}/compare", {"ids": ids, "names": "train/loss"}).json()
    assert [entry["id"] for entry in answer["runs"]] == [str(run.id), clone["id"]]
    assert {"key": "fit.learning_rate", "values": ["0.001", "0.5"]} in answer["differences"]
    assert set(answer["curves"]) == {str(run.id), clone["id"]}
    assert alice_api.get(f"{LIST}/compare", {"ids": str(run.id)}).status_code == 400
    assert alice_api.get(f"{LIST}/compare", {"ids": "a,b"}).status_code == 400


def add_metrics(run: Run, steps: int, fold: int = 0) -> None:
    """A loss that falls, with one spike; the first ``fold`` points are in blocks."""
    metrics = [
        {"step": step, "epoch": 0, "phase": "train", "scope": "step",
         "values": {"loss": 99.0 if step == 777 else 1 / step, "rate": "NaN" if step == 3 else 0.1}}
        for step in range(1, steps + 1)
    ]  # fmt: skip
    last = append_events(run.id, [NewEvent("metric", data) for data in metrics])
    for start in range(0, fold, 500):
        CurveBlock.objects.bulk_create(pack(run.id, metrics[start : min(start + 500, fold)]))
    Run.objects.filter(id=run.id).update(folded_seq=last - steps + fold)


@pytest.mark.parametrize("fold", [0, 1300, 2000])
def test_curves_keep_their_extremes_when_thinned(alice_api: Any, run: Run, fold: int) -> None:
    add_metrics(run, 2000, fold)
    answer = alice_api.get(url(run, "metrics"), {"points": 100}).json()
    loss, rate = answer["curves"]
    assert (loss["name"], loss["count"], loss["bucketed"], len(loss["steps"])) == ("loss", 2000, True, 100)
    assert max(loss["max"]) == 99.0 and min(loss["min"]) == 1 / 2000
    assert loss["steps"][-1] == 2000 and loss["values"][-1] == 1 / 2000
    assert loss["steps"] == sorted(loss["steps"])
    assert set(rate["min"]) == {0.1}


def test_a_window_of_few_points_is_exact(alice_api: Any, run: Run) -> None:
    add_metrics(run, 1000, 600)
    wish = {"names": "train/rate", "from": 2, "to": 4, "scope": "step"}
    (curve,) = alice_api.get(url(run, "metrics"), wish).json()["curves"]
    assert (curve["steps"], curve["values"], curve["bucketed"]) == ([2, 3, 4], [0.1, None, 0.1], False)
    assert alice_api.get(url(run, "metrics"), {"names": "val/rate"}).json()["curves"] == []
    assert alice_api.get(url(run, "metrics"), {"points": 9_999_999}).status_code == 400


def test_the_log_is_read_forwards_backwards_by_level_and_by_text(alice_api: Any, run: Run) -> None:
    lines = [
        NewEvent("log", {"level": "error" if number % 10 == 0 else "info", "message": f"Line {number} <b>"})
        for number in range(1, 51)
    ]
    append_events(run.id, lines)
    first = alice_api.get(url(run, "logs"), {"page_size": 20}).json()
    second = alice_api.get(url(run, "logs"), {"page_size": 40, "after": first["next_after"]}).json()
    read = [line["message"] for page in (first, second) for line in page["results"]]
    assert read == [f"Line {number} <b>" for number in range(1, 51)]
    assert second["next_after"] is None
    newest = alice_api.get(url(run, "logs"), {"page_size": 5, "before": 10_000}).json()
    assert [line["message"] for line in newest["results"]] == [f"Line {number} <b>" for number in range(46, 51)]
    assert len(alice_api.get(url(run, "logs"), {"level": "warning"}).json()["results"]) == 5
    assert len(alice_api.get(url(run, "logs"), {"search": "LINE 3"}).json()["results"]) == 11
    assert alice_api.get(url(run, "logs"), {"level": "loud"}).status_code == 400


def test_artifacts_are_sent_as_downloads_and_only_images_in_place(alice_api: Any, run: Run) -> None:
    folder = run_folder(run.id) / "artifacts"
    folder.mkdir(parents=True)
    facts = {"size_bytes": 3, "sha256": "0" * 64}
    for name, kind in (("report.html", "text/html"), ("matrix.png", "image/png")):
        (folder / name).write_bytes(b"abc")
        Artifact.objects.create(run=run, name=name, path=f"artifacts/{name}", media_type=kind, **facts)
    listed = {row["name"]: row["id"] for row in alice_api.get(url(run, "artifacts")).json()["results"]}
    page = alice_api.get(url(run, "artifacts", listed["report.html"], "download"), {"show": True})
    assert page["Content-Type"] == "application/octet-stream"
    assert page["Content-Disposition"].startswith("attachment") and page["X-Content-Type-Options"] == "nosniff"
    assert content_of(page) == b"abc"
    image = alice_api.get(url(run, "artifacts", listed["matrix.png"], "download"), {"show": True})
    assert (image["Content-Type"], content_of(image)) == ("image/png", b"abc")
    assert image["Content-Disposition"].startswith("inline")


@pytest.mark.parametrize("path", ["../../secret", "/etc/passwd", ".", "link"])
def test_no_path_leads_out_of_the_run_directory(alice_api: Any, run: Run, path: str) -> None:
    folder = run_folder(run.id)
    folder.mkdir(parents=True)
    (folder / "link").symlink_to("/etc/passwd")
    artifact = Artifact.objects.create(run=run, name="x", path=path, media_type="", size_bytes=1, sha256="")
    answer = alice_api.get(url(run, "artifacts", str(artifact.id), "download"))
    assert (answer.status_code, answer.json()["code"]) == (404, "run.file_gone")


def test_a_checkpoint_is_listed_and_sent_as_a_zip(alice_api: Any, run: Run, settings: Any) -> None:
    folder = run_folder(run.id) / "checkpoints" / "step-00000004"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights")
    facts = {"epoch": 1, "size_bytes": 7, "sha256": "0" * 64, "tags": ["last"], "metrics": {}}
    checkpoint = Checkpoint.objects.create(run=run, path="checkpoints/step-00000004", step=4, **facts)
    (row,) = alice_api.get(url(run, "checkpoints")).json()["results"]
    assert (row["name"], row["step"], row["tags"]) == ("step-00000004", 4, ["last"])
    answer = alice_api.get(url(run, "checkpoints", str(checkpoint.id), "download"))
    with zipfile.ZipFile(io.BytesIO(content_of(answer))) as archive:
        assert archive.read("step-00000004/model.safetensors") == b"weights"
    assert list(settings.TEMP_DIR.iterdir()) == []


PATHS = [
    ("get", []), ("patch", []), ("delete", []), ("post", ["control"]), ("post", ["clone"]), ("get", ["metrics"]),
    ("get", ["logs"]), ("post", ["checkpoint"]), ("get", ["checkpoints"]), ("get", ["artifacts"]),
]  # fmt: skip


@pytest.mark.parametrize(("method", "parts"), PATHS)
def test_strangers_see_nothing_the_anonymous_are_asked_to_log_in_and_administrators_may(
    run: Run, bob_api: Any, anonymous: Any, admin_api: Any, method: str, parts: list[str]
) -> None:
    body = {"action": "pause"} if parts == ["control"] else {}
    Run.objects.filter(id=run.id).update(state="running" if parts == ["checkpoint"] else "paused")
    assert getattr(bob_api, method)(url(run, *parts), body).status_code == 404
    assert getattr(anonymous, method)(url(run, *parts), body).status_code == 401
    assert getattr(admin_api, method)(url(run, *parts), body).status_code < 300
