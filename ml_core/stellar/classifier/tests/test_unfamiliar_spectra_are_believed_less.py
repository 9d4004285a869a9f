"""The gate: whom it believes about a star, and when."""

from __future__ import annotations

import torch

from ml_core.stellar.classifier.familiarity import Familiarity
from ml_core.stellar.classifier.gate import Gate, answer_of_members
from ml_core.stellar.classifier.head import TypeEstimate

_ALL = torch.ones(4, 3, dtype=torch.bool)


def _estimate(mean: float, deviation: float = 0.3) -> TypeEstimate:
    return TypeEstimate(torch.full((4,), mean), torch.full((4,), deviation))


def test_plain_members_count_for_as_much_as_the_spectrum_is_familiar() -> None:
    familiar = torch.tensor([0.0, 0.3, 0.7, 1.0])
    members = [_estimate(1.0), _estimate(3.0)]
    mean = answer_of_members(members, [True, False], familiar).estimate.mean
    assert mean[0] == 3.0
    assert (mean.diff() < 0).all()
    assert mean[3] < 2.0
    alone = answer_of_members(members[:1], [True], familiar)
    assert torch.equal(alone.estimate.mean, torch.ones(4))
    robust = answer_of_members(members[1:], [False], familiar)
    assert torch.equal(robust.estimate.mean, torch.full((4,), 3.0))


def test_members_that_disagree_make_the_answer_unsure() -> None:
    familiar = torch.full((4,), 0.5)
    same = answer_of_members([_estimate(2.0), _estimate(2.0)], [True, False], familiar).estimate.deviation
    apart = answer_of_members([_estimate(1.0), _estimate(3.0)], [True, False], familiar).estimate.deviation
    assert (apart > 2 * same).all()


def test_colours_gain_where_the_spectrum_is_strange() -> None:
    gate = Gate()
    spectrum = answer_of_members([_estimate(1.0)], [True], torch.ones(4))
    familiar = torch.tensor([1.0, 0.6, 0.3, 0.0])
    fused = gate(spectrum, _estimate(2.0, 2.0), _estimate(3.0), _ALL, familiar)
    assert (fused.weights[:, 2].diff() > 0).all()
    assert (fused.mean.diff() > 0).all()
    assert torch.allclose(fused.weights.sum(1), torch.ones(4))


def test_a_sure_source_counts_for_more_than_an_unsure_one() -> None:
    gate = Gate()
    gate.shares.copy_(torch.tensor([0.0, 0.5]))
    spectrum = answer_of_members([_estimate(1.0, 0.7)], [True], torch.ones(4))
    sure = gate(spectrum, _estimate(0.0), _estimate(3.0, 0.1), _ALL, torch.ones(4))
    unsure = gate(spectrum, _estimate(0.0), _estimate(3.0, 3.0), _ALL, torch.ones(4))
    assert (sure.probabilities.argmax(1) == 3).all()
    assert (unsure.probabilities.argmax(1) == 1).all()


def test_calibration_gives_a_source_the_least_when_it_says_nothing() -> None:
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(5, (400,), generator=generator)
    right = TypeEstimate(labels.float() + 0.3 * torch.randn(400, generator=generator), torch.full((400,), 0.35))
    noise = TypeEstimate(4 * torch.rand(400, generator=generator), torch.full((400,), 0.3))
    familiar, present = torch.ones(400), torch.ones(400, 3, dtype=torch.bool)
    gate = Gate()
    gate.calibrate(answer_of_members([right], [True], familiar), noise, noise, present, familiar, labels)
    assert gate.shares[0] < 0.06
    assert gate.shares[1] < 0.11
    gate.calibrate(answer_of_members([noise], [True], familiar), noise, right, present, familiar, labels)
    assert gate.shares[1] > 0.25


def test_spectra_unlike_the_training_are_unfamiliar_when_their_signal_is_good() -> None:
    generator = torch.Generator().manual_seed(0)
    sn = torch.exp(4 * torch.rand(2000, generator=generator))
    usual = torch.exp(0.2 * torch.randn(2000, generator=generator)) * (1 + sn / 20)
    model = Familiarity()
    model.fit(usual, usual, sn)
    assert (model(usual, usual, sn) > 0.5).float().mean() > 0.9
    strange = model(2 * usual, usual, sn)
    assert strange[sn > 10].mean() < 0.2
    assert strange[sn < 2].mean() > 0.6


def test_nothing_is_unfamiliar_before_there_were_stars() -> None:
    sn = torch.tensor([1.0, 100.0])
    assert (Familiarity()(torch.tensor([1e-9, 1e9]), torch.ones(2), sn) > 0.9).all()
