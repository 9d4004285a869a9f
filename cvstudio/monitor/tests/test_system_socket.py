"""The system socket: who may watch, what comes, and that one sampler serves all."""

from __future__ import annotations

import pytest
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import AnonymousUser

from cvstudio.common.gpus import GpuReader
from cvstudio.monitor import consumers
from cvstudio.monitor import sampler as sampling
from cvstudio.monitor.consumers import SystemConsumer
from cvstudio.monitor.machine import read_disks

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quick_and_alone(monkeypatch):
    monkeypatch.setattr(sampling, "PERIOD_S", 0.02)
    monkeypatch.setattr(sampling, "read_workers", list)
    monkeypatch.setattr(sampling, "read_queues", lambda: {"reachable": True, "queues": []})


def communicator(user):
    made = WebsocketCommunicator(SystemConsumer.as_asgi(), "/api/v1/ws/system")
    made.scope["user"] = user
    return made


async def test_a_stranger_without_login_is_sent_away():
    socket = communicator(AnonymousUser())
    connected, _ = await socket.connect()
    assert connected
    assert (await socket.receive_output())["code"] == 4401
    assert not sampling.sampler.running


async def test_history_comes_first_and_samples_follow(alice):
    socket = communicator(alice)
    await socket.connect()
    assert (await socket.receive_json_from())["type"] == "history"
    sample = await socket.receive_json_from()
    assert sample["type"] == "sample"
    assert 0 <= sample["cpu"]["percent"] <= 100
    assert sample["memory"]["used"] < sample["memory"]["total"]
    assert sample["disks"][0]["folders"]
    await socket.disconnect()


async def test_two_watchers_share_one_sampler_which_ends_with_the_last(alice):
    first, second = communicator(alice), communicator(alice)
    await first.connect()
    await first.receive_json_from()
    task = sampling.sampler._task
    await second.connect()
    await second.receive_json_from()
    assert sampling.sampler._task is task
    await first.disconnect()
    assert sampling.sampler.running
    await second.disconnect()
    assert not sampling.sampler.running


async def test_a_later_watcher_sees_what_was_measured_before(alice):
    first = communicator(alice)
    await first.connect()
    await first.receive_json_from()
    seen = await first.receive_json_from()
    second = communicator(alice)
    await second.connect()
    history = await second.receive_json_from()
    assert seen["time"] in [sample["time"] for sample in history["samples"]]
    await first.disconnect()
    await second.disconnect()


def test_a_machine_without_nvml_says_so_in_a_word(monkeypatch):
    import pynvml

    def missing() -> None:
        raise pynvml.NVMLError_LibraryNotFound

    monkeypatch.setattr(pynvml, "nvmlInit", missing)
    assert GpuReader().read() == {"available": False, "reason": "no_driver", "devices": []}


def test_folders_on_one_disk_are_counted_once():
    disks = read_disks()
    assert len(disks) == len({tuple(disk["folders"]) for disk in disks})
    assert sum(len(disk["folders"]) for disk in disks) == 8


@pytest.mark.parametrize("frame", [{"text_data": "{bad"}, {"text_data": "[" * 100_000}, {"bytes_data": b"\0"}])
async def test_what_a_watcher_sends_does_no_harm(alice, frame):
    socket = communicator(alice)
    await socket.connect()
    await socket.receive_json_from()
    await socket.send_to(**frame)
    for _ in range(3):
        assert (await socket.receive_json_from())["type"] == "sample"
    await socket.disconnect()
    assert not sampling.sampler.running


async def test_a_deactivated_watcher_is_sent_away(alice, monkeypatch):
    monkeypatch.setattr(consumers, "LOOK_EVERY_S", 0.0)
    socket = communicator(alice)
    await socket.connect()
    await socket.receive_json_from()
    await type(alice).objects.filter(id=alice.id).aupdate(is_active=False)
    while (output := await socket.receive_output())["type"] != "websocket.close":
        pass
    assert output["code"] == 4401
