"""Keep what runs cache of a survey from growing with every class that is changed."""

from __future__ import annotations

import shutil
from typing import Final

from cvstudio.runs.states import ENDED
from stellar.models import Survey
from stellar.services.delete_survey import runs_of
from stellar.storage import cache_folder

KEPT: Final = 3
"""Arrays for training on both modalities, on one, and for classifying: a changed catalogue makes them anew."""


def prune_cache(survey: Survey) -> int:
    """Remove all but the newest arrays, unless a run may be reading them.

    Returns:
        How many sets of arrays went.
    """
    folder = cache_folder(survey)
    if not folder.is_dir():
        return 0
    if any(run.state not in ENDED for run in runs_of(survey)):
        return 0
    sets = sorted((path for path in folder.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
    for path in sets[:-KEPT]:
        shutil.rmtree(path, ignore_errors=True)
    return max(0, len(sets) - KEPT)
