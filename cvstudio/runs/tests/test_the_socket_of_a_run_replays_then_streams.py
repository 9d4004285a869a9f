"""The consumer behind the real stack of origin check and login."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from channels.testing import WebsocketCommunicator
from django.conf import settings
from rest_framework_simplejwt.tokens import AccessToken

from cvstudio.config.asgi import application
from cvstudio.runs.live import hub as hub_module
from cvstudio.runs.live import publish as publish_module
from cvstudio.runs.live.frames import line_of
from cvstudio.runs.live.hub import hub
from cvstudio.runs.live.publish import GROUP, Batch, message_of
from cvstudio.runs.models import Run, RunState
from cvstudio.runs.selectors import events_after
from cvstudio.runs.services.append_events import NewEvent, append_events
from cvstudio.runs.services.transition import transition

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_publisher(monkeypatch: pytest.MonkeyPatch) -> None:
    """The in-memory layer lives in one event loop, so the tests announce events themselves."""

    class Nobody:
        def put(self, batch: Batch) -> None:
            return

    monkeypatch.setattr(publish_module, "_publisher", Nobody)


def open_socket(run: Run, user: Any = None, *, after: Any = 0, headers: Any = ()) -> WebsocketCommunicator:
    token = f"&token={AccessToken.for_user(user)}" if user else ""
    path = f"/api/v1/ws/training/{run.id}?after={after}{token}"
    return WebsocketCommunicator(application, path, headers=list(headers))


async def frames_until(socket: WebsocketCommunicator, kind: str) -> list[dict[str, Any]]:
    frames = []
    while not frames or frames[-1]["type"] != kind:
        frames.append(await socket.receive_json_from(timeout=5))
    return frames


async def close_code(socket: WebsocketCommunicator) -> int:
    while True:
        output = await socket.receive_output(timeout=5)
        if output["type"] == "websocket.close":
            return int(output["code"])


def numbers(frames: list[dict[str, Any]]) -> list[int]:
    return [event["seq"] for frame in frames if frame["type"] == "events" for event in frame["events"]]


@sync_to_async
def write(run: Run, count: int) -> None:
    events = [NewEvent("log", {"level": "info", "message": f"line {index}"}) for index in range(count)]
    append_events(run.id, events)


async def announce(run: Run, after: int) -> None:
    lines = [line_of(event) for event in await sync_to_async(events_after)(run.id, after, 1000)]
    await get_channel_layer().group_send(GROUP, message_of([(str(run.id), lines)]))


async def test_a_socket_replays_from_the_asked_number_and_then_streams(make_run: Any, alice: Any) -> None:
    run = await sync_to_async(make_run)()
    await write(run, 9)
    socket = open_socket(run, alice, after=4)
    await socket.connect()
    first = await frames_until(socket, "live")
    assert first[0]["type"] == "run" and first[0]["run"]["state"] == "queued"
    assert numbers(first) == [5, 6, 7, 8, 9, 10]
    await write(run, 3)
    await announce(run, 10)
    assert numbers(await frames_until(socket, "events")) == [11, 12, 13]
    await socket.disconnect()


async def test_a_change_of_state_brings_the_summary(make_run: Any, alice: Any) -> None:
    run = await sync_to_async(make_run)()
    socket = open_socket(run, alice, after=1)
    await socket.connect()
    await frames_until(socket, "live")
    await sync_to_async(transition)(run.id, RunState.PAUSED)
    await announce(run, 1)
    frames = await frames_until(socket, "run")
    assert frames[-1]["run"]["state"] == "paused"
    await socket.disconnect()


async def test_events_come_without_any_message_of_the_layer(
    make_run: Any, alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class DeadLayer:
        async def new_channel(self) -> str:
            raise ConnectionRefusedError

    monkeypatch.setattr(hub_module, "get_channel_layer", DeadLayer)
    monkeypatch.setattr(hub_module, "TICK_S", 0.05)
    run = await sync_to_async(make_run)()
    socket = open_socket(run, alice, after=1)
    await socket.connect()
    await frames_until(socket, "live")
    await write(run, 2)
    assert numbers(await frames_until(socket, "events")) == [2, 3]
    await socket.disconnect()


async def test_strangers_and_the_anonymous_are_turned_away_and_administrators_are_not(
    make_run: Any, bob: Any, admin_user: Any
) -> None:
    run = await sync_to_async(make_run)()
    for user, code in ((bob, 4404), (None, 4401)):
        socket = open_socket(run, user)
        await socket.connect()
        assert await close_code(socket) == code
        await socket.disconnect()
    socket = open_socket(run, admin_user)
    await socket.connect()
    assert (await socket.receive_json_from())["type"] == "run"
    await socket.disconnect()


async def test_a_page_of_another_site_gets_no_socket(make_run: Any, alice: Any) -> None:
    run = await sync_to_async(make_run)()
    headers = [(b"origin", b"https://evil.example"), (b"host", b"testserver")]
    connected, code = await open_socket(run, alice, headers=headers).connect()
    assert (connected, code) == (False, 4403)


@pytest.mark.parametrize("after", ["-1", "x", "9" * 30])
async def test_a_number_that_is_none_is_refused(make_run: Any, alice: Any, after: str) -> None:
    run = await sync_to_async(make_run)()
    socket = open_socket(run, alice, after=after)
    await socket.connect()
    assert await close_code(socket) == 4400
    await socket.disconnect()


async def test_nonsense_from_the_client_changes_nothing(make_run: Any, alice: Any) -> None:
    run = await sync_to_async(make_run)()
    socket = open_socket(run, alice)
    await socket.connect()
    for text in ("{", "[]", '{"type":"ack"}', '{"type":"ack","seq":"x"}', '{"type":"ack","seq":null}', "1"):
        await socket.send_to(text_data=text)
    await socket.send_to(bytes_data=b"\xff")
    await frames_until(socket, "live")
    await socket.disconnect()


async def test_a_deactivated_user_is_dropped(make_run: Any, alice: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "TICK_S", 0.02)
    monkeypatch.setattr(hub_module, "PEOPLE_EVERY_S", 0.02)
    run = await sync_to_async(make_run)()
    socket = open_socket(run, alice)
    await socket.connect()
    await frames_until(socket, "live")
    alice.is_active = False
    await sync_to_async(alice.save)()
    assert await close_code(socket) == 4401
    await socket.disconnect()


async def test_the_socket_of_a_deleted_run_closes(make_run: Any, alice: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "TICK_S", 0.02)
    run = await sync_to_async(make_run)()
    socket = open_socket(run, alice)
    await socket.connect()
    await frames_until(socket, "live")
    await sync_to_async(Run.objects.filter(id=run.id).delete)()
    assert await close_code(socket) == 4404
    await socket.disconnect()


async def test_the_hub_keeps_nothing_when_the_last_socket_has_gone(make_run: Any, alice: Any) -> None:
    run = await sync_to_async(make_run)()
    sockets = [open_socket(run, alice) for _ in range(3)]
    for socket in sockets:
        await socket.connect()
        await frames_until(socket, "live")
    for socket in sockets:
        await socket.disconnect()
    assert not hub()._watchers and not hub()._tasks
    assert settings.CHANNEL_LAYERS["default"]["BACKEND"].endswith("InMemoryChannelLayer")
    await asyncio.sleep(0)


@pytest.mark.parametrize(
    "text", ['{"type": "ack", "seq": Infinity}', "[" * 990, "{", '{"type": "ack", "seq": -5}', "[1]"]
)
async def test_what_a_client_sends_does_no_harm(make_run: Any, alice: Any, text: str) -> None:
    run = await sync_to_async(make_run)()
    socket = open_socket(run, alice)
    await socket.connect()
    await frames_until(socket, "live")
    await socket.send_to(text_data=text)
    await write(run, 1)
    await announce(run, 1)
    assert numbers(await frames_until(socket, "events")) == [2]
    await socket.disconnect()
