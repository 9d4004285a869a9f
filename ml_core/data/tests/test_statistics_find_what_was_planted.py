"""Statistics find planted copies, leaks and odd images, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ml_core.data.digits import write_digits
from ml_core.data.import_images import ImportOrder, import_images
from ml_core.data.manifest import read_items
from ml_core.data.measure import measure_image, perceptual_hash
from ml_core.data.near_copies import near_groups, near_pairs
from ml_core.data.statistics import StatisticsOrder, histogram, measure_version
from ml_core.data.tests.pictures import encoded, image_folder, picture, write_image
from ml_core.data.tests.test_import_keeps_count import Listener


@pytest.fixture
def planted(tmp_path: Path) -> Iterator[tuple[dict[str, Any], list[str]]]:
    source = image_folder(tmp_path / "in", {"a": 12, "b": 12}, split="train")
    image_folder(source, {"a": 4, "b": 4}, split="val")
    base = picture((200, 160), seed=77)
    (source / "train" / "a" / "scene.png").write_bytes(encoded(base))
    (source / "val" / "a" / "scene_small.jpg").write_bytes(encoded(base.resize((120, 96)), "JPEG", quality=60))
    (source / "val" / "b" / "leak.png").write_bytes((source / "train" / "a" / "003.png").read_bytes())
    Image.new("RGB", (30, 30), (2, 2, 2)).save(source / "train" / "b" / "dark.png")
    Image.new("RGB", (30, 30), (254, 254, 254)).save(source / "train" / "b" / "light.png")
    write_image(source / "train" / "b" / "long.png", seed=500, size=(100, 10))
    import_images(ImportOrder(source, tmp_path / "images", tmp_path / "v1"), Listener())
    (source / "val" / "a" / "000.png").write_bytes(b"broken after the import")
    paths = [item.path for item in read_items(tmp_path / "v1")]
    yield measure_version(StatisticsOrder(tmp_path / "v1", source), Listener()), paths


def test_planted_faults_are_found_by_name(planted: tuple[dict[str, Any], list[str]]) -> None:
    statistics, paths = planted
    found = {
        finding["code"]: {paths[position].rpartition("/")[2] for position in finding["positions"]}
        for finding in statistics["findings"]
    }
    assert found == {
        "unreadable": {"000.png"},
        "leaks": {"003.png", "leak.png"},
        "label_conflicts": {"003.png", "leak.png"},
        "exact_copies": {"003.png", "leak.png"},
        "near_copies": {"scene.png", "scene_small.jpg"},
        "near_leaks": {"scene.png", "scene_small.jpg"},
        "dark": {"dark.png"},
        "light": {"light.png"},
        "plain": {"dark.png", "light.png"},
        "long": {"long.png"},
    }
    severities = [finding["severity"] for finding in statistics["findings"]]
    assert severities == sorted(severities, key=["error", "warning", "info"].index)


def test_the_file_is_valid_json_and_histograms_count_every_image(planted: tuple[dict[str, Any], list[str]]) -> None:
    statistics, paths = planted
    assert json.loads(json.dumps(statistics, allow_nan=False)) == statistics
    assert sum(statistics["brightness"]["counts"]) == len(paths) - 1
    assert sum(statistics["width"]["counts"]) == len(paths)
    assert statistics["common_sizes"][0] == {"width": 24, "height": 16, "count": len(paths) - 5}
    assert paths[statistics["brightness"]["lowest"][0]].endswith("dark.png")
    assert paths[statistics["aspect"]["highest"][0]].endswith("long.png")


def test_channel_values_come_from_training_images_alone(tmp_path: Path) -> None:
    for split, level in (("train", 51), ("val", 255)):
        for name in ("a", "b"):
            folder = tmp_path / "in" / split / name
            folder.mkdir(parents=True)
            Image.new("RGB", (8, 8), (level, 0, 0 if name == "a" else 255)).save(folder / "1.png")
    import_images(ImportOrder(tmp_path / "in", tmp_path / "images", tmp_path / "v1"), Listener())
    statistics = measure_version(StatisticsOrder(tmp_path / "v1", tmp_path / "in"), Listener())
    assert statistics["channels"] == {"mean": [0.2, 0.0, 0.5], "std": [0.0, 0.0, 0.5]}


def test_sharp_is_sharper_than_blurred(tmp_path: Path) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8))
    noise.save(tmp_path / "sharp.png")
    noise.resize((30, 30)).resize((300, 300), Image.Resampling.BICUBIC).save(tmp_path / "soft.png")
    assert measure_image(tmp_path / "sharp.png").sharpness > 3 * measure_image(tmp_path / "soft.png").sharpness


@pytest.mark.parametrize("size", [(1, 1), (2, 500), (500, 2)])
def test_the_smallest_images_can_be_measured(size: tuple[int, int], tmp_path: Path) -> None:
    measured = measure_image(write_image(tmp_path / "x.png", size=size))
    assert 0.0 <= measured.brightness <= 1.0


def test_the_hash_survives_scaling_and_compression_only() -> None:
    def scene(seed: int) -> Image.Image:
        noise = np.random.default_rng(seed).integers(0, 256, (16, 16), dtype=np.uint8)
        return Image.fromarray(noise).resize((200, 160), Image.Resampling.BICUBIC)

    for seed in range(10):
        look = perceptual_hash(scene(seed))
        smaller = perceptual_hash(scene(seed).resize((120, 96)))
        other = perceptual_hash(scene(seed + 100))
        assert (look ^ smaller).bit_count() <= 4
        assert (look ^ other).bit_count() > 8


@pytest.mark.parametrize("distance", [0, 1, 3, 4, 8])
def test_near_pairs_equal_those_of_comparing_all_with_all(distance: int) -> None:
    rng = np.random.default_rng(distance)
    seeds = rng.integers(0, 2**63, 60).astype(np.uint64)
    flips = np.left_shift(np.uint64(1), rng.integers(0, 64, (4, 60)).astype(np.uint64))
    near = [seeds ^ flips[: n + 1].sum(axis=0, dtype=np.uint64) for n in range(4)]
    hashes = np.unique(np.concatenate([seeds, *near]))
    slow = [
        [i, j]
        for i in range(len(hashes))
        for j in range(i + 1, len(hashes))
        if int(hashes[i] ^ hashes[j]).bit_count() <= distance
    ]
    assert near_pairs(hashes, distance).tolist() == slow


def test_groups_need_pictures_that_agree_as_well_as_hashes() -> None:
    hashes = np.array([7, 7, 6, 7, 1 << 50], dtype=np.uint64)
    thumbs = np.zeros((5, 4), dtype=np.uint8)
    thumbs[3] = [0, 255, 0, 255]
    assert near_groups(hashes, thumbs, 4) == [[0, 1, 2, 4]]
    assert near_groups(hashes[:1], thumbs[:1], 4) == []


def test_histograms_of_nothing_and_of_one_value() -> None:
    assert histogram(np.array([np.nan]))["counts"] == [0]
    assert sum(histogram(np.array([5.0, 5.0]))["counts"]) == 2


def test_digits_are_a_folder_with_splits_ready_to_import(tmp_path: Path) -> None:
    assert write_digits(tmp_path / "digits", per_class=20) == 200
    assert write_digits(tmp_path / "digits") == 200
    version = import_images(ImportOrder(tmp_path / "digits", tmp_path / "i", tmp_path / "v1"), Listener())
    assert version["classes"] == [str(digit) for digit in range(10)]
    assert version["counts"]["splits"] == {"train": 160, "val": 20, "test": 20}
    item = next(read_items(tmp_path / "v1"))
    assert (item.width, item.height, item.mode) == (32, 32, "L")
