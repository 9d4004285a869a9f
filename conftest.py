"""Shared fixtures: four people, their API clients, temporary folders, and a real Redis for those who ask.

Settings are read from the environment when this file is imported, so the test environment is stated first.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

SCRATCH = Path(tempfile.mkdtemp(prefix="cvstudio-tests-"))
for _name in [name for name in os.environ if name.endswith(("_DIR", "_URL")) and name.isupper()]:
    os.environ.pop(_name)  # a developer's own folders and services are not for tests
os.environ.update(
    CVSTUDIO_ENV="dev",
    CVSTUDIO_ENV_FILE="none",
    SECRET_KEY="tests-" + "x" * 60,
    DATA_DIR=str(SCRATCH / "data"),
    TEMP_DIR=str(SCRATCH / "data" / "temp"),
    DATABASE_URL=f"sqlite:///{SCRATCH / 'never-used.db'}",
    REGISTRATION_OPEN="true",
    DJANGO_SETTINGS_MODULE="cvstudio.config.settings",
    OMP_NUM_THREADS="1",
)

import pytest
from django.conf import settings as _settings

# Not services: an in-memory broker swallows messages, an in-memory layer serves one process. Tests of the
# real thing ask for `redis_url` or start real processes.
_settings.CELERY_BROKER_URL = "memory://"
_settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
_settings.ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
# With xdist Django is set up before this file is read; the dictionary is filled already and must stay whole.
_settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = str(SCRATCH / "test.db")
_settings.DATABASES["default"]["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"

import django

django.setup()

from django.core.cache import cache
from django.core.management import call_command
from rest_framework.test import APIClient

if TYPE_CHECKING:
    from cvstudio.accounts.models import User

FOLDER_SETTINGS = (
    "UPLOAD_DIR",
    "DATASETS_DIR",
    "MODELS_DIR",
    "CHECKPOINTS_DIR",
    "RUNS_DIR",
    "WEIGHTS_DIR",
    "THUMBNAILS_DIR",
    "TEMP_DIR",
    "LOG_DIR",
)
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path) -> Iterator[None]:
    """Every test has data folders of its own, and empty throttle counters."""
    before = {name: getattr(_settings, name) for name in ("DATA_DIR", *FOLDER_SETTINGS)}
    _settings.DATA_DIR = tmp_path / "data"
    for name in FOLDER_SETTINGS:
        folder = _settings.DATA_DIR / before[name].name
        folder.mkdir(parents=True)
        setattr(_settings, name, folder)
    cache.clear()
    yield
    for name, value in before.items():
        setattr(_settings, name, value)


def pytest_configure(config: pytest.Config) -> None:
    """Compile the translations once, before any process of the tests has read them."""
    if not hasattr(config, "workerinput"):
        call_command("build_messages", verbosity=0)


def make_user(username: str, **facts: Any) -> User:
    """A person with the password that all people of the tests share."""
    from cvstudio.accounts.models import User

    return User.objects.create_user(username, f"{username}@example.org", PASSWORD, **facts)


def client_of(user: User | None) -> APIClient:
    """An API client that is logged in as this person, or as nobody."""
    client = APIClient()
    if user is not None:
        client.force_authenticate(user)
    return client


@pytest.fixture
def alice(db: None) -> User:
    """The owner of things."""
    return make_user("alice")


@pytest.fixture
def bob(db: None) -> User:
    """A stranger to Alice's things."""
    return make_user("bob")


@pytest.fixture
def admin_user(db: None) -> User:
    """An administrator."""
    return make_user("admin", is_staff=True, is_superuser=True)


@pytest.fixture
def anonymous() -> APIClient:
    """An API client of nobody."""
    return client_of(None)


@pytest.fixture
def alice_api(alice: User) -> APIClient:
    """Alice's API client."""
    return client_of(alice)


@pytest.fixture
def bob_api(bob: User) -> APIClient:
    """Bob's API client."""
    return client_of(bob)


@pytest.fixture
def admin_api(admin_user: User) -> APIClient:
    """The administrator's API client."""
    return client_of(admin_user)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data sets beside the repository, for the few tests that want them."""
    folder = Path(__file__).resolve().parent.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("The real data sets are not here: ../shared/data does not exist.")
    return folder


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The address of a real Redis server, started for this test session from the embedded binary."""
    from cvstudio.launcher.redis_server import EmbeddedRedis

    with tempfile.TemporaryDirectory(prefix="cvs-redis-") as folder, EmbeddedRedis(Path(folder)) as server:
        yield server.url
