"""The supervisor with real trainers."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

import psutil
import pytest
from django.db import connection
from django.utils import timezone

from cvstudio.runs import hooks
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Artifact, Checkpoint, Run, RunEvent, RunState
from cvstudio.runs.services.control_run import control_run
from cvstudio.runs.services.recover_runs import recover_lost_runs
from cvstudio.runs.services.transition import transition
from cvstudio.runs.supervisor.claim import claim_run
from cvstudio.runs.supervisor.execute import execute_run
from cvstudio.runs.supervisor.host import is_alive, mark_of
from cvstudio.runs.supervisor.shutdown import shutting_down
from cvstudio.runs.supervisor.trainer import Trainer
from ml_core.errors import CodedError

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.process]


def fresh(run: Run) -> Run:
    return Run.objects.get(id=run.id)


def steps_of(run: Run) -> list[int]:
    return [data["step"] for data in run.events.filter(kind="metric").values_list("data", flat=True)]


def states_of(run: Run) -> list[str]:
    return [data["state"] for data in run.events.filter(kind="state").values_list("data", flat=True)]


def is_numbered_without_gap(run: Run) -> bool:
    return list(run.events.values_list("seq", flat=True)) == list(range(1, fresh(run).last_seq + 1))


class Worker(threading.Thread):
    """Executes one run beside the test."""

    def __init__(self, run: Run) -> None:
        super().__init__(daemon=True)
        self._run_id = run.id

    def run(self) -> None:
        try:
            execute_run(self._run_id)
        finally:
            connection.close()


def until(condition: Any, limit_s: float = 20.0) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def test_a_run_is_executed_and_leaves_events_checkpoints_artifacts_and_a_result(make_run: Any) -> None:
    run = make_run(steps=12)
    execute_run(run.id)
    done = fresh(run)
    assert (done.state, done.result["metrics"], done.attempts) == ("completed", {"count": 12}, 0)
    assert states_of(run) == ["queued", "starting", "running", "completed"]
    assert steps_of(run) == list(range(1, 13))
    assert is_numbered_without_gap(run)
    assert done.progress["done"] == 12
    assert done.summary["latest"] == {"train/loss": pytest.approx(1 / 12)}
    assert done.summary["best"]["step"] == 10
    assert [(c.step, c.tags) for c in Checkpoint.objects.order_by("step")] == [(5, []), (10, ["last", "best"])]
    assert Artifact.objects.get().name == "report.txt"
    assert done.started_at < done.ended_at and 0 < done.active_s < 60


def test_a_second_delivery_of_the_message_does_nothing(make_run: Any) -> None:
    run = make_run(steps=2)
    workers = [Worker(run) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    execute_run(run.id)
    assert fresh(run).fence == 1
    assert states_of(run) == ["queued", "starting", "running", "completed"]


def test_a_trainer_that_is_killed_starts_again_from_its_checkpoint(make_run: Any) -> None:
    run = make_run(steps=12, die_at=8, dies=1)
    execute_run(run.id)
    assert fresh(run).state == "completed"
    assert steps_of(run) == list(range(1, 13))
    assert is_numbered_without_gap(run)
    assert run.events.filter(data__message__icontains="last checkpoint").count() == 1


def test_a_trainer_that_is_killed_again_and_again_fails_the_run_with_a_cure(make_run: Any) -> None:
    run = make_run(steps=12, die_at=3, dies=9)
    execute_run(run.id)
    failed = fresh(run)
    assert (failed.state, failed.cause_class, failed.cause["code"]) == ("failed", "killed", "run.killed")
    assert "SIGKILL" in failed.cause["message"] and failed.cause["hint"]
    assert (run_folder(run.id) / "deaths").read_text() == "3"


def test_a_failure_of_the_recipe_is_told_in_its_own_words(make_run: Any) -> None:
    run = make_run(fail_at=2)
    execute_run(run.id)
    failed = fresh(run)
    assert (failed.state, failed.cause_class) == ("failed", "user")
    assert failed.cause == {"code": "toy.broke", "message": "The toy broke.", "hint": "Buy another.", "where": ""}


def test_a_sealed_run_with_another_configuration_is_refused_by_the_trainer(make_run: Any) -> None:
    run = make_run(steps=4, step_s=1, checkpoint_every=1)
    worker = Worker(run)
    worker.start()
    until(lambda: steps_of(run))
    control_run(run, "pause")
    worker.join()
    Run.objects.filter(id=run.id).update(config={**run.config, "steps": 5})
    control_run(run, "resume")
    execute_run(run.id)
    assert (fresh(run).state, fresh(run).cause_class, fresh(run).cause["code"]) == ("failed", "config", "run.sealed")


def test_pause_frees_the_process_and_resume_goes_on(make_run: Any) -> None:
    run = make_run(steps=40, step_s=0.05, checkpoint_every=100)
    worker = Worker(run)
    worker.start()
    until(lambda: len(steps_of(run)) > 3)
    control_run(run, "pause")
    worker.join()
    paused = fresh(run)
    assert (paused.state, paused.lease_expires_at, paused.command) == ("paused", None, "")
    assert not is_alive(paused.process["trainer"])
    Run.objects.filter(id=run.id).update(config=run.config)
    control_run(run, "resume")
    execute_run(run.id)
    assert fresh(run).state == "completed"
    assert steps_of(run) == list(range(1, 41))


def test_stop_ends_even_a_trainer_that_does_not_listen(make_run: Any, settings: Any) -> None:
    settings.RUN_STOP_GRACE_S = 0.1
    settings.RUN_KILL_GRACE_S = 0.2
    run = make_run(steps=1000, step_s=0.05, obeys=False)
    worker = Worker(run)
    worker.start()
    until(lambda: steps_of(run))
    control_run(run, "stop")
    worker.join()
    assert states_of(run)[-2:] == ["stopping", "stopped"]


def test_a_checkpoint_on_request_reaches_the_trainer_once(make_run: Any) -> None:
    run = make_run(steps=30, step_s=0.05, checkpoint_every=100)
    worker = Worker(run)
    worker.start()
    until(lambda: steps_of(run))
    control_run(run, "checkpoint")
    worker.join()
    assert Checkpoint.objects.count() == 1
    assert fresh(run).state == "completed"


def test_a_worker_that_ends_hands_its_run_to_the_next(make_run: Any) -> None:
    run = make_run(steps=30, step_s=0.05)
    worker = Worker(run)
    worker.start()
    until(lambda: steps_of(run))
    shutting_down.set()
    worker.join()
    assert fresh(run).state == "queued"
    shutting_down.clear()
    execute_run(run.id)
    assert fresh(run).state == "completed"
    assert steps_of(run) == list(range(1, 31))


def test_a_worker_that_lost_its_lease_ends_its_trainer_and_writes_nothing_more(make_run: Any) -> None:
    run = make_run(steps=1000, step_s=0.02)
    worker = Worker(run)
    worker.start()
    until(lambda: steps_of(run))
    mark = fresh(run).process["trainer"]
    Run.objects.filter(id=run.id).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    while not recover_lost_runs():  # a heartbeat may have come first
        Run.objects.filter(id=run.id).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    seq_when_lost = fresh(run).last_seq
    worker.join()
    assert not is_alive(mark)
    assert (fresh(run).state, fresh(run).last_seq) == ("queued", seq_when_lost)
    assert states_of(run)[-2:] == ["lost", "queued"]


def test_a_trainer_left_behind_is_ended_before_a_new_one_starts(make_run: Any, settings: Any) -> None:
    settings.RUN_KILL_GRACE_S = 5
    run = make_run(steps=60, step_s=0.02, checkpoint_every=5)
    claimed = claim_run(run.id)
    leftover = Trainer(claimed, run_folder(run.id))
    Run.objects.filter(id=run.id).update(process={**fresh(run).process, "trainer": leftover.mark})
    transition(run.id, RunState.LOST, raise_fence=True)
    transition(run.id, RunState.QUEUED)
    until(lambda: (run_folder(run.id) / "checkpoints" / "step-00000005").exists())
    execute_run(run.id)
    assert leftover.exit_code() is not None
    assert fresh(run).state == "completed"
    assert steps_of(run) == list(range(1, 61))


def test_a_result_that_its_worker_could_not_record_is_recorded_by_the_next(make_run: Any) -> None:
    run = make_run(steps=3)
    claimed = claim_run(run.id)
    trainer = Trainer(claimed, run_folder(run.id))
    until(lambda: trainer.exit_code() is not None)
    transition(run.id, RunState.LOST, raise_fence=True)
    transition(run.id, RunState.QUEUED)
    execute_run(run.id)
    assert (fresh(run).state, fresh(run).result["metrics"]) == ("completed", {"count": 3})
    assert steps_of(run) == [1, 2, 3]


def test_hooks_see_the_result_before_anyone_sees_a_completed_run(
    make_run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, int]] = []
    monkeypatch.setattr(hooks, "_completed", {})
    hooks.on_completed("test.toy")(lambda run: seen.append((fresh(run).state, run.result["metrics"]["count"])))
    execute_run(make_run(steps=2).id)
    assert seen == [("running", 2)]


def test_a_hook_that_refuses_the_result_fails_the_run_and_is_called_again_on_resume(
    make_run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def hook(run: Run) -> None:
        calls.append("called")
        if len(calls) == 1:
            raise CodedError("No room for the weights.", hint="Make room.")

    ended: list[str] = []
    monkeypatch.setattr(hooks, "_completed", {"test.toy": [hook]})
    monkeypatch.setattr(hooks, "_ended", {"test.toy": [lambda run: ended.append(run.state)]})
    run = make_run(steps=2)
    execute_run(run.id)
    assert (fresh(run).state, fresh(run).cause["message"], ended) == ("failed", "No room for the weights.", ["failed"])
    control_run(run, "resume")
    execute_run(run.id)
    assert (fresh(run).state, calls) == ("completed", ["called", "called"])


def test_a_defect_in_the_supervisor_fails_the_run_instead_of_leaving_it(
    make_run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(run: Run) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(hooks, "_completed", {"test.toy": [broken]})
    run = make_run(steps=2)
    execute_run(run.id)
    assert (fresh(run).state, fresh(run).cause["code"]) == ("failed", "internal")


def test_a_trainer_that_takes_too_much_memory_is_ended_and_the_cause_says_so(make_run: Any, settings: Any) -> None:
    settings.RUN_MEMORY_FRACTION = 1e-9
    run = make_run(steps=1000, step_s=0.05)
    execute_run(run.id)
    assert (fresh(run).state, fresh(run).cause_class, fresh(run).cause["code"]) == (
        "failed",
        "memory",
        "run.memory_limit",
    )


def test_a_run_that_takes_longer_than_allowed_ends_with_a_checkpoint_and_can_go_on(
    make_run: Any, settings: Any
) -> None:
    settings.RUN_MAX_HOURS = 2 / 3600
    run = make_run(steps=300, step_s=0.02, checkpoint_every=1000)
    execute_run(run.id)
    ended = fresh(run)
    assert (ended.state, ended.cause["code"]) == ("failed", "run.time_limit")
    assert Checkpoint.objects.count() == 1
    settings.RUN_MAX_HOURS = 0
    control_run(run, "resume")
    execute_run(run.id)
    assert steps_of(run) == list(range(1, 301))


def test_a_trainer_sees_no_secret_of_the_server(make_run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://secret")
    monkeypatch.setenv("HF_TOKEN", "secret")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    run = make_run(steps=100, step_s=0.05)
    trainer = Trainer(claim_run(run.id), run_folder(run.id))
    process = psutil.Process(trainer.mark["pid"])
    until(process.environ)  # empty for a moment after the start
    environment = process.environ()
    trainer.kill()
    assert "CUDA_VISIBLE_DEVICES" in environment
    assert not {"SECRET_KEY", "DATABASE_URL", "HF_TOKEN"} & set(environment)


def test_a_run_of_a_dead_supervisor_on_this_host_is_lost_without_waiting_for_its_lease(make_run: Any) -> None:
    run = make_run()
    claim_run(run.id)
    assert recover_lost_runs() == []
    dead = {**fresh(run).process, "supervisor": {"pid": mark_of(1)["pid"], "started": 1.0}}
    Run.objects.filter(id=run.id).update(process=dead)
    (found,) = recover_lost_runs()
    assert found.state == "queued"
    assert RunEvent.objects.filter(run=run, data__message__icontains="worker was lost").exists()


@pytest.mark.parametrize(("asked", "becomes"), [("pausing", "paused"), ("stopping", "stopped")])
def test_a_lost_run_ends_where_its_user_wanted_it(make_run: Any, asked: str, becomes: str) -> None:
    run = make_run()
    claim_run(run.id)
    expired = timezone.now() - timedelta(seconds=1)
    Run.objects.filter(id=run.id).update(state=asked, lease_expires_at=expired)
    assert [found.state for found in recover_lost_runs()] == [becomes]


def test_a_run_that_is_lost_too_often_stays_lost_until_somebody_resumes_it(make_run: Any) -> None:
    run = make_run()
    claim_run(run.id)
    expired = timezone.now() - timedelta(seconds=1)
    Run.objects.filter(id=run.id).update(attempts=3, lease_expires_at=expired)
    (found,) = recover_lost_runs()
    assert (found.state, found.cause_class) == ("lost", "worker_lost")
    assert control_run(found, "resume").attempts == 0


def test_curves_of_a_long_run_are_kept_in_blocks_and_read_whole(make_run: Any) -> None:
    from cvstudio.runs.curves.read import CurveWindow, read_curves

    run = make_run(steps=1200, checkpoint_every=2000)
    execute_run(run.id)
    assert 0 < fresh(run).folded_seq < fresh(run).last_seq
    (curve,) = read_curves(run.id, CurveWindow())
    assert (curve["name"], curve["phase"], curve["count"]) == ("loss", "train", 1200)
    assert curve["steps"] == list(range(1, 1201))
    assert curve["values"] == [pytest.approx(1 / step) for step in range(1, 1201)]
