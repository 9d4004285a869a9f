"""Finds runs whose worker is gone and waiting runs whose message is gone, and brings them back."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from kombu.exceptions import OperationalError

from cvstudio.config.celery import app
from cvstudio.runs.errors import FenceLostError, RunConflictError
from cvstudio.runs.hooks import run_ended
from cvstudio.runs.limits import limits
from cvstudio.runs.models import CauseClass, Checkpoint, Run, RunState
from cvstudio.runs.services.append_events import NewEvent
from cvstudio.runs.services.enqueue_run import enqueue_run
from cvstudio.runs.services.transition import Cause, transition
from cvstudio.runs.states import ACTIVE
from cvstudio.runs.supervisor.host import is_alive, this_host

logger = logging.getLogger(__name__)

_ANNOUNCE_AT_ONCE = 100


def recover_lost_runs(now: datetime | None = None) -> list[Run]:
    """Send runs back to the queue whose lease is over, or whose supervisor died on this host.

    Safe to call from any number of workers at the same time.

    Returns:
        The runs that were found lost, in their new state.
    """
    now = now or timezone.now()
    recovered = []
    for run in Run.objects.filter(state__in=ACTIVE).defer("config", "result", "preflight", "summary"):
        if _is_lost(run, now):
            try:
                recovered.append(_recover(run, now))
            except (RunConflictError, FenceLostError, Run.DoesNotExist) as error:
                logger.debug("run %s was not lost, or somebody else found it: %s", run.id, error)
    return recovered


def _is_lost(run: Run, now: datetime) -> bool:
    if run.lease_expires_at is None or run.lease_expires_at < now:
        return True
    return run.process.get("host") == this_host() and not is_alive(run.process.get("supervisor"))


def _recover(run: Run, now: datetime) -> Run:
    """Lost, and from there to where the user wanted it. Both in one transaction."""
    last = Checkpoint.objects.filter(run=run, deleted_at=None).order_by("-step").first()
    message = f"The worker was lost at {now:%Y-%m-%d %H:%M:%S} UTC."
    again = f"The run resumes from step {last.step}." if last else "The run starts again: it had no checkpoint yet."
    is_too_often = run.attempts >= limits().max_attempts
    with transaction.atomic():
        lost = transition(
            run.id,
            RunState.LOST,
            only_from=[RunState(run.state)],
            fence=run.fence,
            guard={"lease_expires_at": run.lease_expires_at},
            raise_fence=True,
            cause=Cause(
                CauseClass.WORKER_LOST,
                "run.worker_lost",
                f"{message} It was lost {run.attempts} times without a new checkpoint." if is_too_often else message,
                "See why the worker ended, then resume the run." if is_too_often else again,
            ),
            before=[NewEvent("log", {"level": "warning", "message": f"{message} {'' if is_too_often else again}"})],
        )
        logger.warning("run %s: lost by %s", run.id, run.worker)
        if run.state == RunState.PAUSING:
            return transition(run.id, RunState.PAUSED, cause=Cause(CauseClass.USER))
        if run.state == RunState.STOPPING:
            stopped = transition(run.id, RunState.STOPPED, cause=Cause(CauseClass.USER))
            run_ended(stopped)
            return stopped
        if is_too_often:
            return lost
        queued = transition(run.id, RunState.QUEUED)
        transaction.on_commit(lambda: enqueue_run(run.id, run.queue))
    return queued


def announce_again(now: datetime | None = None) -> int:
    """Tell the broker again of runs that wait although its queue is empty: it lost their messages.

    A long queue of messages is left alone, so that waiting runs do not pile up messages. A message too many
    does no harm, because only one claim succeeds.

    Returns:
        How many runs were announced.
    """
    now = now or timezone.now()
    before = now - timedelta(seconds=limits().enqueue_again_s)
    forgotten = Run.objects.filter(state=RunState.QUEUED).filter(
        Q(enqueued_at__lt=before) | Q(enqueued_at=None, created_at__lt=before)
    )
    announced = 0
    for queue in sorted(set(forgotten.values_list("queue", flat=True))):
        if _messages_in(queue) != 0:
            continue
        for run in forgotten.filter(queue=queue).order_by("created_at")[:_ANNOUNCE_AT_ONCE]:
            is_mine = Run.objects.filter(id=run.id, enqueued_at=run.enqueued_at).update(enqueued_at=now)
            announced += bool(is_mine) and enqueue_run(run.id, queue)
    return announced


def _messages_in(queue: str) -> int | None:
    """How many messages wait in a queue; ``None`` when the broker does not answer."""
    try:
        with app.connection_for_read() as connection:
            connection.ensure_connection(max_retries=1)
            return int(connection.default_channel.queue_declare(queue, passive=False).message_count)
    except (OperationalError, OSError) as error:
        logger.info("the broker does not answer: %s", error)
        return None
