"""A client of the socket that does not read for a while."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from tests.socket_client import Socket
from tests.survival.conftest import Field

pytestmark = [pytest.mark.process, pytest.mark.slow, pytest.mark.timeout(120)]

LINES = 5_000


@pytest.mark.parametrize("confirms", [True, False])
def test_a_client_that_sleeps_through_five_thousand_lines_ends_with_all_in_order(field: Field, confirms: bool) -> None:
    run_id = field.scene("quiet")["id"]
    answer: dict[str, Any] = {}

    def write() -> None:
        answer.update(field.scene("lines", run_id, str(LINES), "6"))

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    seen = asyncio.run(read_late(field, run_id, LINES, confirms))
    writer.join(20)
    assert answer["last_seq"] == LINES
    assert seen == list(range(1, LINES + 1))


async def read_late(field: Field, run_id: str, last: int, confirms: bool) -> list[int]:
    socket = await Socket.connect(field.studio.address, f"/api/v1/ws/training/{run_id}", field.token, 1024)
    seen: list[int] = []
    while len(seen) < 5:
        take(await socket.receive(), seen)
    await asyncio.sleep(10)
    async with asyncio.timeout(40):
        while not seen or seen[-1] < last:
            take(await socket.receive(), seen)
            if confirms:
                socket.send({"type": "ack", "seq": seen[-1]})
    socket.close()
    return seen


def take(message: dict[str, Any], seen: list[int]) -> None:
    if message["type"] == "events":
        seen += [event["seq"] for event in message["events"]]
