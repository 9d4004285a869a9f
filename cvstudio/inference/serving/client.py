"""The web process's side: send an image to the infer worker, wait for the answer, notice when nobody answers."""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass
from typing import Any

import redis
from django.conf import settings
from redis.commands.core import Script

from cvstudio.inference.errors import UnavailableError, WorkerSideError
from cvstudio.inference.limits import Limits, limits
from cvstudio.inference.serving import protocol
from cvstudio.inference.serving.protocol import RequestHeader

#: Parts of `Answer.timing_ms`.
TIMES = ("queue", "preprocess", "forward", "postprocess", "total")

_SLICE_S = 1
_CONNECTIONS = 512
_lock = threading.Lock()
_connection: redis.Redis | None = None
_submit: Script | None = None


@dataclass(frozen=True)
class Ask:
    """One prediction asked for; the caller has checked that the person may use the weight."""

    weight: str
    folder: str
    task: str
    size_bytes: int
    top_k: int


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        result: As the predictor made it.
        timing_ms: ``queue`` (transport and waiting), ``preprocess``, ``forward``, ``postprocess``, ``total``.
        batch: How many images shared the forward pass.
    """

    result: dict[str, Any]
    timing_ms: dict[str, float]
    batch: int


def predict_remotely(ask: Ask, image: bytes) -> Answer:
    """Have the infer worker predict one image.

    Raises:
        UnavailableError: ``inference.no_worker``, ``inference.worker_lost``, ``inference.busy``,
            ``inference.timeout`` or ``broker.unavailable``; each with what to do.
        WorkerSideError: The worker's typed refusal, such as a damaged image.
    """
    bounds = limits()
    started = time.monotonic()
    header = RequestHeader(
        id=uuid.uuid4().hex, weight=ask.weight, folder=ask.folder, task=ask.task, size_bytes=ask.size_bytes,
        top_k=ask.top_k, expires_at=time.time() + bounds.timeout_s,
    )  # fmt: skip
    try:
        _send(protocol.pack_request(header, image), bounds)
        answer = _wait(header.id, started + bounds.timeout_s)
    except redis.RedisError as error:
        raise UnavailableError(
            "Redis, over which images reach the infer worker, does not answer.", code="broker.unavailable",
            hint="Try again in some seconds; if it stays, look at the system page.",
        ) from error  # fmt: skip
    return _read(answer, (time.monotonic() - started) * 1000)


def is_served() -> bool:
    """Whether any infer worker lives now."""
    try:
        connection, _ = _redis()
        return bool(connection.exists(protocol.ALIVE))
    except redis.RedisError:
        return False


def forget_connection() -> None:
    """Connect anew next time; for tests, whose Redis changes."""
    global _connection, _submit
    with _lock:
        if _connection is not None:
            _connection.close()
        _connection = _submit = None


def _redis() -> tuple[redis.Redis, Script]:
    """One pool of connections for the process: each waiting request holds one."""
    global _connection, _submit
    with _lock:
        if _connection is None or _submit is None:
            pool = redis.ConnectionPool.from_url(settings.REDIS_CLIENT_URL, max_connections=_CONNECTIONS)
            _connection = redis.Redis(connection_pool=pool)
            _submit = _connection.register_script(protocol.SUBMIT_SCRIPT)
        return _connection, _submit


def _send(request: bytes, bounds: Limits) -> None:
    _, submit = _redis()
    length = submit(keys=[protocol.REQUESTS, protocol.ALIVE], args=[request, bounds.max_waiting])
    if length == -1:
        raise UnavailableError(
            "No infer worker is running, so nobody can predict.", code="inference.no_worker",
            hint="Start one (`make run` does), or wait until it has started.", wait_s=5,
        )  # fmt: skip
    if length == -2:
        raise UnavailableError(
            f"{bounds.max_waiting} predictions wait already.", code="inference.busy",
            hint="Try again in some seconds, or send a batch.",
        )  # fmt: skip


def _wait(request_id: str, deadline: float) -> bytes:
    connection, _ = _redis()
    while time.monotonic() < deadline:
        found = connection.blpop([protocol.answer_key(request_id)], timeout=_SLICE_S)
        if found is not None:
            value: bytes = found[1]  # type: ignore[assignment]  # our connections do not decode
            return value
        _require_life(connection, request_id)
    raise UnavailableError(
        "The infer worker did not answer in time.", code="inference.timeout",
        hint="It may be loading a large model: try again in some seconds.", wait_s=5,
    )  # fmt: skip


def _require_life(connection: redis.Redis, request_id: str) -> None:
    """After a silent second: does whoever has the request still live?"""
    taken_by = connection.get(protocol.taken_key(request_id))
    key = protocol.alive_key(taken_by.decode()) if isinstance(taken_by, bytes) else protocol.ALIVE
    if connection.exists(key) or connection.exists(protocol.answer_key(request_id)):
        return
    raise UnavailableError(
        "The infer worker died before it answered.", code="inference.worker_lost",
        hint="Try again: a new worker starts by itself within some seconds.", wait_s=5,
    )  # fmt: skip


def _read(value: bytes, total_ms: float) -> Answer:
    answer = protocol.unpack_answer(value)
    if "error" in answer:
        raise WorkerSideError(**answer["error"], status=answer["status"])
    timing = answer["timing"]
    working = {name: timing[name] for name in ("preprocess", "forward", "postprocess")}
    waiting = max(0.0, total_ms - sum(working.values()))
    parts = {"queue": waiting, **working, "total": total_ms}
    return Answer(answer["result"], {name: round(value, 3) for name, value in parts.items()}, answer["batch"])
