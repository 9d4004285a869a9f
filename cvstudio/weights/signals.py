"""What other apps tell the library. Connecting is what the import does."""

from __future__ import annotations

from cvstudio.runs.hooks import on_completed
from cvstudio.runs.models import Run
from cvstudio.weights.services.record_run_weight import record_run_weight

#: Recipes of the platform that leave a weight. A domain calls `records_weights` for its own.
RECIPES = ("vision.classify", "vision.detect", "vision.segment")


def records_weights(recipe: str, *, began_from: str = "initial_weights", continues: bool = False) -> None:
    """Make a weight version from every completed run of this recipe that leaves a weight folder.

    Args:
        recipe: Its name.
        began_from: Key of its configuration that names the weight folder it stands on.
        continues: Whether the version goes to the weight that it stands on, as its next one.
    """

    @on_completed(recipe)
    def record(run: Run) -> None:
        record_run_weight(run, began_from=began_from, continues=continues)


for _recipe in RECIPES:
    records_weights(_recipe)
