"""The parts of the classifier: inputs, components, bands, heads, colours, pictures, augmentation."""

from __future__ import annotations

import pytest
import torch

from ml_core.stellar.classifier import prepare
from ml_core.stellar.classifier.augment import LOWEST_SN, Warp, renoise, warp
from ml_core.stellar.classifier.bands import BANDS, BroadBands
from ml_core.stellar.classifier.components import WeightedComponents
from ml_core.stellar.classifier.image_branch import ImageHead, middle
from ml_core.stellar.classifier.ordinal import class_probabilities, interval_loss
from ml_core.stellar.classifier.photometry import PhotometryHead
from ml_core.stellar.classifier.spectrum_input import BINS, POINTS_PER_BIN, BinnedSpectra, bin_spectra, median_sn
from ml_core.stellar.classifier.tests.stars import POINTS, Arrays, inputs


@pytest.fixture(scope="module")
def spectra(stars: Arrays) -> BinnedSpectra:
    return prepare(*inputs(stars)).spectra


@pytest.fixture(scope="module")
def components(spectra: BinnedSpectra) -> WeightedComponents:
    model = WeightedComponents(6)
    model.fit(spectra)
    return model


def test_bins_keep_the_shape_of_the_flux_and_its_signal() -> None:
    flux = 7.0 * torch.linspace(0.5, 1.5, POINTS).repeat(2, 1)
    ivar = torch.full_like(flux, 4.0)
    ivar[1, 1000:1200] = 0.0
    flux[1, 1000:1200] = 1e9
    binned = bin_spectra(flux, ivar)
    assert torch.allclose(binned.flux[0, -1] / binned.flux[0, 0], torch.tensor(3.0), rtol=0.02)
    assert torch.allclose(
        binned.flux[0] * binned.ivar[0].sqrt(), flux[0, 3:3520:8] * 2 * POINTS_PER_BIN**0.5, rtol=0.01
    )
    assert (binned.ivar[1, 126:149] == 0).all()
    assert binned.flux[1].max() < 2.0
    assert torch.allclose(median_sn(binned)[0], torch.tensor(14.0), rtol=0.02)


def test_class_probabilities_are_the_mass_between_the_edges() -> None:
    mean, deviation = torch.tensor([2.0, -3.0, 9.0]), torch.tensor([0.5, 0.5, 0.5])
    found = class_probabilities(mean, deviation)
    assert torch.allclose(found.sum(1), torch.ones(3))
    assert torch.allclose(found[0, 2], torch.tensor(0.6827), atol=1e-3)
    assert found[1, 0] > 0.999
    assert found[2, 4] > 0.999
    label = torch.tensor([2, 0, 4])
    assert interval_loss(mean, deviation, label) < interval_loss(mean, deviation, (label + 1) % 5)
    assert interval_loss(mean[:0], deviation[:0], label[:0]) == 0


def test_components_explain_spectra_down_to_their_noise(components: WeightedComponents, spectra: BinnedSpectra) -> None:
    found = components(spectra)
    assert found.misfit.median() < 1.3
    flat = spectra._replace(flux=components.centre.expand_as(spectra.flux))
    assert components(flat).mean.abs().max() < 1e-3


def test_what_was_not_measured_leaves_the_prior(components: WeightedComponents, spectra: BinnedSpectra) -> None:
    nothing = spectra._replace(ivar=torch.zeros_like(spectra.ivar))
    found = components(nothing)
    assert torch.allclose(found.mean, torch.zeros_like(found.mean))
    assert torch.allclose(found.covariance[0], torch.eye(6), atol=1e-5)
    half = spectra.ivar.clone()
    half[:, ::2] = 0.0
    assert (components(spectra._replace(ivar=half)).covariance.diagonal(dim1=1, dim2=2).sum(1)
            > components(spectra).covariance.diagonal(dim1=1, dim2=2).sum(1)).all()  # fmt: skip


