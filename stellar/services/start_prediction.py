"""Have a classifier look at the stars of a survey."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from cvstudio.runs.services.create_run import create_run
from cvstudio.weights import library
from ml_core.run.files import write_atomic
from ml_core.stellar.spectra.subclass import CLASSES
from stellar.errors import StellarError
from stellar.models import Prediction, Survey
from stellar.selectors import CLASSIFIER, require_ready
from stellar.services.choose_stars import MOST_NAMED
from stellar.services.prune_cache import prune_cache
from stellar.storage import cache_folder, names_file, survey_folder

if TYPE_CHECKING:
    from cvstudio.accounts.models import User
    from cvstudio.weights.models import WeightVersion

RECIPE = "stellar.predict"
MODALITIES = ("any", "both", "spectrum", "image")


def start_prediction(
    owner: User,
    survey: Survey,
    classifier: WeightVersion,
    *,
    modality: str = "any",
    name: str = "",
    names: list[str] | None = None,
) -> Prediction:
    """Start one run.

    Args:
        owner: Whose prediction it is.
        survey: The caller has checked that the person may see it.
        classifier: A weight of `stellar.train` that the person may see.
        modality: What is looked at: whatever a star has, or spectrum or picture alone.
        name: Made from classifier and survey when left out.
        names: Only these stars; all when left out.

    Raises:
        StellarError: The weight is no classifier of these classes, or there is no such modality.
        NotReadyError: The survey has not been imported.
        FilesMissingError: The classifier's folder is gone.
        QuotaError: Too many runs of this person wait already.
    """
    require_ready(survey)
    if classifier.weight.task != CLASSIFIER:
        raise StellarError("This weight is no classifier of stars.", code="stellar.classifier", where="classifier",
                           hint="Choose one that was trained on a survey.")  # fmt: skip
    if classifier.classes and tuple(classifier.classes) != CLASSES:
        raise StellarError("This classifier knows other classes than M0 to M4.", code="stellar.other_classes",
                           hint="Choose one that was trained on a survey.", where="classifier")  # fmt: skip
    if modality not in MODALITIES:
        raise StellarError(f'"{modality[:20]}" is no modality.', code="stellar.modality", where="modality",
                           hint=f"One of: {', '.join(MODALITIES)}.")  # fmt: skip
    title = (" ".join(name.split()) or f"{classifier} · {survey.name}")[:200]
    made = Prediction(
        owner=owner, survey=survey, classifier=classifier, modality=modality, name=title, is_partial=bool(names)
    )
    config: dict[str, Any] = {
        "survey": str(survey_folder(survey)), "weights": str(library.folder_of(classifier)),
        "cache": str(cache_folder(survey)), "modality": modality,
    }  # fmt: skip
    if names:
        config |= _named(made, names)
    prune_cache(survey)
    with transaction.atomic():
        made.run = create_run(owner=owner, recipe=RECIPE, config=config, name=title)
        made.save()
    return made


def _named(prediction: Prediction, names: list[str]) -> dict[str, Any]:
    """In the settings of the run, or in a file where they are too many for these."""
    if len(names) <= MOST_NAMED:
        return {"names": names}
    path = names_file(prediction)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, "".join(f"{name}\n" for name in names).encode())
    return {"names_file": str(path)}
