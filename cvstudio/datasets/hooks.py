"""What follows when runs of the data recipes end. Imported by the app's `ready()`."""

from __future__ import annotations

from cvstudio.datasets.services.finish_import import fail_import, finish_import
from cvstudio.datasets.services.revise_version import finish_revision
from cvstudio.datasets.services.start_doubts import finish_doubts
from cvstudio.datasets.services.start_export import finish_export
from cvstudio.datasets.services.start_statistics import finish_statistics
from cvstudio.runs.hooks import on_completed, on_ended

on_completed("data.import")(finish_import)
on_ended("data.import")(fail_import)
on_completed("data.revise")(finish_revision)
on_ended("data.revise")(fail_import)
on_completed("data.export")(finish_export)
on_completed("data.statistics")(finish_statistics)
on_completed("data.doubts")(finish_doubts)
on_completed("data.cross_doubts")(finish_doubts)
