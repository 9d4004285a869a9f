"""Messages that the broker lost, a broker that is away, and why a run waits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cvstudio.config.celery import app
from cvstudio.runs.keeper import Keeper
from cvstudio.runs.live.publish import Publisher
from cvstudio.runs.models import Run
from cvstudio.runs.selectors import active_counts, explain_waiting
from cvstudio.runs.services import recover_runs
from cvstudio.runs.services.recover_runs import announce_again

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def empty_queue() -> None:
    """The in-memory broker remembers messages of earlier tests."""
    with app.connection_for_read() as connection:
        connection.default_channel.queue_declare("io")
        connection.default_channel.queue_purge("io")


def messages() -> int:
    return recover_runs._messages_in("io") or 0


def grow_old(run: Run) -> None:
    Run.objects.filter(id=run.id).update(enqueued_at=timezone.now() - timedelta(minutes=1))


def test_a_run_whose_message_is_lost_is_announced_again(make_run: Any) -> None:
    grow_old(make_run())
    assert announce_again() == 1
    assert messages() == 1


def test_runs_behind_a_long_queue_are_left_alone(make_run: Any) -> None:
    for run in [make_run() for _ in range(3)]:
        grow_old(run)
    assert announce_again() == 3
    for run in Run.objects.all():
        grow_old(run)
    assert announce_again() == 0
    assert messages() == 3


def test_a_run_that_waits_for_a_moment_is_left_alone(make_run: Any) -> None:
    run = make_run()
    Run.objects.filter(id=run.id).update(enqueued_at=timezone.now())
    assert announce_again() == 0


def test_a_broker_that_is_away_delays_a_run_and_loses_nothing(
    make_run: Any, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    from cvstudio.runs.tasks import execute

    def refuse(*_: Any, **__: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(execute, "apply_async", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        run = make_run()
    monkeypatch.undo()
    assert Run.objects.get(id=run.id).state == "queued" and messages() == 0
    assert announce_again(timezone.now() + timedelta(minutes=1)) == 1


def test_the_keeper_looks_at_once_and_again_until_it_is_stopped(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    import threading

    settings.RUN_RECOVER_EVERY_S = 0.01
    looks = threading.Semaphore(0)
    monkeypatch.setattr("cvstudio.runs.keeper.recover_lost_runs", lambda: looks.release())
    monkeypatch.setattr("cvstudio.runs.keeper.announce_again", lambda: 0)
    keeper = Keeper()
    keeper.start()
    assert all(looks.acquire(timeout=5) for _ in range(3))
    keeper.stop()
    keeper._thread.join(5)
    assert not keeper._thread.is_alive()


def test_a_dead_channel_layer_is_survived_and_used_again_when_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    arrived = threading.Event()

    class Layer:
        fails = 3

        async def group_send(self, group: str, message: dict[str, Any]) -> None:
            Layer.fails -= 1
            if Layer.fails >= 0:
                raise ConnectionRefusedError
            arrived.set()

    monkeypatch.setattr("cvstudio.runs.live.publish.get_channel_layer", Layer)
    publisher = Publisher()
    for _ in range(200):
        publisher.put(("run", []))
        if arrived.wait(0.02):
            break
    assert arrived.is_set()


def test_a_queued_run_says_what_it_waits_for(make_run: Any) -> None:
    first, second, third = make_run(), make_run(), make_run()
    assert explain_waiting(third) == "Queued behind 2 runs."
    assert explain_waiting(second) == "Queued behind 1 run."
    assert explain_waiting(first).startswith("Next in the queue; a worker")
    Run.objects.filter(id=third.id).update(state="running")
    assert explain_waiting(first) == "Next in the queue; the worker is busy with 1 run."
    assert explain_waiting(Run.objects.get(id=third.id)) == ""
    assert active_counts() == {"io": {"queued": 2, "active": 1}}
