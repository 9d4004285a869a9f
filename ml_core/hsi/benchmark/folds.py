"""Which scenes are learnt from before which scenes are scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ml_core.errors import CodedError
from ml_core.hsi.scene import Scene
from ml_core.hsi.stages.sources import SceneSource, find_scenes, open_sources, scene_fingerprint


class BenchmarkError(CodedError):
    """The folders do not allow a fair comparison."""

    default_code = "hsi.benchmark"


@dataclass(frozen=True)
class BenchmarkScene:
    """A scene of one of the folders.

    Attributes:
        path: Where it lies.
        scene: What it holds.
        fingerprint: Of the values of its cube.
    """

    path: Path
    scene: Scene
    fingerprint: str

    @property
    def name(self) -> str:
        """Its name, which is also that of its row."""
        return self.scene.name


@dataclass(frozen=True)
class Fold:
    """Scenes that are learnt from, unlabelled, and scenes that are scored afterwards. None is in both."""

    name: str
    train: tuple[BenchmarkScene, ...]
    test: tuple[BenchmarkScene, ...]

    @property
    def sensors(self) -> list[str]:
        """The sensors that are learnt from."""
        return sorted({scene.scene.sensor for scene in self.train})

    def domain_of(self, scene: BenchmarkScene) -> int:
        """Number of the scene's sensor; one past the last for a sensor that is not learnt from."""
        known = self.sensors
        return known.index(scene.scene.sensor) if scene.scene.sensor in known else len(known)


def read_folder(folder: Path) -> list[BenchmarkScene]:
    """The scenes of a folder, by the names of their files.

    Raises:
        SceneSourceError: There are none.
        FormatError: One cannot be read.
        BenchmarkError: Two have the same name.
    """
    paths = find_scenes(folder)
    scenes = open_sources(SceneSource(path) for path in paths)
    found = [BenchmarkScene(path, scene, scene_fingerprint(scene)) for path, scene in zip(paths, scenes, strict=True)]
    names = [scene.name for scene in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BenchmarkError(
            f'Two scenes are called "{twice[0]}".', hint="Give each scene a name of its own.", where=twice[0]
        )
    return found


def make_folds(
    train: Sequence[BenchmarkScene],
    test: Sequence[BenchmarkScene],
    *,
    count: int,
    is_same_folder: bool,
    leave_sensor_out: bool,
) -> list[Fold]:
    """Deal the scenes.

    With one folder for both, scene i is scored in fold i modulo ``count``. With ``leave_sensor_out`` every sensor is
    a fold. A scene whose cube is also among the scored ones of its fold is never learnt from.

    Raises:
        BenchmarkError: A fold has nothing to learn from.
    """
    if leave_sensor_out:
        sensors = sorted({scene.scene.sensor for scene in test})
        parts = [
            (f"sensor-{number}", [s for s in test if s.scene.sensor == name]) for number, name in enumerate(sensors)
        ]
    elif is_same_folder:
        parts = [(f"fold-{number}", list(test[number::count])) for number in range(min(count, len(test)))]
    else:
        parts = [("fold-0", list(test))]
    return [_fold(name, train, scored, leave_sensor_out) for name, scored in parts]


def _fold(name: str, train: Sequence[BenchmarkScene], test: Sequence[BenchmarkScene], leave_sensor_out: bool) -> Fold:
    seen = {scene.fingerprint for scene in test}
    sensors = {scene.scene.sensor for scene in test} if leave_sensor_out else set()
    kept = tuple(s for s in train if s.fingerprint not in seen and s.scene.sensor not in sensors)
    if not kept:
        raise BenchmarkError(
            f"Nothing is left to learn from before {test[0].name} is scored.",
            hint="Add scenes to the training folder" + (" of other sensors." if leave_sensor_out else "."),
            where=test[0].name,
        )
    return Fold(name, kept, tuple(test))
