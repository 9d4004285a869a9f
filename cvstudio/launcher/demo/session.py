"""A studio for the demonstration: the running one, or one that is started for its duration."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from cvstudio.accounts.models import User
from cvstudio.accounts.services.issue_tokens import issue_tokens
from cvstudio.launcher.data_lock import AlreadyRunningError, DataLock, read
from cvstudio.launcher.demo.client import ApiClient, ApiError
from cvstudio.launcher.first_start import DEMO_NAME
from cvstudio.launcher.listening import PortInUseError, listen

START_LIMIT_S = 60.0
USUAL = ("127.0.0.1", 8000)
SERVES = "CV Studio serves "


def demo_user() -> User:
    """The owner of demo content: the demo account, else the first administrator, else a locked new account."""
    user = User.objects.filter(username=DEMO_NAME, is_active=True).first()
    user = user or User.objects.filter(is_superuser=True, is_active=True).order_by("date_joined").first()
    if user is None:
        user = User(username=DEMO_NAME, is_staff=settings.IS_DEVELOPMENT, is_superuser=settings.IS_DEVELOPMENT)
        user.set_unusable_password()
        user.save()
    return user


def running_address() -> str:
    """The address of the studio that uses this data folder now, or an empty string."""
    try:
        DataLock(settings.DATA_DIR).release()
    except AlreadyRunningError:
        return str(read(settings.DATA_DIR / "launcher.json").get("address", ""))
    return ""


def client_for(address: str) -> ApiClient:
    """An API client of the demo account."""
    return ApiClient(address, issue_tokens(demo_user()).access)


@contextmanager
def studio() -> Iterator[str]:
    """The address of a studio with workers; one that was started here ends with the block."""
    if address := running_address():
        yield address
        return
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "runserver", free_address(), "--no-demo"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    try:
        yield served_address(process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def free_address() -> str:
    """The usual address, so that the printed ones stay good; another port when something else listens there."""
    try:
        listen(*USUAL).close()
    except PortInUseError:
        return "127.0.0.1:0"
    return "{}:{}".format(*USUAL)


def served_address(process: subprocess.Popen[str]) -> str:
    """What the launcher says it serves.

    Raises:
        ApiError: It ends or says nothing within a minute.
    """
    lines: queue.Queue[str] = queue.Queue()

    def read_lines() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line)
        lines.put("")

    threading.Thread(target=read_lines, daemon=True).start()
    deadline = time.monotonic() + START_LIMIT_S
    while (left := deadline - time.monotonic()) > 0:
        try:
            line = lines.get(timeout=left)
        except queue.Empty:
            break
        if line.startswith(SERVES):
            return line.removeprefix(SERVES).split()[0]
        if not line:
            break
    raise ApiError("The studio did not start.", hint=f"Look at the logs in {settings.LOG_DIR}.")
