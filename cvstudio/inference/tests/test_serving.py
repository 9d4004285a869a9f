"""Requests travel over a real Redis to the server and back; every way to fail is a coded answer, never a hang."""

from __future__ import annotations

import struct
import threading
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import redis

from cvstudio.inference.errors import UnavailableError, WorkerSideError
from cvstudio.inference.serving import client, protocol
from cvstudio.inference.serving.client import Ask, is_served, predict_remotely
from cvstudio.inference.serving.protocol import RequestHeader
from cvstudio.inference.serving.server import InferenceServer
from cvstudio.inference.tests.makers import Redness, picture, serving
from cvstudio.launcher.redis_server import EmbeddedRedis
from ml_core.errors import CodedError

pytestmark = pytest.mark.usefixtures("own_redis")
ASK = Ask(weight="w1", folder="w1", task="vision.classify", size_bytes=10, top_k=2)


def until(is_so: Callable[[], bool]) -> None:
    """Wait for something that another thread does."""
    end = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.005)


def decoded_in(server: InferenceServer) -> int:
    """Pictures that wait for a forward pass."""
    return sum(len(lane.ready) for lane in server._batcher._lanes.values())


def is_taken(connection: redis.Redis) -> bool:
    """Whether a worker has taken a request."""
    return bool(connection.keys("cvstudio:infer:taken:*"))


def test_a_picture_is_answered_with_the_time_of_each_part(redis_url: str) -> None:
    with serving(redis_url, lambda _: Redness()):
        answer = predict_remotely(ASK, picture((255, 0, 0)))
    assert answer.result["top"][0] == {"class": "red", "index": 0, "probability": 1.0}
    assert set(answer.timing_ms) == set(client.TIMES)
    assert answer.batch == 1
    parts = sum(answer.timing_ms[name] for name in client.TIMES if name != "total")
    assert parts == pytest.approx(answer.timing_ms["total"], abs=0.1)


def test_top_k_is_cut_where_the_answer_is_made(redis_url: str) -> None:
    with serving(redis_url, lambda _: Redness()):
        answer = predict_remotely(Ask("w1", "w1", "t", 10, 1), picture())
    assert len(answer.result["top"]) == 1


def test_pictures_that_come_together_share_a_forward_pass_and_keep_their_answers(redis_url: str, settings: Any) -> None:
    settings.INFER_MAX_WAIT_S = 0.0
    gate = threading.Event()
    model = Redness(gate)
    with serving(redis_url, lambda _: model) as server, ThreadPoolExecutor(12) as pool:
        asked = {value: pool.submit(predict_remotely, ASK, picture((value, 0, 0))) for value in range(0, 240, 20)}
        until(lambda: decoded_in(server) >= 6)  # those of the first pass wait at the gate
        gate.set()
        for value, future in asked.items():
            shares = {entry["class"]: entry["probability"] for entry in future.result(10).result["top"]}
            assert shares["red"] == pytest.approx(value / 255, abs=0.01)
    assert sum(model.batches) == 12 and max(model.batches) >= 6


def test_a_model_is_loaded_once_for_many_requests(redis_url: str) -> None:
    loads: list[str] = []

    def load(header: RequestHeader) -> Redness:
        loads.append(header.weight)
        return Redness()

    with serving(redis_url, load), ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(predict_remotely, ASK, picture()) for _ in range(8)]:
            future.result(10)
    assert loads == ["w1"]


def test_nobody_there_is_said_at_once() -> None:
    began = time.monotonic()
    with pytest.raises(UnavailableError) as caught:
        predict_remotely(ASK, picture())
    assert caught.value.code == "inference.no_worker" and caught.value.status == 503
    assert time.monotonic() - began < 1 and not is_served()


def test_a_full_queue_turns_new_requests_away(own_redis: redis.Redis, settings: Any) -> None:
    settings.INFER_MAX_WAITING = 2
    own_redis.set(protocol.ALIVE, "x")
    own_redis.lpush(protocol.REQUESTS, b"1", b"2")
    with pytest.raises(UnavailableError) as caught:
        predict_remotely(ASK, picture())
    assert caught.value.code == "inference.busy"


def test_a_worker_that_dies_with_the_request_is_noticed(own_redis: redis.Redis) -> None:
    own_redis.set(protocol.ALIVE, "dead", px=1500)

    def take_and_die() -> None:
        taken = own_redis.brpop([protocol.REQUESTS], timeout=5)
        assert taken is not None
        header, _ = protocol.unpack_request(taken[1])  # type: ignore[index]
        own_redis.set(protocol.taken_key(header.id), "dead")

    thread = threading.Thread(target=take_and_die)
    thread.start()
    with pytest.raises(UnavailableError) as caught:
        predict_remotely(ASK, picture())
    thread.join()
    assert caught.value.code == "inference.worker_lost" and caught.value.wait_s > 0


def test_no_answer_in_time_is_a_coded_answer(own_redis: redis.Redis, settings: Any) -> None:
    settings.INFER_TIMEOUT_S = 0.5
    own_redis.set(protocol.ALIVE, "asleep")
    with pytest.raises(UnavailableError) as caught:
        predict_remotely(ASK, picture())
    assert caught.value.code == "inference.timeout"


