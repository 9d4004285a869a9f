"""Fusion: robust units, a cut, weights that count, and the heads of the specification on patches."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ml_core.errors import CodedError
from ml_core.hsi.anomaly.fusion import fuse, vote
from ml_core.hsi.anomaly.heads import OneClassHead, compute_lm_nll_scores, compute_recon_error
from ml_core.hsi.anomaly.tests.material import a_model


def test_scale_and_offset_of_a_head_do_not_matter() -> None:
    scores = np.random.default_rng(0).normal(size=(20, 20)).astype(np.float32)
    np.testing.assert_allclose(vote(scores), vote(1000 * scores + 7), atol=1e-3)


def test_extremes_count_little_more_than_high_values_and_never_tie() -> None:
    scores = np.random.default_rng(0).normal(size=(20, 20)).astype(np.float32)
    scores[3, 4], scores[5, 6] = 1e4, 2e4
    assert scores.max() < 3 * vote(scores).max() * 1e4
    assert vote(scores)[3, 4] < vote(scores)[5, 6] < 1.1 * vote(scores)[3, 4]


def test_a_constant_head_says_nothing_and_one_with_few_values_still_does() -> None:
    constant, few = np.full((9, 9), 3.0, np.float32), np.zeros((9, 9), np.float32)
    few[4, 4] = 1.0
    assert not vote(constant).any()
    assert vote(few).argmax() == 4 * 9 + 4 and vote(few)[0, 0] == 0.0


def test_weights_are_honoured() -> None:
    generator = np.random.default_rng(0)
    heads = {name: generator.normal(size=(8, 8)).astype(np.float32) for name in ("lm_nll", "recon", "other")}
    np.testing.assert_allclose(fuse(heads, {"lm_nll": 2.0}), vote(heads["lm_nll"]), atol=1e-6)
    expected = 0.75 * vote(heads["lm_nll"]) + 0.25 * vote(heads["recon"])
    np.testing.assert_allclose(fuse(heads, {"lm_nll": 3.0, "recon": 1.0, "absent": 9.0}), expected, atol=1e-6)
    with pytest.raises(CodedError, match="weight above zero"):
        fuse(heads, {"absent": 1.0})


@pytest.mark.parametrize("strategy", ["structured", "random"])
def test_each_token_is_scored_while_it_is_hidden(strategy: str) -> None:
    encoder = a_model().encoder
    ids, domains = torch.randint(120, (3, 25)), torch.tensor([0, 1, 2])
    scores = compute_lm_nll_scores(encoder, ids, domains, strategy)
    assert scores.shape == (3, 25) and bool((scores > 0).all())
    changed = ids.clone()
    changed[0, 7] = (ids[0, 7] + 13) % 120
    again = compute_lm_nll_scores(encoder, changed, domains, strategy)
    torch.testing.assert_close(again[1:], scores[1:])
    assert again[0, 7] != scores[0, 7]


@torch.no_grad()
def test_scores_equal_masking_by_hand() -> None:
    encoder = a_model().encoder
    ids, domains = torch.randint(120, (1, 9)), torch.tensor([1])
    rounds = 3  # of a mask ratio of 0.35
    found = compute_lm_nll_scores(encoder, ids, domains, "random")[0]
    for position in range(9):
        masked = ids.clone()
        masked[0, position % rounds :: rounds] = encoder.mask_token_id
        log_k, log_m = encoder.log_probabilities(encoder.encode(masked, domains))
        joint = (log_m.unsqueeze(-1) + log_k.unsqueeze(-2)).flatten(-2)[0]
        assert float(found[position]) == pytest.approx(-float(joint[position, ids[0, position]]), abs=1e-4)


def test_an_unknown_mask_strategy_is_refused() -> None:
    with pytest.raises(CodedError, match="no mask strategy"):
        compute_lm_nll_scores(a_model().encoder, torch.zeros(1, 4, dtype=torch.long), torch.zeros(1), "zigzag")


def test_reconstruction_error_is_a_number_for_each_token() -> None:
    tokenizer = a_model().tokenizer
    patches = torch.randn(2, 96, 5, 5)
    ids = tokenizer(patches)["joint_ids"]
    error = compute_recon_error(tokenizer, patches, ids)
    drawn = tokenizer.decode_joint_ids(ids)
    torch.testing.assert_close(error, (drawn - patches).abs().mean(1).flatten(1))


def test_with_labels_the_one_class_head_learns_to_tell_them() -> None:
    torch.manual_seed(0)
    head, labels = OneClassHead(6), torch.tensor([0.0, 1.0]).repeat(32)
    z = torch.randn(64, 6) + 2 * labels[:, None]
    _fit(head, z, labels)
    scores = head(z)[:, 0]
    assert scores.shape == (64,) and scores[labels == 1].min() > scores[labels == 0].max() - 2
    assert scores[labels == 1].mean() > scores[labels == 0].mean() + 2


def test_without_labels_it_measures_the_distance_to_the_one_class() -> None:
    torch.manual_seed(0)
    head, z = OneClassHead(6), torch.randn(64, 6)
    _fit(head, z, None)
    assert head(z).shape == (64, 1)
    assert head(z + 6).mean() > 3 * head(z).mean()


def _fit(head: OneClassHead, z: torch.Tensor, labels: torch.Tensor | None) -> None:
    optimizer = torch.optim.Adam(head.parameters(), 0.01)
    for _ in range(60):
        loss = head.loss(z, labels)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
