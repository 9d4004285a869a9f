"""What the whole classifier answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ml_core.stellar.classifier import PreparedStars, StarClassifier, prepare
from ml_core.stellar.classifier.tests.stars import POINTS, Arrays, batch, inputs, simulate_arrays
from ml_core.weights.errors import WeightFileError


@torch.no_grad()
def test_classes_are_found_from_all_sources_and_from_each_alone(classifier: StarClassifier, others: Arrays) -> None:
    out = classifier(*inputs(others))
    label = torch.from_numpy(others["label"])
    assert (out.probabilities.argmax(1) == label).float().mean() > 0.8
    assert ((out.probabilities.argmax(1) - label).abs() <= 1).float().mean() > 0.97
    for name, least in (("spectrum", 0.75), ("photometry", 0.6), ("image", 0.4)):
        assert (out.by_modality[name].argmax(1) == label).float().mean() > least, name
    assert torch.allclose(out.probabilities.sum(1), torch.ones(len(label)), atol=1e-5)
    assert torch.corrcoef(torch.stack([out.type_mean, label.float()]))[0, 1] > 0.9


@torch.no_grad()
def test_missing_sources_are_normal_inputs(classifier: StarClassifier, others: Arrays) -> None:
    flux, ivar, image, photometry, there, _ = inputs(others)
    none, nothing = torch.zeros_like(there), torch.full_like(photometry, torch.nan)
    for has_spectrum, has_image, magnitudes, least in (
        (there, none, nothing, 0.7), (none, there, nothing, 0.4), (none, none, photometry, 0.6),
        (there, none, photometry, 0.7),
    ):  # fmt: skip
        out = classifier(flux, ivar, image, magnitudes, has_spectrum, has_image)
        assert torch.isfinite(out.probabilities).all()
        assert (out.probabilities.argmax(1) == torch.from_numpy(others["label"])).float().mean() > least
        assert out.by_modality["spectrum"].isnan().all() == (not has_spectrum.any())
        assert out.by_modality["image"].isnan().all() == (not has_image.any())
        assert torch.allclose(out.weights.sum(1), torch.ones(len(there)), atol=1e-5)
    empty = classifier(flux, ivar, image, nothing, none, none)
    assert torch.allclose(empty.probabilities, torch.full_like(empty.probabilities, 0.2))
    assert (empty.novelty > 0.9).all()


@torch.no_grad()
def test_damaged_numbers_never_reach_the_answer(classifier: StarClassifier, others: Arrays) -> None:
    flux, ivar, image, photometry, has_spectrum, has_image = inputs({k: v[:6].copy() for k, v in others.items()})
    flux[0], ivar[1], flux[2, 500:600], ivar[3, ::2] = torch.nan, 0.0, torch.inf, torch.nan
    flux[4] = -flux[4]
    photometry[5] = torch.tensor([22.0, 9999.0, -9999.0, 19.0, torch.inf])
    out = classifier(flux, ivar, image, photometry, has_spectrum, has_image)
    for values in (out.probabilities, out.type_mean, out.type_sd, out.novelty, out.embedding, out.weights):
        assert torch.isfinite(values).all()
    assert out.by_modality["spectrum"][:2].isnan().all()
    assert out.by_modality["photometry"][5].isnan().all()


@torch.no_grad()
def test_the_u_magnitude_is_never_looked_at(classifier: StarClassifier, others: Arrays) -> None:
    flux, ivar, image, photometry, has_spectrum, has_image = inputs(others)
    changed = photometry.clone()
    changed[:, 0] = torch.nan
    first = classifier(flux, ivar, image, photometry, has_spectrum, has_image)
    second = classifier(flux, ivar, image, changed, has_spectrum, has_image)
    assert torch.equal(first.probabilities, second.probabilities)
    assert torch.equal(first.novelty, second.novelty)


@torch.no_grad()
def test_the_unit_of_the_flux_does_not_matter(classifier: StarClassifier, others: Arrays) -> None:
    flux, ivar, *rest = inputs(others)
    first, second = classifier(flux, ivar, *rest), classifier(flux * 1e-17, ivar * 1e34, *rest)
    assert torch.allclose(first.probabilities, second.probabilities, atol=1e-3)


@torch.no_grad()
def test_what_is_no_m_dwarf_is_said_to_be_none(classifier: StarClassifier, others: Arrays) -> None:
    flux, ivar, image, photometry, has_spectrum, has_image = inputs(others)
    hot = torch.linspace(3.0, 0.6, POINTS) * torch.ones_like(flux) * 10
    waves = (1 + 0.5 * torch.sin(torch.arange(POINTS) / 9.0)) * flux
    for strange in (hot, waves):
        out = classifier(strange, ivar, image, photometry, has_spectrum, has_image)
        assert (out.novelty > 0.5).float().mean() > 0.95
    assert (classifier(flux, ivar, image, photometry, has_spectrum, has_image).novelty < 0.5).float().mean() > 0.9


@torch.no_grad()
def test_preparing_once_gives_the_same_answer(classifier: StarClassifier, others: Arrays) -> None:
    given = inputs(others)
    assert torch.equal(classifier.evaluate(prepare(*given)).probabilities, classifier(*given).probabilities)


def test_training_takes_raw_and_prepared_stars_alike(classifier: StarClassifier, stars: Arrays) -> None:
    raw = batch(stars)
    prepared = prepare(*inputs(stars))._asdict() | {"label": raw["label"]}
    assert set(PreparedStars._fields) < set(prepared)
    first, second = (
        classifier.losses(given, torch.Generator().manual_seed(3)) for given in (raw, prepared)
    )  # fmt: skip
    assert {name: float(value.detach()) for name, value in first.items()} == {
        name: float(value.detach()) for name, value in second.items()
    }


def test_losses_stay_finite_when_a_batch_lacks_whole_sources(classifier: StarClassifier, stars: Arrays) -> None:
    whole = batch({name: values[:8] for name, values in stars.items()})
    nothing = torch.zeros(8, dtype=torch.bool)
    for change in (
        {"has_spectrum": nothing}, {"has_image": nothing}, {"photometry": torch.full((8, 5), torch.nan)},
        {"label": torch.full((8,), -1)}, {"has_spectrum": nothing, "has_image": nothing},
    ):  # fmt: skip
        found = classifier.losses(whole | change)
        total = sum(found.values())
        assert torch.isfinite(torch.as_tensor(total)), change
        if isinstance(total, torch.Tensor) and total.requires_grad:
            torch.autograd.backward(total)
    classifier.zero_grad()


def test_a_saved_classifier_answers_alike(classifier: StarClassifier, others: Arrays, tmp_path: Path) -> None:
    classifier.save_pretrained(tmp_path)
    loaded = StarClassifier.from_pretrained(tmp_path)
    assert loaded.settings == classifier.settings
    with torch.no_grad():
        first, second = classifier(*inputs(others)), loaded(*inputs(others))
    assert torch.equal(first.probabilities, second.probabilities)
    assert torch.equal(first.novelty, second.novelty)
    assert torch.equal(first.embedding, second.embedding)


def test_settings_that_are_none_are_refused(classifier: StarClassifier, tmp_path: Path) -> None:
    classifier.save_pretrained(tmp_path)
    path = tmp_path / "classifier.json"
    for old, new in (('"components": 12', '"components": "x"'), ('"bands"', '"bonds"'), ('"hidden"', '"hiding"')):
        text = path.read_text()
        path.write_text(text.replace(old, new, 1))
        with pytest.raises(WeightFileError):
            StarClassifier.from_pretrained(tmp_path)
        path.write_text(text)


def test_the_front_end_follows_from_the_stars_alone(stars: Arrays) -> None:
    first, second = StarClassifier(), StarClassifier()
    first.fit_front_end(stars)
    torch.manual_seed(99)
    second.fit_front_end(stars)
    for name, value in first.named_buffers():
        assert torch.equal(value, dict(second.named_buffers())[name]), name


def test_the_front_end_takes_stars_of_any_sources() -> None:
    for name in ("has_spectrum", "has_image"):
        arrays = simulate_arrays(20)
        arrays[name][:] = False
        arrays["magnitudes"][:] = np.nan
        model = StarClassifier()
        model.fit_front_end(arrays)
        with torch.no_grad():
            assert torch.isfinite(model.eval()(*inputs(arrays)).probabilities).all()