def test_posterior_deviations_are_honest(components: WeightedComponents) -> None:
    generator = torch.Generator().manual_seed(0)
    truth = torch.randn(300, 6, generator=generator)
    clean = components.reconstruct(truth)
    ivar = torch.full_like(clean, 30.0)
    noisy = clean + torch.randn(clean.shape, generator=generator) / ivar.sqrt()
    found = components(BinnedSpectra(noisy, ivar, torch.ones(300, dtype=torch.bool)))
    pull = (found.mean - truth) / found.covariance.diagonal(dim1=1, dim2=2).sqrt()
    assert 0.8 < pull.std() < 1.1


def test_gaps_within_a_band_do_not_move_it(spectra: BinnedSpectra) -> None:
    bands = BroadBands(BANDS)
    bands.fit(spectra.flux.mean(0))
    whole = bands(spectra)
    holed = spectra.ivar.clone()
    holed[:, 5:20] = 0.0
    pierced = bands(spectra._replace(ivar=holed))
    assert (pierced[:, 0] - whole[:, 0]).abs().median() < 0.05
    assert (pierced[:, BANDS] > whole[:, BANDS]).all()
    assert torch.equal(pierced[:, 1:BANDS], whole[:, 1:BANDS])


def test_noise_that_is_added_is_stated(spectra: BinnedSpectra) -> None:
    clean = BinnedSpectra(torch.ones(500, BINS), torch.full((500, BINS), 1e4), torch.ones(500, dtype=torch.bool))
    noisy = renoise(clean, torch.Generator().manual_seed(0))
    pull = (noisy.flux - 1) * noisy.ivar.sqrt()
    changed = noisy.ivar[:, 0] < 9e3
    assert 0.9 < pull[changed].std() < 1.05
    assert 0.1 < (~changed).float().mean() < 0.25
    assert median_sn(noisy).min() > 0.8 * LOWEST_SN
    empty = spectra._replace(ivar=torch.zeros_like(spectra.ivar), flux=torch.zeros_like(spectra.flux))
    assert torch.equal(renoise(empty, None).flux, empty.flux)


def test_warping_keeps_level_and_signal(spectra: BinnedSpectra) -> None:
    changed = warp(spectra, Warp(0.05, 0.2), torch.Generator().manual_seed(0))
    bent = warp(spectra, Warp(0.05, 0.0), torch.Generator().manual_seed(0))
    assert torch.allclose(median_sn(bent), median_sn(spectra), rtol=0.05)
    ratio = torch.where(spectra.ivar > 0, changed.flux, 1.0) / torch.where(spectra.ivar > 0, spectra.flux, 1.0)
    assert 0.01 < ratio.std(1).median() < 0.2
    assert (changed.flux.mean(1) / spectra.flux.mean(1) - 1).abs().max() < 0.25
    same = warp(spectra, Warp(0.0, 0.0), None)
    assert torch.allclose(same.flux, spectra.flux, atol=1e-4)


def test_a_wrong_magnitude_counts_as_missing() -> None:
    head = PhotometryHead()
    good = torch.tensor([[22.0, 20.0, 18.5, 17.5, 17.0]])
    wrong = good.clone()
    wrong[0, 1] = 9999.0
    missing = good.clone()
    missing[0, 1] = torch.nan
    torch.nn.init.normal_(head.weights)
    assert torch.equal(head(wrong).mean, head(missing).mean)
    assert head.usable(wrong).all()
    assert not head.usable(torch.full((1, 5), torch.nan)).any()


def test_a_redder_picture_measures_redder(stars: Arrays) -> None:
    image = torch.from_numpy(stars["image"])
    head = ImageHead()
    colours = head.measure(middle(image))[:, :9].mean(1)
    label = torch.from_numpy(stars["label"]).float()
    assert torch.corrcoef(torch.stack([colours, label]))[0, 1] > 0.8
    assert torch.isfinite(head.measure(torch.zeros(2, 3, 32, 32))).all()
