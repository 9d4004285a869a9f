from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from ml_core.stellar.baselines import BASELINES, BaselineError, ChiSquare, ColourForest, SpectrumForest, load_baseline
from ml_core.stellar.baselines.flux_shape import binned, flux_shape
from ml_core.stellar.baselines.templates import make_templates
from ml_core.stellar.simulate import simulate_survey
from ml_core.stellar.survey import open_survey

Arrays = dict[str, NDArray[Any]]


def _rows(arrays: Arrays, rows: Any) -> Arrays:
    return {name: np.array(held[rows]) for name, held in arrays.items()}


@pytest.fixture(scope="module")
def stars(tmp_path_factory: pytest.TempPathFactory) -> Arrays:
    folder = tmp_path_factory.mktemp("stars")
    simulate_survey(folder / "survey", 120, seed=9, images=False)
    return open_survey(folder / "survey").arrays(folder / "cache", "spectrum")


@pytest.mark.parametrize("name", list(BASELINES))
def test_a_baseline_tells_stars_it_has_not_seen(stars: Arrays, name: str) -> None:
    fitted = BASELINES[name]().fit(_rows(stars, slice(0, 80)))
    held = _rows(stars, slice(80, None))
    found = fitted.predict_proba(held)
    assert found.shape == (40, 5)
    assert np.allclose(found.sum(1), 1)
    assert np.mean(np.abs(found.argmax(1) - held["label"]) <= 1) > 0.9
    assert np.mean(found.argmax(1) == held["label"]) > 0.5


@pytest.mark.parametrize("name", list(BASELINES))
def test_a_kept_baseline_answers_the_same(stars: Arrays, name: str, tmp_path: Path) -> None:
    fitted = BASELINES[name]().fit(stars, seed=3)
    fitted.save(tmp_path / "kept")
    loaded = load_baseline(tmp_path / "kept")
    assert type(loaded) is BASELINES[name]
    assert np.array_equal(loaded.predict_proba(stars), fitted.predict_proba(stars))
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == ["baseline.json", "baseline.safetensors"]


def test_the_forest_answers_as_scikit_learns_with_and_without_missing_values(stars: Arrays) -> None:
    from sklearn.ensemble import RandomForestClassifier

    from ml_core.stellar.baselines.forest import TREES, evaluate, grow

    features = SpectrumForest().features(stars, np.arange(120))
    features[np.random.default_rng(0).random(features.shape) < 0.1] = np.nan
    labels = np.where(stars["label"] == 2, 4, stars["label"])
    theirs = RandomForestClassifier(TREES, random_state=5).fit(features[:80].astype(np.float32), labels[:80])
    wanted = np.zeros((40, 5))
    wanted[:, theirs.classes_] = theirs.predict_proba(features[80:])
    found = evaluate(grow(features[:80], labels[:80], 5), features[80:])
    assert np.allclose(found, wanted, rtol=0, atol=1e-12)
    assert np.array_equal(found.argmax(1), wanted.argmax(1))


def test_a_template_fits_through_any_quadratic_and_level(stars: Arrays) -> None:
    fitted = ChiSquare().fit(stars)
    best = stars["sn"] > 20
    bent = _rows(stars, best)
    factor = 7.0 * (1 + 0.3 * np.linspace(-1, 1, 3522) + 0.2 * np.linspace(-1, 1, 3522) ** 2)
    bent["flux"] = bent["flux"] * factor
    bent["ivar"] = bent["ivar"] / factor**2
    same = fitted.predict_proba(_rows(stars, best)).argmax(1) == fitted.predict_proba(bent).argmax(1)
    assert same.mean() > 0.9


def test_kinds_of_stars_within_a_class_get_templates_of_their_own() -> None:
    rng = np.random.default_rng(1)
    wave = np.linspace(0, 1, 3522)
    kinds = np.stack([1 + 0.3 * np.sin(40 * wave), 1 + 0.3 * np.sin(55 * wave)])
    of = rng.integers(0, 2, 90)
    bend = 1 + rng.uniform(-0.3, 0.3, (90, 1)) * (wave - 0.5)
    flux = kinds[of] * bend + rng.normal(0, 0.05, (90, 3522))
    ivar = np.full(flux.shape, 400.0)
    ivar[:, 100:110] = 0
    templates, classes = make_templates(flux, ivar, np.where(np.arange(90) < 84, 3, 1), seed=0)
    assert classes.tolist() == [1, 3, 3, 3, 3]
    assert np.isfinite(templates).all()
    likeness = np.corrcoef(np.concatenate([templates[1:], kinds]))[:4, 4:]
    assert (likeness.max(1) > 0.99).all()
    assert set(likeness.argmax(1)) == {0, 1}


