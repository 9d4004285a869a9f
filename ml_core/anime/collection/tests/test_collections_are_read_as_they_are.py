"""What people put into folders: lying names, transparency, turned photographs, copies, things that are no pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ml_core.anime.collection.doubts import find_doubts
from ml_core.anime.collection.health import collection_health
from ml_core.anime.collection.reading import read_collection
from ml_core.anime.collection.sources import read_sources
from ml_core.anime.collection.splits import deal_folds, hold_out
from ml_core.anime.collection.square import square_picture
from ml_core.anime.errors import CollectionError
from ml_core.anime.tests.drawn import NAMES, draw_collection, draw_face


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return draw_collection(tmp_path / "known", characters=3, pictures=4)


def test_names_of_any_script_counts_and_pictures(folder):
    collection = read_collection(folder)
    assert collection.characters == sorted(NAMES[:3])
    assert collection.labels.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert collection.pixels.shape == (12, 3, 160, 160)


def test_the_content_decides_what_a_picture_is_not_its_name(folder):
    draw_face(0, 9).save(folder / NAMES[0] / "lies.jpg", "PNG")
    draw_face(0, 10).save(folder / NAMES[0] / "web.png", "WEBP")
    health = collection_health(read_collection(folder))
    assert health["extension_lies"] == [f"{NAMES[0]}/lies.jpg", f"{NAMES[0]}/web.png"]
    assert health["formats"] == {"PNG": 13, "WEBP": 1}


def test_transparency_lies_over_white(tmp_path):
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    assert square_picture(tmp_path / "clear.png", side=8).unique().tolist() == [255]


def test_a_turned_photograph_stands_upright(tmp_path):
    pixels = np.zeros((40, 40, 3), np.uint8)
    pixels[:, :20] = 255  # light on the left as stored, above once turned by a quarter to the right
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).save(tmp_path / "turned.jpg", exif=exif, quality=95)
    shown = square_picture(tmp_path / "turned.jpg", side=8).float()
    assert shown[:, 0].mean() > 200 and shown[:, -1].mean() < 50


def test_long_pictures_are_cut_filled_or_stretched_by_choice(tmp_path):
    tall = np.full((100, 20, 3), 90, np.uint8)
    tall[:10] = (255, 0, 0)
    Image.fromarray(tall).save(tmp_path / "tall.png")
    crop, pad, stretch = (square_picture(tmp_path / "tall.png", fit, side=20) for fit in ("crop", "pad", "stretch"))
    assert (crop == 90).all()  # a quarter of what is cut lies above
    assert (pad[:, :, 0] == 255).all() and (pad[1, 0, 8:12] == 0).all()
    assert (stretch[0, 0] == 255).all() and (stretch[:, 10] == 90).all()


def test_what_is_no_picture_is_said_with_a_cure(folder):
    (folder / NAMES[0] / "broken.png").write_bytes((folder / NAMES[0] / "00.png").read_bytes()[:200])
    (folder / NAMES[0] / "text.jpg").write_text("words")
    (folder / NAMES[0] / "notes.txt").write_text("words")
    draw_face(0, 1).save(folder / "stray.png")
    frames = [draw_face(0, 1), draw_face(0, 2)]
    frames[0].save(folder / NAMES[0] / "moving.gif", save_all=True, append_images=frames[1:])
    (folder / "nobody").mkdir()
    (folder / "nobody" / "readme.txt").write_text("words")
    collection = read_collection(folder)
    health = collection_health(collection)
    bad = {row["path"].rsplit("/", 1)[-1] for row in health["rejects"]}
    assert bad == {"broken.png", "text.jpg", "stray.png", "moving.gif"}
    assert all(row["cure"] for row in health["rejects"])
    assert health["ignored_files"] == 2 and health["empty"] == ["nobody"]
    assert len(collection.pictures) == 12


def test_copies_are_found_within_and_across_characters(folder):
    first = folder / NAMES[0] / "00.png"
    (folder / NAMES[0] / "again.png").write_bytes(first.read_bytes())
    Image.open(first).resize((80, 80)).save(folder / NAMES[1] / "smaller.jpg", quality=80)
    health = collection_health(read_collection(folder))
    assert [{Path(path).name for path in group} for group in health["equal_files"]] == [{"00.png", "again.png"}]
    assert [{Path(path).name for path in group} for group in health["two_names"]] == [
        {"00.png", "again.png", "smaller.jpg"}
    ]


def test_nothing_usable_is_refused(tmp_path):
    with pytest.raises(CollectionError) as missing:
        read_collection(tmp_path / "nothing")
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "a.txt").write_text("words")
    with pytest.raises(CollectionError) as empty:
        read_collection(tmp_path)
    assert (missing.value.code, empty.value.code) == ("anime.no_folder", "anime.no_characters")


def test_copies_share_a_fold_and_characters_are_spread_evenly():
    labels = [0] * 20 + [1] * 12
    groups = list(range(32))
    groups[3] = groups[4] = groups[25] = 2
    keys = [f"{number:03d}" for number in range(32)]
    folds = deal_folds(labels, groups, keys, folds=4, seed=1)
    assert len({int(folds[row]) for row in (2, 3, 4, 25)}) == 1
    assert np.bincount(folds[:20]).tolist() == [5, 5, 5, 5]
    order = np.random.default_rng(0).permutation(32)
    shuffled = deal_folds(
        [labels[i] for i in order], [groups[i] for i in order], [keys[i] for i in order], folds=4, seed=1
    )
    assert (shuffled == folds[order]).all()
    assert (deal_folds(labels, groups, keys, folds=4, seed=2) != folds).any()


def test_what_is_held_out_leaves_each_character_something_to_learn_from():
    labels = [0] * 20 + [1] * 2 + [2]
    held = hold_out(labels, list(range(23)), [str(n) for n in range(23)], share=0.2, seed=0)
    assert 3 <= held[:20].sum() <= 5
    assert not held[20:].any()


def test_a_picture_under_the_wrong_name_comes_first_among_the_doubts():
    labels = np.array([0] * 10 + [1] * 10)
    own = np.linspace(0.7, 0.95, 20)
    own[4] = 0.02
    probabilities = np.where(np.arange(2)[None] == labels[:, None], own[:, None], 1 - own[:, None])
    doubts = find_doubts(probabilities, labels)
    assert (doubts[0].position, doubts[0].likely) == (4, 1)
    assert len(doubts) == 1


def test_sources_are_found_beside_the_collection(folder):
    (folder.parent / "manifest.json").write_text(f'[{{"path": "x/y/{NAMES[0]}/00.png", "source": "studio@1"}}]')
    assert read_sources(folder, "", [f"{NAMES[0]}/00.png", "b/c.png"]) == ["studio", ""]
    with pytest.raises(CollectionError):
        read_sources(folder, str(folder / "none.json"), ["a/b"])


def test_pixels_do_not_depend_on_the_name(folder):
    one = read_collection(folder)
    (folder / NAMES[0]).rename(folder / "zz/..x".replace("/", "-"))
    two = read_collection(folder)
    assert torch.equal(one.pixels.sum((1, 2, 3)).sort().values, two.pixels.sum((1, 2, 3)).sort().values)
    assert one.fingerprint != two.fingerprint
