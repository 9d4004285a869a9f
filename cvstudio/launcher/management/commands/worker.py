"""`manage.py worker train`: one worker, for other machines or under a service manager."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from cvstudio.config.checks import refuse_unsafe_production
from cvstudio.launcher import first_start, programs


class Command(BaseCommand):
    """Become a Celery worker of one queue."""

    help = "Run one worker: train, infer or io. Needs REDIS_URL and DATABASE_URL of the studio."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which queue and how wide."""
        parser.add_argument("queue", choices=list(programs.QUEUES))
        parser.add_argument("--concurrency", type=int, default=None, help="How many things side by side.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Replace this process, so that signals reach Celery itself."""
        refuse_unsafe_production()
        first_start.make_folders()
        command = programs.worker_command(options["queue"], options["concurrency"])
        os.execve(command[0], command, {**os.environ, **programs.temporary_folder()})  # noqa: S606 - fixed words
