#!/usr/bin/env python
"""Run administrative commands: `python manage.py runserver` starts the whole studio."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Hand the command line to Django, with a clear sentence when it is not installed."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cvstudio.config.settings")
    try:
        from cvstudio.config.env import prepare_environment
    except ImportError as error:  # a half-installed tree
        raise SystemExit(f"CV Studio cannot start: {error}. Run `make setup` first.") from error
    prepare_environment(sys.argv)
    try:
        from django.core.management import execute_from_command_line
    except ImportError as error:
        raise SystemExit("Django is not installed here. Run `make setup`, then use .venv/bin/python.") from error
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
