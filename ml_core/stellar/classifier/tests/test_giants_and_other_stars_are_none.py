"""Novelty: what is refused, and what is not."""

from __future__ import annotations

import torch

from ml_core.stellar.classifier import StarClassifier, prepare
from ml_core.stellar.classifier.gravity import Gravity
from ml_core.stellar.classifier.spectrum_input import BIN_WAVELENGTH, BinnedSpectra, median_sn
from ml_core.stellar.classifier.tests.stars import Arrays, inputs


def _giants(spectra: BinnedSpectra) -> BinnedSpectra:
    """The same stars with CaH and Na I filled up to what is beside them."""
    flux = spectra.flux.clone()
    for low, high, beside in ((6740, 7010, (7028, 7052)), (8170, 8210, (8145, 8160))):
        band = (low < BIN_WAVELENGTH) & (high > BIN_WAVELENGTH)
        around = (beside[0] < BIN_WAVELENGTH) & (beside[1] > BIN_WAVELENGTH)
        flux[:, band] = flux[:, around].mean(1, keepdim=True)
    return BinnedSpectra(flux, spectra.ivar, spectra.usable)


def test_stars_without_cah_and_sodium_are_giants(stars: Arrays, others: Arrays) -> None:
    train, test = prepare(*inputs(stars)).spectra, prepare(*inputs(others)).spectra
    gravity = Gravity()
    gravity.fit(train, median_sn(train))
    assert gravity(test).abs().quantile(0.98) < 3.5
    cool = torch.from_numpy(others["label"]) >= 2  # hotter dwarfs have little CaH to lose
    assert gravity(_giants(test))[cool].quantile(0.05) > 3.5


def test_bands_that_were_not_measured_make_no_giant(stars: Arrays, others: Arrays) -> None:
    train, test = prepare(*inputs(stars)).spectra, _giants(prepare(*inputs(others)).spectra)
    gravity = Gravity()
    assert (gravity(test).abs() < 0.1).all()
    gravity.fit(train, median_sn(train))
    test.ivar[:, (BIN_WAVELENGTH > 7000) & (BIN_WAVELENGTH < 7100)] = 0.0
    test.ivar[:, BIN_WAVELENGTH > 8000] = 0.0
    assert torch.equal(gravity(test), torch.zeros(len(test.flux)))


@torch.no_grad()
def test_giants_are_refused_by_the_whole_classifier(classifier: StarClassifier, others: Arrays) -> None:
    prepared = prepare(*inputs(others))
    giants = _giants(prepared.spectra)
    answer = classifier.evaluate(prepared._replace(flux=giants.flux))
    assert (answer.novelty[torch.from_numpy(others["label"]) >= 2] > 0.5).float().mean() > 0.9


@torch.no_grad()
def test_a_few_percent_of_calibration_do_not_make_a_star_none(classifier: StarClassifier, others: Arrays) -> None:
    flux, *rest = inputs(others)
    wave = 1 + 0.04 * torch.sin(torch.linspace(0, 9, flux.shape[1]))
    assert (classifier(flux * wave, *rest).novelty < 0.5).float().mean() > 0.9
