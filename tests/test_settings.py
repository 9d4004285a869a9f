"""Settings come from the environment, are listed in .env.example, and production refuses an unsafe start."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from cvstudio.config import checks, env
from cvstudio.config.redis_address import SOCKET_PATH_LIMIT, embedded_socket

ROOT = Path(__file__).resolve().parent.parent
READERS = {"text", "flag", "integer", "names", "choice", "folder"}


def names_in_code() -> set[str]:
    """Variables that settings.py and env.py read, from their syntax."""
    found = set()
    for path in (ROOT / "cvstudio/config/settings.py", ROOT / "cvstudio/config/env.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called in READERS and str(node.args[0].value).isupper():
                    found.add(node.args[0].value)
    return found


def test_the_example_lists_exactly_what_the_code_reads():
    listed = re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert len(listed) == len(set(listed))
    assert set(listed) == names_in_code()


def test_nothing_else_reads_the_environment():
    allowed = {"cvstudio/config/env.py"}
    readers = set()
    for package in ("cvstudio", "stellar", "hsi", "anime"):
        for path in (ROOT / package).rglob("*.py"):
            if "/tests/" in str(path):
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                # Subscripts and get() read; setdefault and passing the whole environment on do not.
                if isinstance(node, ast.Attribute) and node.attr == "get" and ast.unparse(node.value) == "os.environ":
                    readers.add(str(path.relative_to(ROOT)))
                if isinstance(node, ast.Attribute) and node.attr == "getenv":
                    readers.add(str(path.relative_to(ROOT)))
    assert readers == allowed


def test_the_names_and_defaults_of_the_specification_hold():
    code = (
        "import django; django.setup(); from django.conf import settings as s; from pathlib import Path;"
        "b = s.BASE_DIR; print([s.DATABASES['default']['NAME'] == str(b / 'cvstudio.db'),"
        "s.SIMPLE_JWT['ACCESS_TOKEN_LIFETIME'].total_seconds() == 1800, s.UPLOAD_DIR == b / 'data/uploads',"
        "s.DATASETS_DIR == b / 'data/datasets', s.MODELS_DIR == b / 'data/models',"
        "s.CHECKPOINTS_DIR == b / 'data/checkpoints', s.TEMP_DIR == b / 'data/temp',"
        "s.MAX_UPLOAD_SIZE == 1073741824, s.LOG_LEVEL == 'DEBUG', s.REDIS_IS_EMBEDDED, s.ENVIRONMENT == 'prod'])"
    )
    done = python(code)
    assert done.stdout.strip() == str([True] * 11), done.stderr


def python(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    plain = {
        "PATH": os.environ["PATH"],
        "CVSTUDIO_ENV_FILE": "none",
        "DJANGO_SETTINGS_MODULE": "cvstudio.config.settings",
    }
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=plain | variables, cwd=ROOT, capture_output=True, text=True, timeout=60)


@pytest.fixture
def production(settings):
    settings.IS_DEVELOPMENT = False
    settings.DEBUG = False
    settings.SECRET_KEY = "k" * 50
    settings.ALLOWED_HOSTS = ["studio.example.org"]
    return settings


def ids() -> list[str]:
    return [fault.id for fault in checks.production_faults()]


def test_a_safe_production_starts(production):
    assert ids() == []
    checks.refuse_unsafe_production()


@pytest.mark.parametrize("key", ["", "short", "k" * 49, settings.UNSET_SECRET_KEY, checks.EXAMPLE_SECRET_KEY])
def test_production_refuses_a_key_that_is_no_secret(production, key):
    production.SECRET_KEY = key or production.UNSET_SECRET_KEY
    assert ids() == ["cvstudio.E001"]


def test_production_refuses_debug(production):
    production.DEBUG = True
    assert ids() == ["cvstudio.E002"]


@pytest.mark.parametrize("hosts", [[], ["*"], ["studio.example.org", "*"]])
def test_production_refuses_open_hosts(production, hosts):
    production.ALLOWED_HOSTS = hosts
    assert ids() == ["cvstudio.E003"]


def test_the_example_key_is_the_one_that_is_refused():
    assert f"SECRET_KEY={checks.EXAMPLE_SECRET_KEY}\n" in (ROOT / ".env.example").read_text()
    assert len(checks.EXAMPLE_SECRET_KEY) >= checks.SECRET_KEY_LENGTH


def test_every_fault_names_its_cure(production):
    production.DEBUG, production.ALLOWED_HOSTS, production.SECRET_KEY = True, [], "short"
    with pytest.raises(ImproperlyConfigured, match=r"E001.*\n.*E002.*\n.*E003"):
        checks.refuse_unsafe_production()
    assert all(fault.hint for fault in checks.production_faults())


def test_the_web_server_of_an_unsafe_production_does_not_start():
    done = python("import cvstudio.config.asgi", SECRET_KEY="x" * 60)
    assert done.returncode != 0
    assert "cvstudio.E003" in done.stderr


def test_the_urls_load_without_torch_and_other_heavy_libraries():
    code = (
        "import django, sys; django.setup(); import cvstudio.config.asgi, cvstudio.config.urls;"
        "from django.urls import get_resolver; get_resolver().url_patterns;"
        "print([m for m in ('torch', 'torchvision', 'pandas', 'sklearn', 'scipy', 'plotly', 'cv2', 'transformers')"
        " if m in sys.modules])"
    )
    done = python(code, CVSTUDIO_ENV="dev")
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_readers_refuse_what_they_would_have_to_guess(monkeypatch):
    monkeypatch.setenv("DEBUG", "maybe")
    with pytest.raises(ImproperlyConfigured, match="DEBUG must be true or false"):
        env.flag("DEBUG", False)
    monkeypatch.setenv("TRUSTED_PROXIES", "-1")
    with pytest.raises(ImproperlyConfigured, match="at least 0"):
        env.integer("TRUSTED_PROXIES", 0)
    monkeypatch.setenv("LOG_LEVEL", "LOUD")
    with pytest.raises(ImproperlyConfigured, match="must be one of"):
        env.choice("LOG_LEVEL", "INFO", ("INFO",))


def test_a_line_that_is_no_assignment_is_named(tmp_path):
    (tmp_path / ".env").write_text("A=1\nnonsense\n")
    with pytest.raises(ImproperlyConfigured, match="line 2"):
        env.load_env_file(tmp_path / ".env")


def test_the_environment_wins_over_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("TIME_ZONE", "Asia/Shanghai")
    (tmp_path / ".env").write_text("TIME_ZONE=UTC\n")
    env.load_env_file(tmp_path / ".env")
    assert env.text("TIME_ZONE") == "Asia/Shanghai"


def test_a_fresh_clone_gets_an_env_file_that_states_development(tmp_path, monkeypatch, capsys):
    path = tmp_path / ".env"
    monkeypatch.setenv("CVSTUDIO_ENV_FILE", str(path))
    for name in ("CVSTUDIO_ENV", "SECRET_KEY"):
        monkeypatch.delenv(name)
    env.prepare_environment(["manage.py", "check"])
    assert not path.exists()
    env.prepare_environment(["manage.py", "runserver"])
    assert "CVSTUDIO_ENV=dev" in path.read_text() and str(path) in capsys.readouterr().out
    assert path.stat().st_mode & 0o077 == 0
    before = path.read_text()
    env.prepare_environment(["manage.py", "runserver"])
    assert path.read_text() == before


def test_a_machine_that_states_its_mode_is_given_no_key(tmp_path, monkeypatch):
    monkeypatch.setenv("CVSTUDIO_ENV_FILE", str(tmp_path / ".env"))
    monkeypatch.setenv("CVSTUDIO_ENV", "prod")
    monkeypatch.delenv("SECRET_KEY")
    env.prepare_environment(["manage.py", "runserver"])
    assert not (tmp_path / ".env").exists()


def test_a_long_data_folder_still_gets_a_socket_that_fits(tmp_path):
    deep = tmp_path / ("d" * 120)
    socket = embedded_socket(deep)
    assert len(str(socket)) <= SOCKET_PATH_LIMIT
    assert socket == embedded_socket(deep) != embedded_socket(tmp_path / ("e" * 120))


def test_every_process_finds_the_same_socket_whatever_its_folder_for_temporary_files(tmp_path, monkeypatch):
    deep = tmp_path / ("d" * 120)
    before = embedded_socket(deep)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert embedded_socket(deep) == before