def test_a_redis_that_is_away_is_a_coded_answer(settings: Any, tmp_path: Any) -> None:
    settings.REDIS_CLIENT_URL = f"unix://{tmp_path}/nothing.sock"
    client.forget_connection()
    with pytest.raises(UnavailableError) as caught:
        predict_remotely(ASK, picture())
    assert caught.value.code == "broker.unavailable"
    assert not is_served()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"no image", "image.unknown_format"),
        (picture()[:40], "image."),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image.unknown_format"),
    ],
)
def test_what_is_no_picture_is_refused_and_the_server_goes_on(redis_url: str, content: bytes, code: str) -> None:
    with serving(redis_url, lambda _: Redness()):
        with pytest.raises(WorkerSideError) as caught:
            predict_remotely(ASK, content)
        assert caught.value.code.startswith(code) and caught.value.status == 400
        assert predict_remotely(ASK, picture()).result["top"]


def test_a_bomb_is_refused_before_it_is_decoded(redis_url: str) -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(10**6))) + chunk(b"IEND", b"")
    with serving(redis_url, lambda _: Redness()), pytest.raises(WorkerSideError) as caught:
        predict_remotely(ASK, bomb)
    assert caught.value.code == "image.too_large"


def test_a_damaged_weight_is_told_and_tried_again_by_the_next_request(redis_url: str) -> None:
    tries: list[int] = []

    def load(_: RequestHeader) -> Redness:
        tries.append(1)
        if len(tries) == 1:
            raise CodedError("The weight is damaged.", code="weights.damaged", hint="Upload it again.")
        return Redness()

    with serving(redis_url, load):
        with pytest.raises(WorkerSideError) as caught:
            predict_remotely(ASK, picture())
        assert (caught.value.code, caught.value.hint) == ("weights.damaged", "Upload it again.")
        assert predict_remotely(ASK, picture()).result["top"]


def test_a_model_that_breaks_is_a_500_without_details_and_the_server_goes_on(redis_url: str) -> None:
    class Breaks(Redness):
        def forward(self, tensors: list[float], beside: int = 1) -> list[float]:
            if tensors[0] > 0.9:
                raise RuntimeError("secret of the inside")
            return tensors

    with serving(redis_url, lambda _: Breaks()):
        with pytest.raises(WorkerSideError) as caught:
            predict_remotely(ASK, picture((255, 0, 0)))
        assert caught.value.status == 500 and "secret" not in str(caught.value.as_dict())
        assert caught.value.where.startswith("trace:")
        assert predict_remotely(ASK, picture((0, 0, 0))).result["top"]


def test_requests_nobody_waits_for_any_more_are_left_out(redis_url: str, own_redis: redis.Redis) -> None:
    model = Redness()
    old = RequestHeader("old", "w1", "w1", "t", 10, 1, expires_at=time.time() - 1)
    own_redis.lpush(protocol.REQUESTS, protocol.pack_request(old, picture()))
    with serving(redis_url, lambda _: model):
        predict_remotely(ASK, picture())
    assert model.batches == [1]


@pytest.mark.parametrize("junk", [b"", b"\xff\xff\xff\xff", b"\x00\x00\x00\x02{}", b"\x00\x00\x00\x05[1,2]image"])
def test_a_request_that_cannot_be_read_is_left_out(redis_url: str, own_redis: redis.Redis, junk: bytes) -> None:
    with serving(redis_url, lambda _: Redness()):
        own_redis.lpush(protocol.REQUESTS, junk)
        assert predict_remotely(ASK, picture()).result["top"]


@pytest.mark.process
def test_a_redis_that_was_restarted_is_found_again(tmp_path: Path, settings: Any) -> None:
    with EmbeddedRedis(tmp_path) as first:
        settings.REDIS_CLIENT_URL = first.url
        client.forget_connection()
        with serving(first.url, lambda _: Redness()):
            assert predict_remotely(ASK, picture()).result["top"]
            assert first.process is not None
            first.process.kill()
            first.process.wait()
            with pytest.raises(UnavailableError):
                predict_remotely(ASK, picture())
            with EmbeddedRedis(tmp_path):
                until(is_served)
                assert predict_remotely(ASK, picture()).result["top"]


def test_a_closing_server_answers_what_it_has_taken_and_says_goodbye(redis_url: str, own_redis: redis.Redis) -> None:
    gate = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        with serving(redis_url, lambda _: Redness(gate)):
            asked = pool.submit(predict_remotely, ASK, picture())
            until(lambda: is_taken(own_redis))
            threading.Timer(0.1, gate.set).start()  # while the server is closing
        assert asked.result(10).result["top"]
    assert not is_served()


def test_images_leave_no_trace_in_the_append_only_file(own_redis: redis.Redis, redis_url: str) -> None:
    noise = bytes(range(256)) * 4000
    with serving(redis_url, lambda _: Redness()), pytest.raises(WorkerSideError):
        predict_remotely(ASK, noise)
    folder = own_redis.config_get("dir")["dir"]
    assert not any(b"\x00\x01\x02\x03\x04\x05\x06" in path.read_bytes() for path in Path(folder).rglob("*.aof*"))
