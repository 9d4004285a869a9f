"""A WebSocket client as plain as can be, so that a test decides when it reads and what it confirms."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import struct
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class SocketClosed(Exception):
    """The server closed the socket; ``code`` says why."""

    def __init__(self, code: int) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


class Socket:
    """One open socket. Messages are JSON."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def connect(cls, address: str, path: str, token: str, buffer_bytes: int = 2**16) -> Socket:
        """Open ``path`` at the studio's ``address`` as a program with a token."""
        parts = urlsplit(address)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=buffer_bytes)
        key = base64.b64encode(os.urandom(16)).decode()
        joint = "&" if "?" in path else "?"
        lines = [
            f"GET {path}{joint}token={token} HTTP/1.1",
            f"Host: {parts.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
        ]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n", 1)[0]:
            raise ConnectionError(head.decode())
        return cls(reader, writer)

    async def receive(self) -> dict[str, Any]:
        """The next message; pings are answered on the way.

        Raises:
            SocketClosed: The server has closed.
        """
        while True:
            kind, payload = await self._frame()
            if kind == PING:
                self._send(PONG, payload)
            elif kind == CLOSE:
                raise SocketClosed(struct.unpack(">H", payload[:2])[0] if payload else 1005)
            elif kind == TEXT:
                message: dict[str, Any] = json.loads(payload)
                return message

    async def _frame(self) -> tuple[int, bytes]:
        first, second = await self._reader.readexactly(2)
        length = second & 127
        if length == 126:
            (length,) = struct.unpack(">H", await self._reader.readexactly(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", await self._reader.readexactly(8))
        return first & 15, await self._reader.readexactly(length)

    def send(self, message: dict[str, Any]) -> None:
        """Send a small message."""
        self._send(TEXT, json.dumps(message).encode())

    def _send(self, kind: int, payload: bytes) -> None:
        assert len(payload) < 126
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        self._writer.write(bytes([128 | kind, 128 | len(payload)]) + mask + masked)

    def close(self) -> None:
        """Close without a word."""
        self._writer.close()


async def follow(address: str, run_id: str, token: str, after: int = 0) -> AsyncIterator[dict[str, Any]]:
    """Events of a run as a page gets them: in order, each once, through all failures of the connection."""
    while True:
        try:
            socket = await Socket.connect(address, f"/api/v1/ws/training/{run_id}?after={after}", token)
            while True:
                message = await socket.receive()
                if message["type"] != "events":
                    continue
                for event in message["events"]:
                    if event["seq"] > after:
                        after = event["seq"]
                        yield event
                socket.send({"type": "ack", "seq": after})
        except (OSError, asyncio.IncompleteReadError, SocketClosed):
            await asyncio.sleep(0.2)
