"""Removes the uploaded archive of a batch once its predictions are there."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from cvstudio.runs.models import Run


def forget_archive(run: Run) -> None:
    """Remove the archive that the run has read. One outside the uploads folder is left alone."""
    named = run.config.get("archive")
    if isinstance(named, str) and Path(named).resolve().parent == Path(settings.UPLOAD_DIR).resolve():
        Path(named).unlink(missing_ok=True)
