"""The embedded Redis is a real server with a private socket."""

from __future__ import annotations

import redis


def test_the_server_answers_and_listens_on_no_port(redis_url):
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        client.set("k", "v")
        assert client.get("k") == "v"
        assert client.config_get("port") == {"port": "0"}
        assert client.config_get("appendonly") == {"appendonly": "yes"}
