"""The Celery tasks of training."""

from __future__ import annotations

from typing import Any

from celery import shared_task


@shared_task(name="training.probe", ignore_result=False)
def probe(recipe: str, config: dict[str, Any]) -> dict[str, Any]:
    """Measure a few steps. Takes a configuration, because the training has no id yet."""
    from cvstudio.training.services.probe_speed import run_probe

    return run_probe(recipe, config)
