from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from ml_core.stellar import neighbours
from ml_core.stellar.neighbours import EmbeddingError, embedding_map, nearest


def test_neighbours_equal_those_of_a_full_sort_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "_BLOCK", 97)
    rng = np.random.default_rng(0)
    stars = rng.normal(size=(1000, 8)).astype(np.float32)
    queries = rng.normal(size=(5, 8))
    wanted = np.linalg.norm(stars[None].astype(float) - queries[:, None], axis=2)
    found, distances = nearest(stars, queries, 12)
    assert np.array_equal(found, np.argsort(wanted, axis=1)[:, :12])
    assert np.allclose(distances, np.sort(wanted, axis=1)[:, :12])


def test_a_star_is_not_its_own_neighbour_and_doubles_come_in_order() -> None:
    stars = np.zeros((200, 3), np.float32)
    stars[150:] = 1
    found, distances = nearest(stars, stars[3], 5, exclude=3)
    assert found.tolist() == [0, 1, 2, 4, 5]
    assert (distances == 0).all()


def test_fewer_stars_than_asked_for_and_stars_without_an_embedding() -> None:
    stars = np.array([[0.0, 0], [np.nan, 0], [3, 4]])
    found, distances = nearest(stars, [0.0, 0.0], 10)
    assert found.tolist() == [0, 2, -1]
    assert distances.tolist() == [0, 5, np.inf]
    with pytest.raises(EmbeddingError):
        nearest(stars, [0.0, 0.0, 0.0])
    with pytest.raises(EmbeddingError):
        nearest(stars, stars[1])


def test_a_hundred_thousand_mapped_stars_are_compared_quickly(tmp_path: Path) -> None:
    stars = np.random.default_rng(1).normal(size=(100_000, 32)).astype(np.float32)
    np.save(tmp_path / "stars.npy", stars)
    mapped = np.load(tmp_path / "stars.npy", mmap_mode="r")
    nearest(mapped, stars[5], 10, exclude=5)
    started = time.perf_counter()
    found, _ = nearest(mapped, stars[5], 10, exclude=5)
    assert time.perf_counter() - started < 1.0  # some 50 ms on an idle core
    wanted = np.linalg.norm(stars.astype(float) - stars[5], axis=1).argsort()
    assert found.tolist() == wanted[1:11].tolist()


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_a_map_keeps_groups_apart_and_repeats(method: neighbours.MapMethod) -> None:
    rng = np.random.default_rng(2)
    group = np.repeat(np.arange(3), 40)
    stars = rng.normal(size=(120, 16)) + 12 * np.eye(16)[group]
    stars[7] = np.nan
    flat = embedding_map(stars, method, seed=4)
    assert flat.shape == (120, 2)
    assert np.isnan(flat[7]).all()
    kept = np.arange(120) != 7
    assert np.array_equal(flat[kept], embedding_map(stars, method, seed=4)[kept])
    assert np.allclose(flat[kept].mean(0), 0, atol=1e-3)
    centres = np.stack([flat[kept & (group == at)].mean(0) for at in range(3)])
    closest = np.linalg.norm(flat[kept][:, None] - centres, axis=2).argmin(1)
    assert (closest == group[kept]).mean() > 0.98


def test_tiny_maps_are_drawn_too() -> None:
    assert embedding_map(np.zeros((0, 4))).shape == (0, 2)
    assert np.array_equal(embedding_map(np.ones((1, 4))), np.zeros((1, 2)))
    assert np.isfinite(embedding_map(np.random.default_rng(0).normal(size=(5, 1)))).all()
