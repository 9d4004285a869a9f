"""The command lines of the studio's processes: the same for the launcher and for other machines."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from cvstudio.launcher import redis_server
from cvstudio.launcher.process import Program

CELERY = [sys.executable, "-m", "celery", "-A", "cvstudio.config.celery"]
# A worker gets time to hand its runs on; then it is told to leave at once.
WORKER_STOP: Sequence[tuple[signal.Signals, float]] = ((signal.SIGTERM, 6.0), (signal.SIGQUIT, 2.0))


@dataclass(frozen=True)
class Queue:
    """A Celery queue and how many things its worker does side by side by default."""

    name: str
    concurrency: int
    niceness: int


# Threads everywhere: the heavy work happens in processes that the worker starts (training, imports) or in
# libraries that release the lock (inference). A worker process stays one small process.
QUEUES = {
    "train": Queue("train", 1, 5),
    "infer": Queue("infer", 8, 0),
    "io": Queue("io", 4, 5),
}


def worker_command(queue: str, concurrency: int | None = None) -> list[str]:
    """A Celery worker for one queue."""
    width = concurrency or QUEUES[queue].concurrency
    return [
        *CELERY, "worker", "--queues", queue, "--hostname", f"{queue}@%h", "--pool", "threads",
        "--concurrency", str(width), "--loglevel", "INFO", "--without-gossip", "--without-mingle",
    ]  # fmt: skip


def web_command(descriptor: int) -> list[str]:
    """The web server on a socket that already listens."""
    return [
        sys.executable, "-m", "cvstudio.launcher.daphne_server", "--fd", str(descriptor), "--no-server-name",
        "--verbosity", "1",
        "--application-close-timeout", "5", "--websocket_timeout", "-1", "cvstudio.config.asgi:application",
    ]  # fmt: skip


def web_program(descriptor: int) -> Program:
    """The web server as a child. It inherits the socket, so that requests wait while it restarts."""
    return Program(
        "web", web_command(descriptor), inherited=(descriptor,), stop_signals=((signal.SIGTERM, 3.0),),
        environment=temporary_folder(),
    )  # fmt: skip


def worker_program(queue: str, concurrency: int | None = None) -> Program:
    """A worker as a child."""
    return Program(
        f"worker-{queue}", worker_command(queue, concurrency), stop_signals=WORKER_STOP,
        environment=temporary_folder(), niceness=QUEUES[queue].niceness,
    )  # fmt: skip


def redis_program(data_dir: Path) -> Program:
    """The embedded Redis as a child. Even when the launcher is killed it may write its file to the end."""
    return Program("redis", redis_server.command(data_dir), death_signal=signal.SIGTERM)


def temporary_folder() -> dict[str, str]:
    """Large uploads are spooled on the disk that will keep them, not in a small /tmp."""
    return {"TMPDIR": str(settings.TEMP_DIR)}
