"""Where Redis is: the address given in the environment, or the embedded server's private socket."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

SOCKET_PATH_LIMIT = 100  # the kernel allows 107 bytes; a margin for platforms with less
SHORT_PLACE = Path("/tmp")  # noqa: S108 - not TMPDIR: workers have one of their own, and all must find one socket


def embedded_socket(data_dir: Path) -> Path:
    """The socket of the embedded server for this data folder.

    It lies in the data folder, so that every process with the same settings finds it. A path too long
    for a socket address gets a short private folder named after a hash of the data folder instead.
    """
    socket = data_dir / "redis" / "redis.sock"
    if len(os.fsencode(socket)) <= SOCKET_PATH_LIMIT:
        return socket
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return SHORT_PLACE / f"cvstudio-{os.getuid()}-{digest}" / "redis.sock"


def client_url(redis_url: str, socket: Path) -> str:
    """The address as redis-py and the channel layer write it."""
    return redis_url or f"unix://{socket}"


def broker_url(redis_url: str, socket: Path) -> str:
    """The address as Celery writes it."""
    return redis_url or f"redis+socket://{socket}"
