"""`manage.py runserver`: the whole studio, not only the web server."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cvstudio.launcher.studio import Options, Studio
from ml_core.errors import CodedError

ADDRESS = re.compile(r"^(?:(?P<host>\[[0-9a-fA-F:]+\]|[^:\s]+):)?(?P<port>\d+)$")


class Command(BaseCommand):
    """Start Redis, the web server, the workers and the clock; Ctrl-C ends them all."""

    help = "Start CV Studio: web server, embedded Redis and workers. Ctrl-C ends all of them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The address and how many workers."""
        parser.add_argument("addrport", nargs="?", default="8000", help="Port, or address:port. Default 127.0.0.1:8000")
        parser.add_argument("--no-workers", action="store_true", help="Start no workers; others take the work.")
        parser.add_argument("--train-workers", type=int, default=1, metavar="N", help="Runs trained side by side.")
        parser.add_argument("--no-demo", action="store_true", help="Make no demo account in an empty database.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until a signal comes."""
        host, port = parse_address(options["addrport"])
        if options["train_workers"] < 1:
            raise CommandError("--train-workers must be at least 1.")
        chosen = Options(host, port, not options["no_workers"], options["train_workers"], not options["no_demo"])
        try:
            Studio(chosen, self._say).run()
        except CodedError as error:
            raise CommandError(f"{error.message} {error.hint}") from error

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def parse_address(text: str) -> tuple[str, int]:
    """`8000`, `0.0.0.0:8000` or `[::1]:8000` as host and port.

    Raises:
        CommandError: It is neither.
    """
    match = ADDRESS.match(text)
    if match is None or int(match["port"]) > 65535:
        raise CommandError(f"{text!r} is not a port or address:port, such as 8000 or 0.0.0.0:8000.")
    return (match["host"] or "127.0.0.1").strip("[]"), int(match["port"])
