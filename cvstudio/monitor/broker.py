"""What Redis and Celery say: how long the queues are, and which workers listen to them."""

from __future__ import annotations

from typing import Any

import redis
from django.conf import settings
from kombu.exceptions import OperationalError

from cvstudio.config.celery import app
from cvstudio.runs.selectors import active_counts

QUEUES = ("train", "io", "infer")
ANSWER_WITHIN_S = 0.8


def read_queues() -> dict[str, Any]:
    """Return ``{"reachable", "queues": [{name, messages, queued, active}]}``.

    `messages` are what Redis holds; `queued` and `active` are runs, which the database knows better.
    """
    runs = active_counts()
    try:
        client = redis.Redis.from_url(settings.REDIS_CLIENT_URL, socket_timeout=1, socket_connect_timeout=1)
        with client:
            lengths: list[Any] = [client.llen(name) for name in QUEUES]
        reachable = True
    except (redis.RedisError, OSError):
        lengths, reachable = [None] * len(QUEUES), False
    queues = [
        {"name": name, "messages": length, **runs.get(name, {"queued": 0, "active": 0})}
        for name, length in zip(QUEUES, lengths, strict=True)
    ]
    return {"reachable": reachable, "queues": queues}


def read_workers() -> list[dict[str, Any]]:
    """Ask all workers who they are and what they do. Takes almost a second: call it in a thread, and seldom."""
    try:
        inspect = app.control.inspect(timeout=ANSWER_WITHIN_S)
        listening = inspect.active_queues() or {}
        at_work = inspect.active() or {} if listening else {}
    except (OperationalError, redis.RedisError, OSError):
        return []
    return [
        {
            "name": name,
            "queues": sorted(queue["name"] for queue in queues),
            "active": len(at_work.get(name, [])),
            "tasks": [task["name"] for task in at_work.get(name, [])],
        }
        for name, queues in sorted(listening.items())
    ]
