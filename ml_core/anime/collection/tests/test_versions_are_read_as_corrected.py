"""A collection that came through the data set machinery trains as people have corrected it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from ml_core.anime.collection.listing import PLACES_FILE
from ml_core.anime.collection.reading import read_collection
from ml_core.anime.errors import CollectionError
from ml_core.anime.tests.drawn import NAMES, draw_collection
from ml_core.data.import_images import ImportOrder, import_images
from ml_core.data.revision.changes import Changes
from ml_core.data.revision.revise import revise


class Silent:
    """Hears what an import tells."""

    def log(self, message, level="info"):
        pass

    def progress(self, done, total, unit="items", stage=""):
        pass

    def raise_if_requested(self):
        pass


@pytest.fixture
def version(tmp_path: Path) -> Path:
    draw_collection(tmp_path / "images-1", characters=3, pictures=4)
    import_images(ImportOrder(tmp_path / "images-1", tmp_path / "images-1", tmp_path / "v1"), Silent())
    return tmp_path / "v1"


def corrected(version: Path) -> Path:
    """The first image goes to the last character, the last image is left out."""
    changes = Changes(image_class={0: 2}, leave_out={11})
    revise(version, version.with_name("v2"), changes, Silent(), reason="test")
    return version.with_name("v2")


def test_a_version_is_read_with_its_images_beside(version):
    collection = read_collection(version)
    assert sorted(collection.characters) == sorted(NAMES[:3])
    assert len(collection.pictures) == 12
    assert collection.root == version.with_name("images-1")


def test_moved_images_have_their_new_character_and_left_out_ones_are_gone(version):
    second = corrected(version)
    places = version.with_name("known")
    places.mkdir()
    (places / PLACES_FILE).write_text(json.dumps({"version": "../v2", "images": "../images-1"}))
    before, after = read_collection(version), read_collection(places)
    assert second.is_dir()
    assert len(after.pictures) == 11
    assert after.characters[after.pictures[0].label] == before.characters[2]
    assert after.fingerprint != before.fingerprint
    assert [reject.path for reject in after.rejects] == [before.pictures[-1].path]


def test_a_character_without_images_keeps_no_number(version):
    changes = Changes(leave_out={0, 1, 2, 3})
    revise(version, version.with_name("v2"), changes, Silent())
    version.with_name("images-1").rename(version.with_name("v2-images"))
    collection = read_collection(version.with_name("v2"))
    assert len(collection.characters) == 2 and collection.empty == [NAMES[0]]
    assert set(collection.labels.tolist()) == {0, 1}


def test_a_file_that_changed_since_the_import_is_refused(version):
    path = version.with_name("images-1") / NAMES[0] / "00.png"
    Image.new("RGB", (30, 30), (10, 90, 40)).save(path)
    collection = read_collection(version)
    assert [reject.path for reject in collection.rejects] == [f"{NAMES[0]}/00.png"]
    assert "changed" in collection.rejects[0].reason


def test_a_version_without_its_images_says_so(version):
    version.with_name("images-1").rename(version.with_name("elsewhere"))
    with pytest.raises(CollectionError) as caught:
        read_collection(version)
    assert caught.value.code == "anime.no_images"


def test_a_file_of_the_same_name_in_a_plain_folder_is_no_list_of_places(tmp_path):
    folder = draw_collection(tmp_path / "known", characters=2, pictures=2)
    (folder / PLACES_FILE).write_text('{"title": "my characters"}')
    assert len(read_collection(folder).pictures) == 4
