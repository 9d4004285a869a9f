"""Celery tasks of data sets. Imports and measurements are runs; only previews are tasks of their own."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from cvstudio.datasets.services.preview_augmentation import answer_preview


@shared_task(name="datasets.draw_preview", queue="infer", ignore_result=True)
def draw_preview(request_id: str, version_id: str, wish: dict[str, Any]) -> None:
    """Draw augmented images for somebody who waits."""
    answer_preview(request_id, version_id, wish)
