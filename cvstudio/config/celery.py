"""The Celery application: JSON only, one queue per kind of work, one logged border for failures."""

from __future__ import annotations

import logging
import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, task_failure, task_postrun, task_prerun

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cvstudio.config.settings")

logger = logging.getLogger("cvstudio.tasks")

app = Celery("cvstudio")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def use_django_logging(**_: Any) -> None:
    """Workers log with Django's configuration; Celery would otherwise replace the root handlers."""
    from logging.config import dictConfig

    from django.conf import settings

    dictConfig(settings.LOGGING)


@task_prerun.connect
def log_start(task_id: str, task: Any, args: Any, **_: Any) -> None:
    """One line per task begun; arguments are ids, so they may be logged."""
    logger.debug("task %s %s started with %s", task.name, task_id, args)


@task_postrun.connect
def log_end(task_id: str, task: Any, state: str | None = None, **_: Any) -> None:
    """One line per task ended."""
    logger.debug("task %s %s ended: %s", task.name, task_id, state)


@task_failure.connect
def log_failure(task_id: str, exception: BaseException, sender: Any = None, einfo: Any = None, **_: Any) -> None:
    """The task border: what nobody handled is logged once, with its trace and the task's id as the key."""
    logger.error("task %s %s failed: %s\n%s", getattr(sender, "name", "?"), task_id, exception, einfo)
