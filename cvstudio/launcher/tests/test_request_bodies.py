"""Bodies of requests reach the application whole and in order, without piling up in the web server's memory."""

from __future__ import annotations

import http.client
import io
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from cvstudio.launcher.daphne_server import PIECE_BYTES, Messages

ROOT = Path(__file__).resolve().parents[3]


async def received(body: bytes, *later: dict[str, Any]) -> tuple[list[bytes], dict[str, Any] | None]:
    """The pieces of a body as an application receives them, and the message after them."""
    messages = Messages(io.BytesIO(body))
    messages.put_nowait({"type": "http.request", "body": b"queued by Daphne", "more_body": False})
    for message in later:
        messages.put_nowait(message)
    pieces = []
    while True:
        message = await messages.get()
        pieces.append(message["body"])
        if not message["more_body"]:
            break
    return pieces, await messages.get() if later else None


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES])
async def test_a_body_comes_in_pieces_and_whole(size: int) -> None:
    body = os.urandom(size)
    pieces, _ = await received(body)
    assert b"".join(pieces) == body
    assert all(len(piece) <= PIECE_BYTES for piece in pieces)


async def test_what_the_server_says_comes_after_the_body() -> None:
    _, after = await received(b"x", {"type": "http.disconnect"})
    assert after == {"type": "http.disconnect"}


ECHO = """
async def application(scope, receive, send):
    size = pieces = 0
    while True:
        message = await receive()
        size += len(message["body"]); pieces += 1
        if not message["more_body"]:
            break
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"%d %d" % (size, pieces)})
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[int, psutil.Process]]:
    """Our server in a process of its own, with an application that counts."""
    (tmp_path / "echo_application.py").write_text(ECHO)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = subprocess.Popen(
            [sys.executable, "-m", "cvstudio.launcher.daphne_server", "--fd", str(listener.fileno()), "-v", "0",
             "echo_application:application"],
            pass_fds=[listener.fileno()],
            env={**os.environ, "PYTHONPATH": f"{ROOT}:{tmp_path}", "TMPDIR": str(tmp_path)},
        )  # fmt: skip
        try:
            yield listener.getsockname()[1], psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(10)


def pieces_of(total: int) -> Iterator[bytes]:
    """A multipart form with one large file."""
    yield b'--mark\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
    block = os.urandom(1 << 20)
    for _ in range(total >> 20):
        yield block
    yield b"\r\n--mark--\r\n"


@pytest.mark.process
def test_an_upload_of_200_mb_leaves_the_memory_flat(server: tuple[int, psutil.Process]) -> None:
    port, process = server
    size = sum(len(piece) for piece in pieces_of(200 << 20))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Content-Type": "multipart/form-data; boundary=mark", "Content-Length": "3"}
    connection.request("POST", "/", b"abc", headers)  # waits until it has started
    assert connection.getresponse().read() == b"3 1"
    before = process.memory_info().rss
    connection.request("POST", "/", pieces_of(200 << 20), {**headers, "Content-Length": str(size)})
    peak = 0
    began = time.monotonic()
    while time.monotonic() - began < 1:
        peak = max(peak, process.memory_info().rss)
    counted, pieces = connection.getresponse().read().split()
    peak = max(peak, process.memory_info().rss)
    assert int(counted) == size and int(pieces) > 700
    assert peak - before < 60 << 20, f"{(peak - before) >> 20} MB more"


@pytest.mark.process
def test_connections_are_used_again_after_a_body(server: tuple[int, psutil.Process]) -> None:
    port, _ = server
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for size in (0, 10, PIECE_BYTES * 2 + 7, 1):
        connection.request("POST", "/", os.urandom(size), {"Content-Type": "application/json"})
        assert connection.getresponse().read().split()[0] == str(size).encode()
