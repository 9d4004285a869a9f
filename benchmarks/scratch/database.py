"""A database that lives as long as one benchmark."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cvstudio.accounts.models import User


def open_database(folder: str) -> User:
    """Set Django up on an empty SQLite database in ``folder``.

    Returns:
        The owner of what the benchmark makes.
    """
    os.environ.update(
        CVSTUDIO_ENV="dev",
        CVSTUDIO_ENV_FILE="none",
        SECRET_KEY="bench-" + "x" * 60,
        DATA_DIR=f"{folder}/data",
        DATABASE_URL=f"sqlite:///{folder}/bench.db",
        DJANGO_SETTINGS_MODULE="cvstudio.config.settings",
        LOG_LEVEL="ERROR",
    )
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from cvstudio.accounts.models import User

    return User.objects.create_user("bench", "bench@example.org", "correct horse battery")
