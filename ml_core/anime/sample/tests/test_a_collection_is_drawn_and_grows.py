"""The sample that a new user begins with, and the next version of a collection with more images in it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ml_core.anime.collection.config import ExtendConfig, SampleConfig
from ml_core.anime.collection.extend import folder_name
from ml_core.anime.collection.health import collection_health
from ml_core.anime.collection.make import extend_collection, make_sample
from ml_core.anime.collection.reading import read_collection
from ml_core.anime.collection.sources import read_sources
from ml_core.anime.errors import CollectionError
from ml_core.anime.sample.cast import CAST
from ml_core.anime.sample.drawing import STYLES, a_moment, draw
from ml_core.anime.tests.drawn import draw_face
from ml_core.data.manifest import read_items
from ml_core.run.config import RecipeConfig
from ml_core.run.context import RunContext
from ml_core.run.control import Control
from ml_core.run.directory import RunDirectory
from ml_core.run.events import SilentEvents


def silent_run(folder: Path, config: RecipeConfig) -> RunContext:
    directory = RunDirectory(folder)
    directory.make()
    directory.seal("test", config, 0, "test")
    return RunContext(directory, SilentEvents(), Control(folder))


@pytest.fixture(scope="module")
def sample(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("sample")
    config = SampleConfig(images=str(place / "images-1"), version=str(place / "v1"), per_character=4, height=64)
    make_sample(config, silent_run(place / "run", config))
    return place / "v1"


def test_everybody_is_drawn_in_several_styles_and_the_planted_faults_are_found(sample):
    collection = read_collection(sample)
    health = collection_health(collection)
    assert sorted(collection.characters) == sorted(looks.name for looks in CAST)
    assert len(collection.pictures) == 4 * len(CAST) + 3
    assert health["extension_lies"] == ["Chiyo/really a png.jpg"]
    assert ["Akari/filed wrongly.webp", "Chiyo/001.webp"] in health["two_names"]
    sources = read_sources(collection.root, "", [picture.path for picture in collection.pictures])
    assert set(sources) == set(STYLES)


def test_the_same_seed_draws_the_same_and_another_moment_another_image():
    def drawn(seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        return np.asarray(draw(CAST[0], a_moment("ink", rng), 64, rng))

    assert (drawn(1) == drawn(1)).all()
    assert (drawn(1) != drawn(2)).any()


def test_added_images_and_corrections_go_into_the_next_version(sample, tmp_path):
    draw_face(5, 1).save(tmp_path / "new.png")
    first = next(read_items(sample))
    additions = [{"file": str(tmp_path / "new.png"), "character": "Fate/Zero"}]
    (tmp_path / "additions.json").write_text(json.dumps(additions))
    (tmp_path / "changes.json").write_text(json.dumps([{"do": "leave_out", "image": 0}]))
    config = ExtendConfig(
        known=str(sample), additions=str(tmp_path / "additions.json"), changes=str(tmp_path / "changes.json"),
        images=str(tmp_path / "images-2"), version=str(tmp_path / "v2"), share=True,
    )  # fmt: skip
    extend_collection(config, silent_run(tmp_path / "run", config))
    before, after = read_collection(sample), read_collection(tmp_path / "v2")
    assert len(after.pictures) == len(before.pictures)
    assert "Fate／Zero" in after.characters
    assert first.path not in {picture.path for picture in after.pictures}
    assert (sample.with_name("images-1") / first.path).is_file()
    sources = read_sources(after.root, "", [picture.path for picture in after.pictures])
    assert set(sources) == {*STYLES, ""}


def test_an_added_file_that_is_gone_is_named(sample, tmp_path):
    (tmp_path / "additions.json").write_text(json.dumps([{"file": str(tmp_path / "gone.png"), "character": "X"}]))
    config = ExtendConfig(known=str(sample), additions=str(tmp_path / "additions.json"),
                          images=str(tmp_path / "images-2"), version=str(tmp_path / "v2"))  # fmt: skip
    with pytest.raises(CollectionError) as caught:
        extend_collection(config, silent_run(tmp_path / "run", config))
    assert (caught.value.code, caught.value.where) == ("anime.addition", "gone.png")
    assert not (tmp_path / "v2").exists()


@pytest.mark.parametrize("name", ["", "  ", "...", "x" * 300])
def test_what_cannot_be_a_name_is_refused(name):
    with pytest.raises(CollectionError):
        folder_name(name)


def test_names_of_any_script_stay_and_separators_become_their_wide_twins():
    assert folder_name(" Дана  Скалли ") == "Дана Скалли"
    assert folder_name("a/b\\c") == "a／b＼c"
