"""What follows when runs of the recipes of stars end. Imported by the app's `ready()`."""

from __future__ import annotations

from cvstudio.runs.hooks import on_completed, on_ended
from cvstudio.weights.signals import records_weights
from stellar.services.finish_import import fail_import, finish_import
from stellar.services.record_prediction import fail_prediction, record_prediction
from stellar.services.start_download import RECIPES as DOWNLOADS
from stellar.services.start_import import RECIPE as IMPORT
from stellar.services.start_prediction import RECIPE as PREDICT
from stellar.services.start_training import RECIPE as TRAIN
from stellar.services.start_training import note_classifier
from stellar.services.take_files import fail_download, finish_download

on_completed(IMPORT)(finish_import)
on_ended(IMPORT)(fail_import)
on_completed(PREDICT)(record_prediction)
on_ended(PREDICT)(fail_prediction)

#: A training leaves a weight, then it is noted which: in this order.
records_weights(TRAIN, began_from="-")
on_completed(TRAIN)(note_classifier)

for _download in DOWNLOADS.values():
    on_completed(_download)(finish_download)
    on_ended(_download)(fail_download)
