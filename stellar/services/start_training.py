"""Train a classifier on a survey."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.db import transaction

from cvstudio.runs.models import Run
from cvstudio.runs.services.create_run import create_run
from cvstudio.weights.models import WeightVersion
from stellar.errors import StellarError
from stellar.models import Survey, Training
from stellar.selectors import CLASSIFIER, require_ready
from stellar.services.prune_cache import prune_cache
from stellar.storage import cache_folder, survey_folder

if TYPE_CHECKING:
    from cvstudio.accounts.models import User

RECIPE = CLASSIFIER
OF_THE_APP = ("preset", "survey", "cache", "modality", "history_file")
"""The app itself says what these are: a path from a client must not lead to files that are not its owner's."""
HISTORY_FILE = "training_history.json"
"""All trainings on a survey append to one, as the specification has it."""
_PRETRAINED = re.compile(r"[A-Za-z0-9_]{0,60}")


def start_training(
    owner: User,
    survey: Survey,
    *,
    preset: str = "recommended",
    modality: str = "both",
    name: str = "",
    settings: dict[str, Any] | None = None,
) -> Training:
    """Start one run; the classifier that it leaves comes into the library of weights.

    Args:
        owner: Whose classifier it will be.
        survey: The caller has checked that the person may see it.
        preset: One of `ml_core.stellar.presets.PRESETS`.
        modality: What a star must have to be learnt from: ``both``, ``spectrum``, ``image`` or ``any``.
        name: Made from preset and survey when left out.
        settings: Changes to the preset.

    Raises:
        StellarError: A setting is not for people to choose.
        NotReadyError: The survey has not been imported.
        ConfigError: A setting is unknown or out of its bounds.
        QuotaError: Too many runs of this person wait already.
    """
    require_ready(survey)
    changes = settings or {}
    _check(changes)
    title = (" ".join(name.split()) or f"{survey.name}, {preset}")[:200]
    config = {
        **changes, "preset": preset, "modality": modality, "survey": str(survey_folder(survey)),
        "cache": str(cache_folder(survey)), "history_file": str(survey_folder(survey) / HISTORY_FILE),
    }  # fmt: skip
    prune_cache(survey)
    with transaction.atomic():
        run = create_run(owner=owner, recipe=RECIPE, config=config, name=title)
        return Training.objects.create(
            owner=owner, survey=survey, run=run, name=title, preset=preset, modality=modality, settings=changes
        )


def note_classifier(run: Run) -> None:
    """Note the weight that a training left. May be called again for the same run."""
    version = WeightVersion.objects.filter(run=run).first()
    if version is not None:
        Training.objects.filter(run=run).update(classifier=version)


def _check(settings: dict[str, Any]) -> None:
    taken = [name for name in OF_THE_APP if name in settings]
    if taken:
        raise StellarError(f'"{taken[0]}" is not set here.', code="stellar.setting", where=f"settings.{taken[0]}",
                           hint="Leave it out; choose survey, preset and modality instead.")  # fmt: skip
    pretrained = settings.get("pretrained", "")
    if not isinstance(pretrained, str) or not _PRETRAINED.fullmatch(pretrained):
        raise StellarError("Pretrained weights are chosen by their name.", code="stellar.setting",
                           where="settings.pretrained", hint="DEFAULT, IMAGENET1K_V1, or nothing.")  # fmt: skip
