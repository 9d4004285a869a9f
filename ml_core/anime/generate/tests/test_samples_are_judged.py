"""The judge tells copies, sameness, other characters, grids and blur from honest variety."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from ml_core.anime.generate.judging import Judge, energy_distance
from ml_core.anime.generate.spectrum import grid_artefact, sharpness
from ml_core.anime.recognise.storage import load_recogniser
from ml_core.anime.tests.drawn import NAMES, draw_face


def faces(character: int, seeds: range) -> Tensor:
    drawn = [np.asarray(draw_face(character, seed, 64)) for seed in seeds]
    return torch.from_numpy(np.stack(drawn)).permute(0, 3, 1, 2).contiguous()


@pytest.fixture(scope="module")
def judge(drawn_model: Path) -> Judge:
    real = faces(0, range(12))
    return Judge(load_recogniser(drawn_model), NAMES[0], real, [f"{n}.png" for n in range(12)], torch.arange(12))


def test_new_images_of_the_character_pass(judge):
    found = judge(faces(0, range(100, 116)))
    assert found.agreement >= 0.9 and len(found.confidence) == 16
    assert 0.7 <= found.diversity <= 1.3
    assert found.memorised <= 0.2
    assert found.fulfilled["agreement"] and found.fulfilled["diversity"] and found.fulfilled["no_grid"]


def test_another_character_is_not_agreed_with_and_farther_away(judge):
    own, other = judge(faces(0, range(100, 116))), judge(faces(2, range(100, 116)))
    assert other.agreement <= 0.1 and not other.fulfilled["agreement"]
    assert other.description_distance > 1.5 * own.description_distance


def test_copies_are_found_with_the_image_they_copy_also_mirrored_and_changed_a_little(judge):
    real = faces(0, range(12))
    changed = (real[3:6].float() * 0.98 + 3).clamp(0, 255).to(torch.uint8)
    found = judge(torch.cat([real[7:8].flip(3), changed]))
    assert found.memorised == 1 and not found.fulfilled["no_copies"]
    assert [near.path for near in found.nearest] == ["7.png", "3.png", "4.png", "5.png"]
    assert found.nearest[0].is_mirrored and not found.nearest[1].is_mirrored


def test_softened_copies_are_found(judge):
    real = faces(0, range(12)).float()
    found = judge(((real + functional.avg_pool2d(real, 3, 1, 1)) / 2).to(torch.uint8))
    assert found.memorised >= 0.9 and found.sharpness < 0.8


def test_one_image_again_and_again_has_no_diversity(judge):
    one = faces(0, range(100, 101)).expand(8, -1, -1, -1).contiguous()
    found = judge(one)
    assert found.diversity < 0.05 and not found.fulfilled["diversity"]


def test_a_copy_in_the_collection_does_not_lower_the_distance_that_counts_as_a_copy(drawn_model):
    real = faces(0, range(12))
    twice = torch.cat([real, real[:1]])
    paths = [f"{n}.png" for n in range(13)]
    groups = torch.cat([torch.arange(12), torch.zeros(1, dtype=torch.int64)])
    recogniser = load_recogniser(drawn_model)
    known = Judge(recogniser, NAMES[0], twice, paths, groups).copy_distance
    naive = Judge(recogniser, NAMES[0], twice, paths, torch.arange(13)).copy_distance
    assert naive < 0.1 * known


def test_the_energy_distance_is_that_of_its_definition():
    first, second = torch.randn(6, 3), torch.randn(5, 3) + 1
    a, b = first.numpy(), second.numpy()
    cross = np.mean([np.linalg.norm(x - y) for x in a for y in b])
    inner = [
        np.mean([np.linalg.norm(x - y) for i, x in enumerate(s) for j, y in enumerate(s) if i != j]) for s in (a, b)
    ]
    assert energy_distance(first, second) == pytest.approx(2 * cross - sum(inner), rel=1e-5)


def test_a_grid_is_seen_and_smoothness_is_not_taken_for_one():
    real = faces(0, range(12))
    new = faces(0, range(100, 116))
    for period in (2, 4):
        grid = torch.zeros(64, 64)
        grid[::period] = 12
        assert grid_artefact((new.float() + grid).clamp(0, 255).to(torch.uint8), real) > 3
    blurred = functional.avg_pool2d(new.float(), 5, 1, 2).to(torch.uint8)
    assert grid_artefact(blurred, real) < 3 and grid_artefact(new, real) < 3
    assert sharpness(blurred, real) < 0.5 < sharpness(new, real) < 2
