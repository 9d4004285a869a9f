"""Where runs keep their files."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from django.conf import settings


def run_folder(run_id: UUID | str) -> Path:
    """The run directory of a run. It exists once a worker has started the run."""
    return Path(settings.RUNS_DIR) / str(run_id)
