"""What the tests of inference share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import redis

from cvstudio.accounts.models import User
from cvstudio.datasets.models import DatasetImage, DatasetVersion
from cvstudio.inference.serving import client
from cvstudio.inference.serving.server import InferenceServer
from cvstudio.inference.tests.makers import Redness, picture, serving
from cvstudio.weights.models import WeightVersion
from cvstudio.weights.tests.makers import make_dataset, make_weight


@pytest.fixture
def own_redis(redis_url: str, settings: Any) -> Iterator[redis.Redis]:
    """The client's connection points at the session's Redis, which is emptied."""
    settings.REDIS_CLIENT_URL = redis_url
    client.forget_connection()
    with redis.Redis.from_url(redis_url) as connection:
        connection.flushall()
        yield connection
    client.forget_connection()


@pytest.fixture
def server(own_redis: redis.Redis, redis_url: str) -> Iterator[InferenceServer]:
    """A prediction server that tells how red pictures are."""
    with serving(redis_url, lambda _: Redness()) as running:
        yield running


@pytest.fixture
def weight(alice: User) -> WeightVersion:
    """Alice's weight."""
    return make_weight(alice)


@pytest.fixture
def image(alice: User, tmp_path: Any) -> DatasetImage:
    """A red picture in a data set of Alice."""
    version: DatasetVersion = make_dataset(alice, "Colours")
    root = tmp_path / "colours"
    (root / "red").mkdir(parents=True)
    (root / "red" / "a.png").write_bytes(picture((255, 0, 0)))
    version.root = str(root)
    version.save()
    return DatasetImage.objects.create(
        version=version, position=0, path="red/a.png", label=0, split="test", width=12, height=8, format="PNG",
        mode="RGB", size_bytes=100, sha256="0" * 64,
    )  # fmt: skip
