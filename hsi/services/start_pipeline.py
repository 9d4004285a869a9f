"""Start a chain tokenizer -> pre-training -> detector -> maps, and say beforehand how long it will take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from hsi.errors import SceneError
from hsi.models import Pipeline, Scene
from hsi.selectors import require_ready
from hsi.services.advance_pipeline import RECIPES, begin_next, entry
from hsi.services.check_settings import check_settings
from ml_core.hsi.presets import PRESETS, estimate_chain
from ml_core.run.config import parse_config
from ml_core.run.registry import get_recipe

if TYPE_CHECKING:
    from cvstudio.accounts.models import User
    from cvstudio.weights.models import WeightVersion

MAX_SCENES = 200
_LATER = {"tokenizer": {}, "pretrain": {"tokenizer": "-"}, "anomaly": {"encoder": "-"}}
"""What a stage is told by the one before; checked as soon as it is known."""


def preset_names() -> list[str]:
    """Names of the presets, the recommended one first."""
    return list(PRESETS["tokenizer"])


def preset_settings() -> list[dict[str, Any]]:
    """Each preset with the settings of its stages."""
    stages = PRESETS.items()
    return [
        {"name": name, "settings": {stage: dict(values[name]) for stage, values in stages}} for name in preset_names()
    ]


def start_pipeline(
    owner: User,
    *,
    name: str,
    preset: str,
    scenes: list[Scene],
    targets: list[Scene] | None = None,
    settings: dict[str, Any] | None = None,
    tokenizer: WeightVersion | None = None,
    encoder: WeightVersion | None = None,
) -> Pipeline:
    """Check the settings of all stages and begin the first one.

    Args:
        owner: Whose chain it is.
        name: For people.
        preset: One of `preset_names`.
        scenes: To learn from; their masks are not looked at.
        targets: To map at the end; the same scenes when left out.
        settings: Changes to the preset by stage, and ``methods``: classic methods to map beside the detector.
        tokenizer: Skip the first stage with this weight.
        encoder: Skip the first two stages with this weight.

    Raises:
        SceneError: There are no scenes, or a stage or setting is not for people to choose.
        FolderNotAllowedError: A setting names a folder outside the allowed roots.
        ConfigError: A setting is unknown or out of its bounds; nothing has begun.
        QuotaError: Too many runs of this person wait already.
    """
    targets = targets or scenes
    changes = settings or {}
    _check(preset, scenes, targets, changes)
    title = " ".join(name.split())[:200] or f"{len(scenes)} scenes, {preset}"
    with transaction.atomic():
        pipeline = Pipeline.objects.create(
            owner=owner, name=title, preset=preset, settings=changes, tokenizer=tokenizer, encoder=encoder
        )
        pipeline.scenes.set(scenes)
        pipeline.targets.set(targets)
        begin_next(pipeline)
    return Pipeline.objects.get(id=pipeline.id)


def estimate(
    preset: str, scenes: list[Scene], targets: list[Scene] | None = None, settings: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Seconds that each stage will take on this machine: ``[{"stage", "seconds"}]``.

    Raises:
        SceneError: There is no such preset.
    """
    _check_preset(preset)
    learnt = estimate_chain(preset, [scene.shape for scene in scenes if scene.shape is not None])
    mapped = estimate_chain(preset, [scene.shape for scene in targets or scenes if scene.shape is not None])
    seconds = {"tokenizer": learnt["tokenizer"], "pretrain": learnt["pretrain"]}
    seconds |= {"anomaly": mapped["anomaly"], "maps": mapped["infer"]}
    return [{"stage": stage, "seconds": round(value, 1)} for stage, value in seconds.items()]


def _check(preset: str, scenes: list[Scene], targets: list[Scene], settings: dict[str, Any]) -> None:
    _check_preset(preset)
    if not scenes or len(scenes) > MAX_SCENES or len(targets) > MAX_SCENES:
        raise SceneError(f"Choose 1 to {MAX_SCENES} scenes.", code="hsi.scenes", where="scenes",
                         hint="Start several chains, or leave some out.")  # fmt: skip
    for scene in (*scenes, *targets):
        require_ready(scene)
    check_settings(settings)
    for stage, recipe in RECIPES.items():
        values = {**settings.get(stage, {}), **_LATER[stage], "preset": preset}
        parse_config(get_recipe(recipe).config, {**values, "pretrain_datasets": [entry(scene) for scene in scenes]})
    if settings.get("methods"):
        parse_config(get_recipe("hsi.infer").config, {"scene": "-", "methods": settings["methods"]})


def _check_preset(preset: str) -> None:
    if preset not in preset_names():
        raise SceneError(f'There is no preset "{preset[:40]}".', code="hsi.preset", where="preset",
                         hint=f"Presets: {', '.join(preset_names())}.")  # fmt: skip
