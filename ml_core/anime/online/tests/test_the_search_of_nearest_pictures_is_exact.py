"""The search over blocks and segments against comparing everything at once."""

from __future__ import annotations

import torch
from torch.nn import functional

from ml_core.anime.online import feature_db
from ml_core.anime.online.feature_db import FeatureDatabase


def unit(count: int, seed: int) -> torch.Tensor:
    return functional.normalize(torch.randn(count, 12, generator=torch.Generator().manual_seed(seed)), dim=1)


def test_blocks_and_segments_give_the_same_as_one_product(tmp_path, monkeypatch):
    monkeypatch.setattr(feature_db, "_BLOCK", 7)
    database = FeatureDatabase(tmp_path, "space")
    parts = {name: unit(count, seed) for seed, (name, count) in enumerate([("a", 20), ("b", 9), ("c", 33)])}
    for name, vectors in parts.items():
        database.add(name, vectors, [f"{name}{number}" for number in range(len(vectors))])
    more = unit(5, 9)
    database.add("a", more, [f"more{number}" for number in range(5)])
    queries = unit(6, 10)
    names = [f"a{n}" for n in range(20)] + [f"more{n}" for n in range(5)]
    names += [f"b{n}" for n in range(9)] + [f"c{n}" for n in range(33)]
    everything = torch.cat([parts["a"], more, parts["b"], parts["c"]])
    expected = (queries @ everything.T).topk(4, dim=1)
    for row, near in enumerate(database.nearest(queries, 4)):
        assert [item.picture for item in near] == [names[place] for place in expected.indices[row]]
        torch.testing.assert_close(torch.tensor([item.similarity for item in near]), expected.values[row])
    assert database.nearest(queries[:1], 4)[0][0].role in {"a", "b", "c"}


def test_a_small_database_gives_what_it_has(tmp_path):
    database = FeatureDatabase(tmp_path, "space")
    database.add("a", unit(2, 0), ["x", "y"])
    assert len(database.nearest(unit(1, 1), 5)[0]) == 2
