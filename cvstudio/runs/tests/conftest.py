"""Fixtures: a registered toy recipe that supervisors can start, and quick times."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cvstudio.runs.models import Run
from cvstudio.runs.supervisor import trainer
from cvstudio.runs.supervisor.shutdown import shutting_down
from cvstudio.runs.tests import toy
from ml_core.run import registry

if TYPE_CHECKING:
    from cvstudio.accounts.models import User

_real_command = trainer._command


@pytest.fixture(autouse=True)
def quick(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Supervisors start the toy, look often and wait briefly."""
    settings.RUN_POLL_S = 0.01
    settings.RUN_COMMAND_POLL_S = 0.02
    settings.RUN_HEARTBEAT_S = 0.1
    settings.RUN_NICE = 0
    script = str(Path(toy.__file__))

    def command(run: Run, folder: Path) -> list[str]:
        real = _real_command(run, folder)
        return [sys.executable, script, *real[3:]]

    monkeypatch.setattr(trainer, "_command", command)
    monkeypatch.setattr(registry, "_discovered", True)  # the toy is all that these tests need
    shutting_down.clear()


@pytest.fixture
def make_run(alice: User) -> Any:
    """Make a queued toy run of Alice's."""
    from cvstudio.runs.services.create_run import create_run

    def make(**config: Any) -> Run:
        return create_run(owner=alice, recipe=toy.NAME, config=config)

    return make
