from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ml_core.hsi.scene_folder import write_scene_folder
from ml_core.hsi.stages.sources import (
    SceneSourceError,
    find_scenes,
    fingerprint,
    open_sources,
    scene_fingerprint,
    sources_of,
    without_labels,
)
from ml_core.hsi.stages.tests.small_scenes import write_scenes
from ml_core.hsi.stages.tokenizer_config import TokenizerConfig


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_scenes(tmp_path / "scenes", 3, height=10, width=9)


def test_a_folder_stands_for_its_scenes_and_nothing_else(folder: Path) -> None:
    (folder / "README.md").write_text("not a scene")
    np.save(folder / "mask.npy", np.zeros((3, 3)))
    (folder / "empty").mkdir()
    scene = open_sources(sources_of(TokenizerConfig(scenes=[str(folder / "scene-0.npz")])))[0]
    write_scene_folder(scene, folder / "imported")
    assert [path.name for path in find_scenes(folder)] == ["imported", "scene-0.npz", "scene-1.npz", "scene-2.npz"]
    assert find_scenes(folder / "imported") == [folder / "imported"]


def test_each_scene_is_taken_once_and_its_domain_comes_from_the_list(folder: Path) -> None:
    config = TokenizerConfig.model_validate(
        {
            "scenes": [str(folder)],
            "pretrain_datasets": [{"name": "mine", "data_path": str(folder / "scene-1.npz"), "domain_id": 4}],
        }
    )
    scenes = open_sources(sources_of(config))
    assert [(scene.name, scene.domain_id) for scene in scenes] == [("scene-0", 0), ("mine", 4), ("scene-2", 0)]


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_a_path_without_scenes_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SceneSourceError):
        find_scenes(tmp_path / name)


def test_the_fingerprint_knows_the_cube_and_the_domain_and_the_mask_only_when_it_is_learnt_from(folder: Path) -> None:
    config = TokenizerConfig(scenes=[str(folder)])
    scenes = open_sources(sources_of(config))
    assert len({scene_fingerprint(scene) for scene in scenes}) == 3
    unlabelled = [without_labels(scene) for scene in scenes]
    assert fingerprint(scenes) == fingerprint(unlabelled[::-1])
    assert fingerprint(scenes, labels=True) != fingerprint(unlabelled, labels=True)
