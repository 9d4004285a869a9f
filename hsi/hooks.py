"""What follows when runs of the hyperspectral recipes end. Imported by the app's `ready()`."""

from __future__ import annotations

from cvstudio.runs.hooks import on_completed, on_ended
from cvstudio.weights.signals import records_weights
from hsi.services.advance_pipeline import RECIPES, advance_after
from hsi.services.detect import RECIPE as INFER
from hsi.services.finish_import import fail_import, finish_import
from hsi.services.record_maps import fail_maps, record_maps
from hsi.services.start_import import RECIPE as IMPORT

on_completed(IMPORT)(finish_import)
on_ended(IMPORT)(fail_import)
on_completed(INFER)(record_maps)
on_ended(INFER)(fail_maps)

#: The stages leave weights, then the chain goes on with them: in this order.
for _stage, _began_from in (("tokenizer", "-"), ("pretrain", "tokenizer"), ("anomaly", "encoder")):
    records_weights(RECIPES[_stage], began_from=_began_from)
    on_completed(RECIPES[_stage])(advance_after)
