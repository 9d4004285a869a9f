"""A real studio in a folder of its own: launcher, Redis, web server, workers. For tests with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Self, TypeVar

import psutil

ROOT = Path(__file__).resolve().parent.parent
T = TypeVar("T")


def wait_for(ask: Callable[[], T], what: str, limit_s: float = 30.0) -> T:
    """Ask again and again until the answer is true; fail with a sentence when it never is."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        if answer := ask():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"After {limit_s:g} s: {what}.")


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Development settings that keep everything in one folder."""
    keep = {name: value for name, value in os.environ.items() if not name.endswith(("_DIR", "_URL"))}
    return keep | {
        "CVSTUDIO_ENV": "dev",
        "CVSTUDIO_ENV_FILE": "none",
        "SECRET_KEY": "tests-" + "x" * 60,
        "DATA_DIR": str(folder / "data"),
        "DATABASE_URL": f"sqlite:///{folder / 'studio.db'}",
        "PYTHONUNBUFFERED": "1",
        **more,
    }


class StudioProcess:
    """`manage.py runserver` on a free port, as a context manager that leaves nothing behind."""

    def __init__(self, folder: Path, *arguments: str, **variables: str) -> None:
        self.folder = folder
        self.environment = environment(folder, **variables)
        self.arguments = ("127.0.0.1:0", "--no-demo", *arguments)
        self.lines: list[str] = []
        self.address = ""

    def __enter__(self) -> Self:
        command = [sys.executable, str(ROOT / "manage.py"), "runserver", *self.arguments]
        self.process = subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        )  # fmt: skip
        threading.Thread(target=self._read, daemon=True).start()
        self.address = wait_for(self._address, "the studio does not serve", limit_s=120.0)
        return self

    def __exit__(self, *_: object) -> None:
        children = self.descendants()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
        for child in children:
            if child.is_running():
                child.kill()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    def _address(self) -> str:
        if self.process.poll() is not None:
            raise AssertionError("The studio ended at once:\n" + "\n".join(self.lines))
        served = [line.split()[3] for line in self.lines if line.startswith("CV Studio serves ")]
        return served[0] if served else ""

    def descendants(self) -> list[psutil.Process]:
        """Every process below the launcher."""
        try:
            return psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def child(self, word: str) -> psutil.Process | None:
        """The direct child whose command line has the word, once it is what it should be."""
        for child in psutil.Process(self.process.pid).children():
            try:
                if word in " ".join(child.cmdline()) and "child.py" not in " ".join(child.cmdline()):
                    return child
            except (psutil.NoSuchProcess, psutil.ZombieProcess):
                continue
        return None

    def get(self, path: str, limit_s: float = 15.0) -> tuple[int, bytes]:
        """Status and body of a page."""
        with urllib.request.urlopen(self.address + path, timeout=limit_s) as answer:
            return answer.status, answer.read()

    def manage(self, *arguments: str, limit_s: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Another management command with the same settings."""
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=limit_s)
