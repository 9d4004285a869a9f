from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ml_core.stellar.benchmark.splits import SplitError, leave_cluster_out, leave_family_out, read_families
from ml_core.stellar.simulate import simulate_survey
from ml_core.stellar.survey import open_survey


def test_each_family_is_scored_once_after_all_others_were_learnt_from() -> None:
    splits = leave_family_out(["b", "a", "", "b", "c"])
    assert [split.name for split in splits] == ["a", "b", "c"]
    assert splits[1].test.tolist() == [0, 3]
    assert splits[1].train.tolist() == [1, 2, 4]
    with pytest.raises(SplitError):
        leave_family_out(["a", "a", ""])


def test_clusters_find_what_differs_besides_the_class(tmp_path: Path) -> None:
    simulate_survey(tmp_path / "survey", 80, seed=5, images=False)
    arrays = open_survey(tmp_path / "survey").arrays(tmp_path / "cache", "spectrum")
    red = np.random.default_rng(0).random(80) < 0.5
    slope = np.where(red[:, None], np.linspace(0.6, 1.6, 3522), 1.0)
    splits = leave_cluster_out(arrays["flux"] * slope, arrays["ivar"] / slope**2, arrays["label"], 2)
    clear = arrays["sn"] > 4
    inside = np.zeros(80, bool)
    inside[splits[0].test] = True
    agreement = (inside == red)[clear].mean()
    assert max(agreement, 1 - agreement) > 0.9
    assert sorted(np.concatenate([split.test for split in splits]).tolist()) == list(range(80))
    for split in splits:
        assert not set(split.train) & set(split.test)
    kind = np.array([float(text) for text in read_families(tmp_path / "survey", arrays["name"].tolist(), ["type"])])
    offset = (kind - arrays["label"])[clear & inside].mean() - (kind - arrays["label"])[clear & ~inside].mean()
    assert abs(offset) < 0.15  # early and late halves of the classes make no clusters
    with pytest.raises(SplitError, match="too few"):
        leave_cluster_out(arrays["flux"], arrays["ivar"], arrays["label"], 9)


def test_families_are_read_from_the_catalogue_or_a_table_beside_it(tmp_path: Path) -> None:
    (tmp_path / "objects.csv").write_text("name,plate,mjd,fiberID\n900000120000005045,1,2,3\n7,1,2,4\n")
    (tmp_path / "truth.csv").write_text("name,family,feh\n900000120000005045,PyHammer,+0.5\n")
    assert read_families(tmp_path, ["7", "900000120000005045"], ["family", "feh"]) == ["", "PyHammer/+0.5"]
    with pytest.raises(SplitError, match="column"):
        read_families(tmp_path, ["7"], ["colour"])
    (tmp_path / "objects.csv").write_text("name,plate,mjd,fiberID,family\n7,1,2,4,field\n")
    assert read_families(tmp_path, ["7"], ["family"]) == ["field"]
