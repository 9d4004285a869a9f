"""`manage.py demo`: the closed loop without a browser."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cvstudio.launcher.demo import session
from cvstudio.launcher.demo.steps import Demo, run_all
from ml_core.errors import CodedError


class Command(BaseCommand):
    """From pictures to predictions in about a minute, through the API, each step with its address."""

    help = "Walk the closed loop: data set, architecture, code, training, weight, predictions."

    def handle(self, *args: Any, **options: Any) -> None:
        """Use the running studio, or start one."""
        began = time.monotonic()
        try:
            with session.studio() as address:
                run_all(Demo(session.client_for(address), self._say))
        except CodedError as error:
            raise CommandError(f"{error.message} {error.hint}") from error
        self._say(
            f"The loop is closed, in {time.monotonic() - began:.0f} s. `make run` shows all of it in the browser."
        )

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
