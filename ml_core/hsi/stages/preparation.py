"""Opens the scenes of a stage and brings them into the common form, unlabelled."""

from __future__ import annotations

from collections.abc import Sequence

from ml_core.engine.config import FitConfig
from ml_core.hsi.canonical import CanonicalScene, canonicalise
from ml_core.hsi.scene import Scene
from ml_core.hsi.stages.config import StageConfig
from ml_core.hsi.stages.sources import fingerprint, open_sources, sources_of, without_labels
from ml_core.run.context import RunContext


def read_scenes(config: StageConfig, run: RunContext, *, labels: bool = False) -> list[Scene]:
    """The scenes that the settings name; unless ``labels``, without their masks. Seals which they are.

    Raises:
        SceneSourceError: A path leads to no scene.
        FormatError: A scene cannot be read.
        RunDirectoryError: The run was started with other scenes.
    """
    scenes = open_sources(sources_of(config))
    run.data_fingerprint(fingerprint(scenes, labels=labels))
    return scenes if labels else [without_labels(scene) for scene in scenes]


def canonical_scenes(scenes: Sequence[Scene], run: RunContext) -> list[CanonicalScene]:
    """Every scene in the common form.

    Raises:
        SceneError: A scene holds nothing that varies.
        RunPaused: A pause was asked for.
        RunStopped: A stop was asked for.
    """
    found = []
    for number, scene in enumerate(scenes, start=1):
        found.append(canonicalise(scene.cube, wavelengths=scene.wavelengths, good_bands=scene.good_bands))
        run.progress(number, len(scenes), "scenes", "reading")
        run.raise_if_requested()
    return found


def fit_settings(
    config: StageConfig, *, epochs: int, batch_size: int, learning_rate: float, warmup_steps: int, steps_per_epoch: int
) -> FitConfig:
    """Settings of the fit loop from the specification's few numbers.

    A warm-up that would take the whole training, as the specification's 2,000 steps do in a short one, is cut to a
    tenth of it.
    """
    total = epochs * max(1, steps_per_epoch)
    return FitConfig(
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        warmup_steps=warmup_steps if warmup_steps < total else total // 10,
        schedule="cosine",
        clip_norm=1.0,
        device=config.device,
        threads=config.threads,
        workers=0,
        checkpoint_every_s=config.checkpoint_every_s,
    )
