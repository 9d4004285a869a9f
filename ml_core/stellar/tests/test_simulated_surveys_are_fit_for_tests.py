"""Simulated surveys are the same for the same seed, look like M stars, and can be learnt."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ml_core.stellar.catalogue import read_catalogue
from ml_core.stellar.simulate import simulate_survey
from ml_core.stellar.simulated_spectrum import simulate_spectrum
from ml_core.stellar.spectra.resample import GRID
from ml_core.stellar.survey import open_survey


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_same_seed_gives_the_same_bytes_whatever_the_number(tmp_path: Path) -> None:
    for name, stars, seed in (("a", 6, 1), ("b", 6, 1), ("more", 7, 1), ("other", 6, 2)):
        simulate_survey(tmp_path / name, stars, seed)
    first, more = contents(tmp_path / "a"), contents(tmp_path / "more")
    assert first == contents(tmp_path / "b") and first != contents(tmp_path / "other")
    assert all(more[name] == held for name, held in first.items() if not name.endswith(".csv"))


def test_simulated_files_say_so(made_survey: Path) -> None:
    star = read_catalogue(made_survey / "objects.csv").objects[0]
    assert star.plate < 266 and star.mjd > 60_000
    assert b"SIMULATD" in open_survey(made_survey).spectra[star.name].read_bytes()[:2880]


def test_colours_and_signal_to_noise_are_those_of_m_stars(made_survey: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    reds = []
    for kind in range(5):
        magnitudes = [simulate_spectrum(rng, float(kind), 40.0).magnitudes for _ in range(12)]
        reds.append(np.median([value["r"] - value["i"] for value in magnitudes]))
        assert 1.0 < np.median([value["g"] - value["r"] for value in magnitudes]) < 1.8
    assert np.all(np.diff(reds) > 0) and 0.4 < reds[0] < reds[4] < 2.2
    for wanted in (0.7, 5.0, 60.0):
        assert abs(simulate_spectrum(rng, 2.0, wanted).sn / wanted - 1) < 0.25
    arrays = open_survey(made_survey).arrays(tmp_path / "cache")
    assert 0.2 < np.mean(arrays["sn"] < 5) < 0.7 and arrays["coverage"].min() > 0.9


def test_classes_differ_in_their_bands_and_touch_at_their_edges() -> None:
    rng = np.random.default_rng(1)
    means = np.array(
        [np.mean([simulate_spectrum(rng, kind, 80.0).flux for _ in range(6)], 0) for kind in (0.0, 1.0, 4.0)]
    )
    shapes = means / np.median(means, axis=1, keepdims=True)
    distance = np.abs(shapes[0] - shapes[1:]).mean(1)
    assert distance[1] > 2.5 * distance[0] > 0


def test_a_plain_mean_of_each_class_tells_bright_stars_apart(tmp_path: Path) -> None:
    simulate_survey(tmp_path / "a", 100, seed=5, images=False)
    arrays = open_survey(tmp_path / "a").arrays(tmp_path / "cache", "spectrum")
    bright = arrays["sn"] > 10
    red = (GRID > 6500) & (GRID < 8500)
    binned = arrays["flux"][bright][:, :3520].reshape(-1, 440, 8).mean(-1)
    binned = binned / np.median(arrays["flux"][bright][:, red], axis=1, keepdims=True)
    labels = arrays["label"][bright]
    means = np.array([binned[::2][labels[::2] == label].mean(0) for label in range(5)])
    found = np.abs(binned[1::2, None] - means).mean(-1).argmin(1)
    assert np.mean(np.abs(found - labels[1::2]) <= 1) > 0.9
