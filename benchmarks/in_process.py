"""The platform in this process, with an SQLite database of its own: what a worker does with a run, without a worker."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


def open_platform(scratch: Path, images: Path) -> Any:
    """Set Django up with everything below ``scratch``; folders beside ``images`` may be registered.

    Returns:
        A user.
    """
    os.environ.update(
        CVSTUDIO_ENV="dev", CVSTUDIO_ENV_FILE="none", SECRET_KEY="b" * 60, DATA_DIR=str(scratch / "data"),
        DATABASE_URL=f"sqlite:///{scratch / 'bench.db'}", DATASET_ROOTS=str(images.parent), LOG_LEVEL="ERROR",
        DJANGO_SETTINGS_MODULE="cvstudio.config.settings",
    )  # fmt: skip
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from cvstudio.accounts.models import User

    return User.objects.create_user("bench", "bench@example.org", "x" * 20)


def carried_out(run: Any) -> Any:
    """The run after its recipe and its hooks; a failure ends the benchmark."""
    from cvstudio.datasets.tests.carry_out import carry_out

    ended = carry_out(run)
    assert ended.state == "completed", ended.cause
    return ended
