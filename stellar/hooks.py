"""What follows when runs of the recipes of stars end. Imported by the app's `ready()`."""

from __future__ import annotations

from cvstudio.runs.hooks import on_completed, on_ended
from stellar.services.finish_import import fail_import, finish_import
from stellar.services.start_import import RECIPE as IMPORT

on_completed(IMPORT)(finish_import)
on_ended(IMPORT)(fail_import)
