"""Check the settings that a person gives to the stages of a chain, before anything begins."""

from __future__ import annotations

import re
from typing import Any

from cvstudio.datasets.services.resolve_folder import resolve_folder
from hsi.errors import SceneError
from hsi.services.advance_pipeline import RECIPES

OF_THE_CHAIN = ("preset", "scenes", "pretrain_datasets", "tokenizer", "encoder")
"""The chain itself says what these are: a path from a client must not lead to files that are not its owner's."""

_BERT = "bert_model_name_or_path"
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")


def check_settings(settings: dict[str, Any]) -> None:
    """Let settings pass that name known stages and no place on the server; recipes check the values.

    Args:
        settings: Changes to the preset by stage, and ``methods``.

    Raises:
        SceneError: A stage is not known, or a setting is not for people to choose.
        FolderNotAllowedError: A BERT is to be read from elsewhere than the hub or an allowed root.
    """
    unknown = sorted(set(settings) - {*RECIPES, "methods"})
    if unknown:
        raise SceneError(f'There is no stage "{unknown[0][:40]}".', code="hsi.stage", where="settings",
                         hint=f"Stages: {', '.join(RECIPES)}.")  # fmt: skip
    for stage in RECIPES:
        _check_stage(stage, settings.get(stage, {}))


def _check_stage(stage: str, values: Any) -> None:
    if not isinstance(values, dict):
        raise SceneError("The settings of a stage must be an object.", code="hsi.stage", where="settings",
                         hint='Such as {"tokenizer": {"num_epochs": 20}}.')  # fmt: skip
    taken = [name for name in OF_THE_CHAIN if name in values]
    if taken:
        where = f"settings.{stage}.{taken[0]}"
        raise SceneError(f'"{taken[0]}" follows from the chain.', code="hsi.setting", where=where,
                         hint="Leave it out; choose scenes, preset and weights of the chain instead.")  # fmt: skip
    bert = values.get(_BERT)
    if isinstance(bert, str) and bert and not _HUB_NAME.fullmatch(bert):
        resolve_folder(bert)
