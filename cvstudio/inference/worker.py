"""Starts the prediction server inside the Celery worker of the queue `infer`, and ends it with it."""

from __future__ import annotations

import gc
import logging
import threading
from pathlib import Path
from typing import Any

from celery.signals import worker_ready, worker_shutting_down
from django.conf import settings

from cvstudio.inference.limits import limits
from cvstudio.inference.serving.loaded_model import Engine, LoadedModel, prepare_torch, release_memory
from cvstudio.inference.serving.protocol import RequestHeader
from cvstudio.inference.serving.server import InferenceServer
from ml_core.errors import CodedError

logger = logging.getLogger("cvstudio.inference")

QUEUE = "infer"


@worker_ready.connect
def serve(sender: Any = None, **_: Any) -> None:
    """Begin to answer predictions, when this worker is the one for them."""
    if QUEUE not in sender.app.amqp.queues.consume_from:
        return
    service = _Service()
    worker_shutting_down.connect(lambda **_: service.stop(), weak=False)
    service.start()


class _Service:
    """Loading torch takes seconds, so it happens beside the worker's own start."""

    def __init__(self) -> None:
        self._server: InferenceServer | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._begin, name="infer-start", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._server is not None:
            self._server.close()

    def _begin(self) -> None:
        bounds = limits()
        engine = prepare_torch(bounds)
        # A full collection takes a tenth of a second with torch's modules in memory, and would hit some request.
        gc.collect()
        gc.freeze()
        server = InferenceServer(
            settings.REDIS_CLIENT_URL,
            lambda header: load_model(header, engine),
            bounds,
            engine,
            on_evict=release_memory,
        )
        if not self._stopping.is_set():
            server.start()
            self._server = server
            logger.info("serving predictions on %s", engine.device)


def load_model(header: RequestHeader, engine: Engine) -> LoadedModel:
    """The model that a request names, from the library.

    Raises:
        CodedError: Its folder is gone or damaged, or nobody serves its task.
    """
    library = Path(settings.WEIGHTS_DIR).resolve()
    folder = (library / header.folder).resolve()
    if folder == library or not folder.is_relative_to(library) or not folder.is_dir():
        raise CodedError("The files of this weight are gone from the library.", code="weights.files_missing",
                         hint="Choose another weight, or upload it again.")  # fmt: skip
    logger.info("loading the model of weight %s", header.weight)
    return LoadedModel(header.task, folder, engine)
