"""The heads of the specification, on patches: surprise of tokens, reconstruction error, one-class distance."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ml_core.errors import CodedError
from ml_core.hsi.encoder import HSIEncoderBERT
from ml_core.hsi.tokenizer import SSPQTokenizer

_ROWS_AT_ONCE = 256


@torch.no_grad()
def compute_lm_nll_scores(
    encoder: HSIEncoderBERT, joint_ids: Tensor, domain_ids: Tensor, mask_strategy: str = "structured"
) -> Tensor:
    """-log p(token | the others) of every token, each hidden exactly once.

    One random mask would leave most positions without a score and give another one each time. Here the positions are
    dealt out to as few masks as keep to the encoder's mask ratio.

    Args:
        encoder: In evaluation mode for repeatable scores.
        joint_ids: (batch, T).
        domain_ids: (batch,).
        mask_strategy: ``structured`` hides runs of neighbours together, ``random`` positions spread evenly.

    Returns:
        (batch, T) float32, in nats.
    """
    batch, length = joint_ids.shape
    groups = _groups(length, encoder.mask_ratio, mask_strategy)
    rounds = int(groups.max()) + 1
    hidden = (groups[None] == torch.arange(rounds)[:, None]).to(joint_ids.device)  # (rounds, T)
    masked = joint_ids[:, None].masked_fill(hidden[None], encoder.mask_token_id).flatten(0, 1)
    domains = domain_ids.repeat_interleave(rounds)
    k, m = encoder.token_embedding.halves(joint_ids)
    found = torch.zeros(batch * rounds, length, device=joint_ids.device)
    for start in range(0, len(masked), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        states = encoder.encode(masked[rows], domains[rows])
        log_spectral, log_spatial = encoder.log_probabilities(states)
        owner = torch.arange(start, min(start + _ROWS_AT_ONCE, len(masked)), device=k.device) // rounds
        found[rows] -= log_spectral.gather(-1, k[owner].unsqueeze(-1)).squeeze(-1).float()
        found[rows] -= log_spatial.gather(-1, m[owner].unsqueeze(-1)).squeeze(-1).float()
    return (found.view(batch, rounds, length) * hidden).sum(1)


def _groups(length: int, ratio: float, strategy: str) -> Tensor:
    """Which mask hides each position: (T,) int64."""
    if strategy not in ("structured", "random"):
        raise CodedError(
            f'There is no mask strategy "{strategy}".', code="hsi.mask_strategy", hint="Use structured or random."
        )
    rounds = min(length, max(1, round(1.0 / max(ratio, 1e-3))))
    position = torch.arange(length)
    if strategy == "random":
        return position % rounds
    run = max(1, int(length**0.5) // 2)
    return position // run % rounds


@torch.no_grad()
def compute_recon_error(tokenizer: SSPQTokenizer, patches: Tensor, joint_ids: Tensor) -> Tensor:
    """Mean absolute difference of patches and what their tokens stand for.

    Args:
        tokenizer: In evaluation mode.
        patches: (batch, B, S, S).
        joint_ids: (batch, T), their tokens.

    Returns:
        (batch, T) where each pixel has a token of its own, else (batch,).
    """
    drawn = tokenizer.decode_joint_ids(joint_ids, (patches.shape[-2], patches.shape[-1]))
    error = (drawn - patches).abs().mean(1).float()
    if joint_ids.shape[1] == error.shape[1] * error.shape[2]:
        return error.flatten(1)
    return error.mean(dim=(1, 2))


class OneClassHead(nn.Module):
    """How far a representation is from the one class of background.

    With labels a classifier, trained by binary cross entropy. Without, the squared distance to a fixed centre of what
    the first layer makes of it (L. Ruff et al., "Deep One-Class Classification", 2018).

    Args:
        hidden_size: Length of a representation.
    """

    center: Tensor
    labelled: Tensor
    started: Tensor

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(hidden_size, hidden_size), nn.ReLU(), nn.Linear(hidden_size, 1))
        self.register_buffer("center", torch.zeros(hidden_size))
        self.register_buffer("labelled", torch.tensor(False))
        self.register_buffer("started", torch.tensor(False))

    def forward(self, z: Tensor) -> Tensor:
        """Scores (batch, 1) of (batch, hidden_size), larger = more anomalous."""
        if bool(self.labelled):
            return self.net(z)  # type: ignore[no-any-return]
        return self._distance(z).unsqueeze(-1)

    def loss(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """What training lessens: (batch, hidden_size) to a scalar.

        Args:
            z: Representations.
            labels: (batch,), 1 = anomaly. Without, all count as background.
        """
        self.labelled.fill_(labels is not None)
        if labels is not None:
            return functional.binary_cross_entropy_with_logits(self.net(z).squeeze(-1), labels.to(z.dtype))
        self._start(z)
        return self._distance(z).mean()

    def _distance(self, z: Tensor) -> Tensor:
        first: Tensor = self.net[:2](z)
        return (first - self.center).square().mean(-1)

    @torch.no_grad()
    def _start(self, z: Tensor) -> None:
        """The centre is the mean of the first batch; a coordinate near zero would invite the trivial solution."""
        if bool(self.started):
            return
        mean = self.net[:2](z).mean(0)
        self.center.copy_(torch.where(mean.abs() < 0.1, torch.full_like(mean, 0.1), mean))
        self.started.fill_(True)
