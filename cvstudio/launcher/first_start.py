"""What must be there before the first page: folders, tables, translations, and in development a demo account."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django_celery_results.models import TaskResult

from cvstudio.accounts.models import User

DEMO_NAME = "demo"
FOLDERS = (
    "DATA_DIR", "UPLOAD_DIR", "DATASETS_DIR", "MODELS_DIR", "CHECKPOINTS_DIR", "RUNS_DIR", "WEIGHTS_DIR",
    "THUMBNAILS_DIR", "TEMP_DIR", "LOG_DIR",
)  # fmt: skip


def make_folders() -> None:
    """Make the data folders, for this user alone."""
    for name in FOLDERS:
        getattr(settings, name).mkdir(parents=True, exist_ok=True, mode=0o700)


def migrate(say: Callable[[str], None]) -> None:
    """Bring the tables up to date; says so only when there is something to do."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        say(f"Setting up the database: {len(plan)} migrations.")
        call_command("migrate", interactive=False, verbosity=0)


def forget_old_rows() -> None:
    """Drop sessions that ended and results of tasks that nobody will ask for again."""
    call_command("clearsessions", verbosity=0)
    TaskResult.objects.delete_expired(timedelta(days=7))


def prepare_files() -> None:
    """Compile translations that are newer than their compiled form; in production gather static files."""
    call_command("build_messages", verbosity=0)
    if not settings.IS_DEVELOPMENT and not settings.STATIC_ROOT.exists():
        call_command("collectstatic", interactive=False, verbosity=0)


def make_demo_account(say: Callable[[str], None]) -> bool:
    """In an empty development database make a first account with all rights, and show its password once.

    Returns:
        Whether it was made. In production the first account is made by `manage.py createsuperuser`.
    """
    if User.objects.exists():
        return False
    if not settings.IS_DEVELOPMENT:
        say("There is no account yet. Make one: python manage.py createsuperuser")
        return False
    password = secrets.token_urlsafe(9)
    User.objects.create_superuser(DEMO_NAME, "", password)
    say("")
    say("  A demo account was made. This is shown once:")
    say(f"    user name  {DEMO_NAME}")
    say(f"    password   {password}")
    say("")
    return True
