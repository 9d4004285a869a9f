"""The pages of runs: who sees what, filters in the address, a fixed number of queries, buttons, exports."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.test import Client

from cvstudio.runs.models import Run, RunEvent, RunState

pytestmark = pytest.mark.django_db


def make_run(owner: Any, name: str = "a run", **facts: Any) -> Run:
    facts.setdefault("state", RunState.COMPLETED)
    return Run.objects.create(owner=owner, name=name, recipe="vision.classify", **facts)


@pytest.fixture
def client_of():
    def sign_in(user: Any) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.mark.parametrize(
    "part", ["", "/head", "/result", "/curves", "/log", "/resources", "/config", "/checkpoints", "/artifacts",
             "/lineage", "/resources.json"],
)  # fmt: skip
def test_every_part_of_a_run_is_open_to_its_owner_and_absent_for_a_stranger(part, alice, bob, client_of):
    run = make_run(alice)
    assert client_of(alice).get(f"/runs/{run.id}{part}").status_code == 200
    assert client_of(bob).get(f"/runs/{run.id}{part}").status_code == 404
    assert Client().get(f"/runs/{run.id}{part}").status_code == 302


def test_a_part_that_does_not_exist_is_not_found(alice, client_of):
    assert client_of(alice).get(f"/runs/{make_run(alice).id}/secrets").status_code == 404


def test_the_table_takes_the_same_number_of_queries_for_one_and_for_thirty_runs(
    alice, client_of, django_assert_num_queries
):
    client = client_of(alice)
    make_run(alice)
    client.get("/runs/")
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as few:
        client.get("/runs/")
    for index in range(30):
        make_run(alice, f"run {index}", summary={"latest": {"val/loss": 0.5}})
    with django_assert_num_queries(len(few)):
        client.get("/runs/")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=lenet", {"LeNet first"}),
        ("state=attention", {"broken"}),
        ("state=completed", {"LeNet first", "other"}),
        ("state=nonsense", {"LeNet first", "broken", "other"}),
        ("recipe=vision.classify&q=other", {"other"}),
        ("cursor=nonsense&sort=password", {"LeNet first", "broken", "other"}),
        ("page_size=999999", {"LeNet first", "broken", "other"}),
    ],
)
def test_filters_of_the_address_decide_which_runs_are_listed(query, expected, alice, client_of):
    make_run(alice, "LeNet first")
    make_run(alice, "broken", state=RunState.FAILED)
    make_run(alice, "other")
    answer = client_of(alice).get(f"/runs/?{query}")
    assert {row["run"].name for row in answer.context["rows"]} == expected


def test_the_runs_of_others_are_not_listed_but_for_the_administrator(alice, bob, admin_user, client_of):
    make_run(alice, "of alice")
    assert "of alice" not in client_of(bob).get("/runs/").content.decode()
    assert "of alice" in client_of(admin_user).get("/runs/").content.decode()


def test_names_cannot_become_markup(alice, client_of):
    run = make_run(alice, "<script>alert(1)</script>", notes="<img src=x>")
    for path in ("/runs/?columns=notes", f"/runs/{run.id}", f"/runs/{run.id}/lineage", "/"):
        body = client_of(alice).get(path).content.decode()
        assert "<script>alert" not in body
        assert "<img src=x" not in body


def test_the_export_keeps_filters_and_defuses_formulas(alice, client_of):
    make_run(alice, "=HYPERLINK(1)", summary={"epochs": {"val/loss": 0.25}})
    make_run(alice, "left out", state=RunState.FAILED)
    answer = client_of(alice).get("/runs/export.csv?state=completed")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert [row["name"] for row in rows] == ["'=HYPERLINK(1)"]
    assert rows[0]["val/loss"] == "0.25"


def test_fresh_rows_come_only_for_runs_that_the_person_may_see(alice, bob, client_of):
    mine, other = make_run(bob, "mine"), make_run(alice, "not mine")
    body = client_of(bob).get(f"/runs/rows?ids={mine.id},{other.id},nonsense").content.decode()
    assert "mine" in body
    assert "not mine" not in body


def test_the_comparison_names_what_differs_first(alice, client_of):
    first = make_run(alice, "first", config={"fit": {"epochs": 3, "optimizer": "adamw"}})
    second = make_run(alice, "second", config={"fit": {"epochs": 9, "optimizer": "adamw"}})
    settings = client_of(alice).get(f"/runs/compare?ids={first.id},{second.id}").context["settings"]
    assert [(row.key, row.values) for row in settings if row.differs] == [("fit.epochs", ("3", "9"))]
    assert settings[0].differs


def test_a_button_that_does_not_fit_the_state_answers_with_the_cure(alice, client_of):
    run = make_run(alice)
    answer = client_of(alice).post(f"/runs/{run.id}/control", {"action": "pause"}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "cannot be paused" in answer.content.decode()
    assert "Clone it" in answer.content.decode()


def test_a_queued_run_can_be_paused_and_stopped_from_its_page(alice, client_of):
    run = make_run(alice, state=RunState.QUEUED)
    for action, state in (("pause", RunState.PAUSED), ("stop", RunState.STOPPED)):
        client_of(alice).post(f"/runs/{run.id}/control", {"action": action})
        run.refresh_from_db()
        assert run.state == state


def test_a_stranger_cannot_press_buttons(alice, bob, client_of):
    run = make_run(alice, state=RunState.QUEUED)
    for path, values in (("control", {"action": "stop"}), ("notes", {"name": "x"}), ("delete", {})):
        assert client_of(bob).post(f"/runs/{run.id}/{path}", values).status_code == 404
    run.refresh_from_db()
    assert (run.state, run.name) == (RunState.QUEUED, "a run")


def test_a_failed_run_shows_cause_cure_and_a_line_of_log_that_says_more(alice, client_of):
    cause = {"code": "data.missing", "message": "An image is gone.", "hint": "Bring it back.", "where": "a.png"}
    run = make_run(alice, state=RunState.FAILED, cause=cause)
    for seq, message in ((1, "Reading a.png"), (2, "An image is gone. Bring it back.")):
        data = {"level": "error", "message": message}
        RunEvent.objects.create(run=run, seq=seq, time=run.created_at, kind="log", data=data)
    body = client_of(alice).get(f"/runs/{run.id}").content.decode()
    for text in ("An image is gone.", "Bring it back.", "data.missing", "Reading a.png", "Change and try again"):
        assert text in body


def test_the_count_in_the_bar_tells_working_from_waiting(alice, bob, client_of):
    make_run(alice, state=RunState.RUNNING)
    make_run(alice, state=RunState.QUEUED)
    make_run(bob, state=RunState.RUNNING)
    context = client_of(alice).get("/runs/in-flight").context
    assert (context["working"], context["waiting"]) == (1, 1)
    assert Client().get("/runs/in-flight").status_code == 204


def test_measurements_are_thinned_to_what_a_plot_can_show(alice, client_of):
    run = make_run(alice)
    RunEvent.objects.bulk_create(
        RunEvent(run=run, seq=seq, time=run.created_at, kind="resource", data={"cpu_percent": seq})
        for seq in range(1, 2_501)
    )
    samples = client_of(alice).get(f"/runs/{run.id}/resources.json").json()["samples"]
    assert 500 < len(samples) <= 1_000
    assert samples[0]["cpu_percent"] == 1


def test_the_search_of_the_bar_finds_runs_by_name(alice, bob, client_of):
    make_run(alice, "Needle in hay")
    assert "Needle in hay" in client_of(alice).get("/search?q=needle").content.decode()
    assert "Needle in hay" not in client_of(bob).get("/search?q=needle").content.decode()


def test_the_overview_shows_doors_to_a_newcomer_and_groups_to_others(alice, bob, client_of):
    make_run(alice, "at work", state=RunState.RUNNING)
    make_run(alice, "broken", state=RunState.FAILED)
    body = client_of(alice).get("/").content.decode()
    assert body.index("broken") < body.index("at work")
    assert client_of(bob).get("/").context["empty"]
