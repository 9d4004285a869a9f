"""The launcher with real processes: what dies comes back, and nothing outlives it."""

from __future__ import annotations

import json
import signal
import socket
import sys

import psutil
import pytest

from tests.studio_process import StudioProcess, wait_for

pytestmark = [pytest.mark.process, pytest.mark.slow]
CHILDREN = {"redis-server": "redis", "daphne": "web", "--queues train": "worker-train"}


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    with StudioProcess(tmp_path_factory.mktemp("studio")) as running:
        wait_for(lambda: all(running.child(word) for word in CHILDREN), "a child is missing")
        yield running


def health(studio):
    return json.loads(studio.get("/health")[1])


@pytest.mark.parametrize("word", CHILDREN)
def test_a_child_that_is_killed_comes_back(studio, word):
    victim = studio.child(word)
    victim.kill()
    wait_for(lambda: (new := studio.child(word)) and new.pid != victim.pid, f"{word} did not come back")
    wait_for(lambda: health(studio)["status"] == "ok", "the studio is not well again")
    assert any(f"{CHILDREN[word]} ended (killed by SIGKILL)" in line for line in studio.lines)


def test_a_request_made_while_the_web_server_is_dead_is_answered_by_the_next_one(studio):
    studio.child("daphne").kill()
    status, _ = studio.get("/accounts/login/")
    assert status == 200


def test_what_was_queued_survives_the_death_of_redis(studio):
    code = (
        "import django, sys; django.setup(); import redis; from django.conf import settings;"
        "r = redis.Redis.from_url(settings.REDIS_CLIENT_URL, decode_responses=True);"
        "print(r.rpush('kept', 'x') if sys.argv[1] == 'put' else r.lrange('kept', 0, -1))"
    )
    env = {**studio.environment, "DJANGO_SETTINGS_MODULE": "cvstudio.config.settings"}

    def ask(word):
        import subprocess

        done = subprocess.run([sys.executable, "-c", code, word], env=env, capture_output=True, text=True, timeout=30)
        return done.stdout.strip()

    assert ask("put") == "1"
    # everysec: what is older than about a second is on the disk
    wait_for(lambda: b"kept" in aof(studio), "the append-only file was not written")
    victim = studio.child("redis-server")
    victim.kill()
    wait_for(lambda: (new := studio.child("redis-server")) and new.pid != victim.pid, "redis did not come back")
    wait_for(lambda: ask("get") == "['x']", "the queue is lost")


def aof(studio):
    return b"".join(path.read_bytes() for path in (studio.folder / "data" / "redis").rglob("*.aof*") if path.is_file())


def test_a_second_launcher_on_the_same_data_says_so_and_ends(studio):
    second = studio.manage("runserver", "127.0.0.1:0")
    assert second.returncode != 0
    assert "already runs" in second.stderr and studio.address in second.stderr
    assert "Traceback" not in second.stderr


def test_a_port_in_use_is_said_in_a_sentence(studio, tmp_path):
    port = studio.address.rsplit(":", 1)[1]
    studio_environment = dict(studio.environment)
    studio.environment = {**studio_environment, "DATA_DIR": str(tmp_path / "data")}
    try:
        second = studio.manage("runserver", port)
    finally:
        studio.environment = studio_environment
    assert second.returncode != 0
    assert f"Cannot listen on 127.0.0.1:{port}" in second.stderr and "Traceback" not in second.stderr


def test_redis_is_private(studio):
    folder = studio.folder / "data" / "redis"
    assert folder.stat().st_mode & 0o077 == 0
    listening = [c for c in studio.child("redis-server").net_connections(kind="inet") if c.status == "LISTEN"]
    assert listening == []


def test_the_web_process_never_loads_torch_and_stays_small(studio):
    studio.get("/accounts/login/")
    web = studio.child("daphne")
    if sys.platform == "linux":
        assert not any("torch" in m.path for m in web.memory_maps())
    assert web.memory_info().rss < 200e6


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL], ids=lambda s: s.name)
def test_no_process_outlives_the_launcher(tmp_path, how):
    if how == signal.SIGKILL and sys.platform != "linux":
        pytest.skip("Only Linux ends children with a killed parent.")
    with StudioProcess(tmp_path) as studio:
        wait_for(lambda: all(studio.child(word) for word in CHILDREN), "a child is missing")
        family = studio.descendants()
        studio.process.send_signal(how)
        _, alive = psutil.wait_procs(family, timeout=15)
        assert alive == []
        assert studio.process.wait(5) == (-signal.SIGKILL if how == signal.SIGKILL else 0)
        host, port = studio.address.removeprefix("http://").split(":")
        with socket.socket() as probe:
            assert probe.connect_ex((host, int(port))) != 0