def test_noise_makes_a_template_fit_less_sure(stars: Arrays) -> None:
    fitted = ChiSquare().fit(stars)
    certain = fitted.predict_proba(stars).max(1)
    assert certain[stars["sn"] > 20].mean() > certain[stars["sn"] < 3].mean() + 0.1


def test_masked_pixels_and_the_u_band_change_nothing(stars: Arrays) -> None:
    fitted = {name: kind().fit(stars) for name, kind in BASELINES.items()}
    other = _rows(stars, slice(None))
    other["flux"] = np.where(other["ivar"] > 0, other["flux"], 1e6)
    other["magnitudes"][:, 0] = 3.0
    for baseline in fitted.values():
        assert np.array_equal(baseline.predict_proba(stars), baseline.predict_proba(other))


def test_stars_that_lack_what_is_looked_at_are_not_guessed_at(stars: Arrays) -> None:
    lacking = _rows(stars, slice(0, 10))
    lacking["has_spectrum"][:5] = False
    lacking["magnitudes"][:5] = np.nan
    for kind in BASELINES.values():
        found = kind().fit(stars).predict_proba(lacking)
        assert (found[:5] == 0.2).all()
        assert (found[5:] != 0.2).any()


def test_a_missing_colour_is_borne(stars: Arrays) -> None:
    lacking = _rows(stars, slice(None))
    lacking["magnitudes"][::3, 4] = np.nan
    found = ColourForest().fit(lacking).predict_proba(lacking)
    assert np.isfinite(found).all()
    assert np.mean(found.argmax(1) == stars["label"]) > 0.9


def test_a_class_that_was_never_seen_is_never_answered(stars: Arrays) -> None:
    few = _rows(stars, stars["label"] != 2)
    for kind in BASELINES.values():
        assert (kind().fit(few).predict_proba(stars)[:, 2] == 0).all()


def test_one_class_is_nothing_to_learn_from(stars: Arrays) -> None:
    for kind in BASELINES.values():
        with pytest.raises(BaselineError) as caught:
            kind().fit(_rows(stars, stars["label"] == 1))
        assert caught.value.code == "stellar.nothing_to_learn"


def test_flux_keeps_its_shape_and_bad_pixels_are_bridged() -> None:
    rng = np.random.default_rng(0)
    flux = np.tile(np.linspace(1, 3, 3522), (2, 1)) * [[5.0], [-1e-3]]
    ivar = np.full((2, 3522), 4.0)
    ivar[:, 800:816] = 0
    shape, weights = flux_shape(flux + 0 * rng.normal(size=flux.shape), ivar)
    assert np.allclose(shape[0, :800] / shape[0, 0], np.linspace(1, 3, 3522)[:800], rtol=1e-6)
    assert np.isfinite(shape).all()
    assert np.abs(shape[1]).max() < 0.1
    assert np.allclose((shape * np.sqrt(weights))[0, :800], flux[0, :800] * 2)
    means = binned(shape, weights, 8)
    assert np.allclose(np.diff(means[0]), np.diff(means[0])[0], rtol=1e-5)


@pytest.mark.parametrize("change", ["loop", "outside", "feature", "shape", "lost"])
def test_a_damaged_forest_is_refused(stars: Arrays, tmp_path: Path, change: str) -> None:
    ColourForest().fit(stars).save(tmp_path)
    path = tmp_path / "baseline.safetensors"
    held = {name: array.copy() for name, array in load_file(path).items()}
    if change == "loop":
        held["left"][0] = 0
    elif change == "outside":
        held["right"][held["start"][1]] = 10_000_000
    elif change == "feature":
        held["feature"][0] = 3
    elif change == "shape":
        held["share"] = held["share"][:, :4].copy()
    else:
        del held["missing_left"]
    save_file(held, path)
    with pytest.raises(BaselineError) as caught:
        load_baseline(tmp_path)
    assert caught.value.code == "stellar.baseline_invalid"


def test_folders_of_other_things_are_refused(stars: Arrays, tmp_path: Path) -> None:
    ColourForest().fit(stars).save(tmp_path)
    with pytest.raises(BaselineError, match="of the method colours"):
        ChiSquare.load(tmp_path)
    with pytest.raises(BaselineError, match="missing or damaged"):
        load_baseline(tmp_path / "nowhere")
    (tmp_path / "baseline.safetensors").write_bytes(b"PK not tensors")
    with pytest.raises(BaselineError, match="damaged"):
        load_baseline(tmp_path)
    with pytest.raises(BaselineError, match="not fitted"):
        ColourForest().predict_proba(stars)
