"""Masks: how many tokens, in which form, with which labels."""

from __future__ import annotations

import pytest
import torch

from ml_core.errors import CodedError
from ml_core.hsi.encoder.masking import draw_mask
from ml_core.hsi.encoder.tests.test_encoder_keeps_the_specification import an_encoder, ids

CPU = torch.device("cpu")


def same_neighbours(mask: torch.Tensor) -> float:
    """Share of hidden tokens whose neighbour to the right or below is hidden too."""
    picture = mask.view(-1, 16, 16)
    right = (picture[:, :, 1:] & picture[:, :, :-1]).sum() / picture[:, :, :-1].sum()
    below = (picture[:, 1:] & picture[:, :-1]).sum() / picture[:, :-1].sum()
    return float((right + below) / 2)


@pytest.mark.parametrize("strategy", ["structured", "random"])
@pytest.mark.parametrize(("length", "ratio"), [(256, 0.35), (121, 0.45), (7, 0.3), (2, 0.35), (1, 0.35), (50, 1.0)])
def test_every_row_hides_the_wanted_share(strategy: str, length: int, ratio: float) -> None:
    torch.manual_seed(0)
    mask = draw_mask(5, length, ratio, strategy, CPU)
    assert (mask.sum(1) == max(1, round(ratio * length))).all()


def test_structured_masks_hide_neighbours_in_both_directions() -> None:
    torch.manual_seed(0)
    structured, scattered = (draw_mask(64, 256, 0.35, strategy, CPU) for strategy in ("structured", "random"))
    assert same_neighbours(structured) > 0.7
    assert same_neighbours(scattered) < 0.45


def test_structured_masks_of_a_line_are_runs() -> None:
    torch.manual_seed(0)
    mask = draw_mask(64, 60, 0.4, "structured", CPU)
    assert (mask[:, 1:] & mask[:, :-1]).sum() / mask[:, :-1].sum() > 0.8


def test_every_place_is_hidden_sooner_or_later() -> None:
    torch.manual_seed(0)
    share = draw_mask(1000, 100, 0.35, "structured", CPU).float().mean(0)
    assert share.min() > 0.15 and share.max() < 0.6


def test_labels_hold_what_was_hidden_and_nothing_else() -> None:
    torch.manual_seed(0)
    tokens = ids(4, 100)
    masked_ids, labels = an_encoder().mask_tokens(tokens, 0.4, "structured")
    hidden = labels != -100
    assert (hidden.sum(1) == 40).all()
    assert (masked_ids[hidden] == 16 * 12).all() and (labels[hidden] == tokens[hidden]).all()
    assert (masked_ids[~hidden] == tokens[~hidden]).all()


def test_an_unknown_strategy_is_refused() -> None:
    with pytest.raises(CodedError, match="no masking strategy"):
        an_encoder().mask_tokens(ids(), 0.3, "diagonal")
