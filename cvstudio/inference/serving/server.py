"""Answers requests inside the infer worker: receive, decode in threads, run batches, answer.

    Redis list -> receiver -> decoders -> batcher (forward threads) -> answerer -> Redis list of the request

Nothing here knows HTTP or the database: a request names a folder in the library, and the web process has already
checked who may use it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import struct
import threading
import time
import uuid
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import redis

from cvstudio.inference.limits import Limits
from cvstudio.inference.serving import protocol
from cvstudio.inference.serving.batcher import Batcher
from cvstudio.inference.serving.loaded_model import Answering, Engine
from cvstudio.inference.serving.model_cache import ModelCache
from cvstudio.inference.serving.protocol import RequestHeader
from ml_core.errors import CodedError

logger = logging.getLogger("cvstudio.inference")

#: Loads the model that a request names. Raises CodedError when its folder is damaged.
Loader = Callable[[RequestHeader], Answering]

_ANSWER_LIVES_S = 60
_AFTER_REDIS_LOSS_S = 0.5
_MOST_AT_ONCE = 32
_LOOK_UP_S = 0.25  # how long closing may have to wait for the receiver


@dataclass
class _Ready:
    """A decoded image on its way through the forward pass. Times are of the monotonic clock, in seconds."""

    header: RequestHeader
    model: Answering
    tensor: Any
    received: float
    preprocess_s: float


class InferenceServer:
    """Serves predictions until closed.

    Args:
        redis_url: Where requests come from.
        loader: Makes a model from a request's header.
        limits: Bounds.
        engine: What computes.
        on_evict: Called after a model was given up.
    """

    def __init__(
        self, redis_url: str, loader: Loader, limits: Limits, engine: Engine, *, on_evict: Callable[[], None]
    ) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._redis = redis.Redis.from_url(redis_url)
        self._loader = loader
        self._limits = limits
        self._models: ModelCache[Answering] = ModelCache(engine.cache_bytes, on_evict)
        self._batcher: Batcher[_Ready] = Batcher(
            self._forward, max_batch=engine.max_batch, max_wait_s=limits.max_wait_s, lanes=engine.lanes
        )
        decoders = limits.decoders or min(8, os.cpu_count() or 1)
        self._decoders = ThreadPoolExecutor(decoders, thread_name_prefix="decode")
        self._loaders = ThreadPoolExecutor(1, thread_name_prefix="load")
        self._answerers = ThreadPoolExecutor(1, thread_name_prefix="answer")
        self._closing = threading.Event()
        self._ready = threading.Event()
        self._threads = [
            threading.Thread(target=self._receive, name="receive", daemon=True),
            threading.Thread(target=self._beat, name="beat", daemon=True),
        ]

    def start(self) -> None:
        """Start all threads; returns at once."""
        self._batcher.start()
        for thread in self._threads:
            thread.start()

    def wait_until_ready(self, seconds: float) -> bool:
        """Wait until clients can see that this worker lives."""
        return self._ready.wait(seconds)

    def close(self) -> None:
        """Take no more requests, answer those that were taken, and end."""
        self._closing.set()
        for thread in self._threads:
            thread.join()
        self._loaders.shutdown()
        self._decoders.shutdown()
        self._batcher.close()
        self._answerers.shutdown()
        self._leave()
        self._models.clear()
        self._redis.close()

    def _beat(self) -> None:
        """Say that this worker lives, for as long as it does."""
        lost_ms = int(self._limits.lost_s * 1000)
        while not self._closing.is_set():
            try:
                with self._redis.pipeline(transaction=False) as pipe:
                    pipe.set(protocol.ALIVE, self.name, px=lost_ms)
                    pipe.set(protocol.alive_key(self.name), "1", px=lost_ms)
                    pipe.execute()
                self._ready.set()
            except redis.RedisError as error:
                logger.warning("Redis does not answer the infer worker: %s", error)
            self._closing.wait(self._limits.beat_s)

    def _leave(self) -> None:
        """Let clients know at once that this worker is gone."""
        try:
            self._redis.delete(protocol.alive_key(self.name))
            if self._redis.get(protocol.ALIVE) == self.name.encode():
                self._redis.delete(protocol.ALIVE)
        except redis.RedisError as error:
            logger.warning("The infer worker could not say goodbye: %s", error)

    def _receive(self) -> None:
        while not self._closing.is_set():
            try:
                values = self._next_requests()
            except redis.RedisError as error:
                logger.warning("The infer worker cannot read requests: %s", error)
                self._closing.wait(_AFTER_REDIS_LOSS_S)
                continue
            received = time.monotonic()
            for value in values:
                self._accept(value, received)

    def _next_requests(self) -> list[bytes]:
        first = self._redis.brpop([protocol.REQUESTS], timeout=_LOOK_UP_S)
        if first is None:
            return []
        more = self._redis.rpop(protocol.REQUESTS, _MOST_AT_ONCE)
        return [first[1], *(more or [])]

    def _accept(self, value: bytes, received: float) -> None:
        """Route one request: to the decoders, or to the loader when its model is not there yet."""
        try:
            header, image = protocol.unpack_request(value)
        except (ValueError, TypeError, struct.error):
            logger.warning("a request of %d bytes cannot be read and is left out", len(value))
            return
        if header.expires_at < time.time():
            return  # nobody waits for it any more
        self._batcher.expect(header.weight)
        model = self._models.peek(header.weight)
        if model is None:
            self._loaders.submit(self._border, header, self._load, header, image, received)
        else:
            self._decoders.submit(self._border, header, self._decode, header, model, image, received)
        with contextlib.suppress(redis.RedisError):  # only needed when this worker dies
            self._redis.set(protocol.taken_key(header.id), self.name, ex=_ANSWER_LIVES_S)

    def _border(self, header: RequestHeader, step: Callable[..., None], *arguments: Any) -> None:
        """The task border of a request: whatever goes wrong is told to whoever waits."""
        try:
            step(*arguments)
        except Exception as error:  # noqa: BLE001 - a request's border: the worker lives on, the client gets the fault
            self._batcher.withdraw(header.weight)
            self._answer([(header, _fault(error))])

    def _load(self, header: RequestHeader, image: bytes, received: float) -> None:
        model = self._models.load(header.weight, header.size_bytes, lambda: self._loader(header))
        self._decoders.submit(self._border, header, self._decode, header, model, image, received)

    def _decode(self, header: RequestHeader, model: Answering, image: bytes, received: float) -> None:
        started = time.monotonic()
        tensor = model.preprocess(image)
        ready = _Ready(header, model, tensor, received, time.monotonic() - started)
        self._batcher.put(header.weight, ready)

    def _forward(self, _: Hashable, batch: list[_Ready], beside: int) -> None:
        """Run one batch; called by a thread of the batcher. Must not raise."""
        started = time.monotonic()
        try:
            rows = batch[0].model.forward([item.tensor for item in batch], beside)
        except Exception as error:  # noqa: BLE001 - the same border, for every request of the batch
            fault = _fault(error)
            self._answerers.submit(self._answer, [(item.header, fault) for item in batch])
            return
        self._answerers.submit(self._finish, batch, rows, time.monotonic() - started)

    def _finish(self, batch: list[_Ready], rows: list[Any], forward_s: float) -> None:
        answers: list[tuple[RequestHeader, dict[str, Any]]] = []
        for item, row in zip(batch, rows, strict=True):
            started = time.monotonic()
            try:
                result = _cut(item.model.postprocess(row), item.header.top_k)
            except Exception as error:  # noqa: BLE001 - the same border, for one row
                answers.append((item.header, _fault(error)))
                continue
            ended = time.monotonic()
            timing = {
                "preprocess": item.preprocess_s * 1000,
                "forward": forward_s * 1000,
                "postprocess": (ended - started) * 1000,
                "total": (ended - item.received) * 1000,
            }
            answers.append((item.header, {"result": result, "timing": timing, "batch": len(batch)}))
        self._answer(answers)

    def _answer(self, answers: list[tuple[RequestHeader, dict[str, Any]]]) -> None:
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                for header, answer in answers:
                    key = protocol.answer_key(header.id)
                    pipe.lpush(key, protocol.pack_answer(answer))
                    pipe.expire(key, _ANSWER_LIVES_S)
                pipe.execute()
        except redis.RedisError as error:
            logger.warning("%d answers could not be sent: %s", len(answers), error)


def _cut(result: dict[str, Any], top_k: int) -> dict[str, Any]:
    """The first classes only: the rest would travel for nothing."""
    return {**result, "top": result["top"][:top_k]} if "top" in result else result


def _fault(error: BaseException) -> dict[str, Any]:
    """A failure as it travels. What nobody expected is logged here and shown as a sentence without details."""
    if isinstance(error, CodedError):
        return {"error": error.as_dict(), "status": getattr(error, "status", 400)}
    reference = uuid.uuid4().hex
    logger.error("trace %s in the infer worker", reference, exc_info=error)
    body = {
        "code": "inference.failed",
        "message": "The model failed on this image.",
        "hint": "Give the administrator the trace id.",
        "where": f"trace:{reference}",
    }
    return {"error": body, "status": 500}
