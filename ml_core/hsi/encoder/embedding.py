"""Joint tokens without a joint table: a token is the sum of what its spectral and its spatial half mean.

A table over K_s * K_x = 65,536 joint ids would be most of a small model and would hardly be trained: nearly all pairs
never occur. Behind the interface of ``nn.Embedding`` stand K_s + K_x rows.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


def spectral_factor(joint_vocab_size: int) -> int:
    """K_s of a joint vocabulary about which nothing else is known: its most even split."""
    return next(k for k in range(math.isqrt(joint_vocab_size), 0, -1) if joint_vocab_size % k == 0)


class FactorisedEmbedding(nn.Module):
    """Embedding of joint ids; the last id, ``joint_vocab_size``, is the mask.

    Args:
        joint_vocab_size: K_s * K_x.
        hidden_size: Length of an embedding.
        spectral_codes: K_s.
    """

    def __init__(self, joint_vocab_size: int, hidden_size: int, spectral_codes: int) -> None:
        super().__init__()
        self.num_embeddings = joint_vocab_size + 1
        self.embedding_dim = hidden_size
        self.spectral_codes = spectral_codes
        self.spatial_codes = joint_vocab_size // spectral_codes
        # The last row of each stands for "unknown".
        self.spectral = nn.Embedding(spectral_codes + 1, hidden_size)
        self.spatial = nn.Embedding(self.spatial_codes + 1, hidden_size)
        for table in (self.spectral, self.spatial):
            nn.init.normal_(table.weight, std=0.02)

    def halves(self, joint_ids: Tensor) -> tuple[Tensor, Tensor]:
        """Spectral and spatial ids; the mask has both unknown."""
        masked = joint_ids == self.num_embeddings - 1
        k = torch.where(masked, self.spectral_codes, joint_ids % self.spectral_codes)
        m = torch.where(masked, self.spatial_codes, torch.div(joint_ids, self.spectral_codes, rounding_mode="floor"))
        return k, m

    def forward(self, joint_ids: Tensor) -> Tensor:
        """(...) int64 to (..., hidden_size)."""
        return self.of_halves(*self.halves(joint_ids))

    def of_halves(self, spectral_ids: Tensor, spatial_ids: Tensor) -> Tensor:
        """Embedding of pairs (k, m) of which either may be unknown."""
        embedded: Tensor = self.spectral(spectral_ids) + self.spatial(spatial_ids)
        return embedded

    @property
    def weight(self) -> Tensor:
        """The whole table, (joint_vocab_size + 1, hidden_size), made on demand."""
        return self.forward(torch.arange(self.num_embeddings, device=self.spectral.weight.device))


class FactorisedDecoder(nn.Module):
    """Output layer of the masked language model: log p(k) + log p(m) for every joint id."""

    def __init__(self, hidden_size: int, spectral_codes: int, spatial_codes: int) -> None:
        super().__init__()
        self.spectral = nn.Linear(hidden_size, spectral_codes)
        self.spatial = nn.Linear(hidden_size, spatial_codes)

    def log_probabilities(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """log p(k) (..., K_s) and log p(m) (..., K_x)."""
        return self.spectral(hidden).float().log_softmax(-1), self.spatial(hidden).float().log_softmax(-1)

    def forward(self, hidden: Tensor) -> Tensor:
        """Joint logits (..., K_s * K_x), which are log-probabilities: their exponentials sum to one."""
        spectral, spatial = self.log_probabilities(hidden)
        return (spatial.unsqueeze(-1) + spectral.unsqueeze(-2)).flatten(-2)


class RelativeBias(nn.Module):
    """What attention adds for the offset between two places of a window, for each head.

    A penalty of distance with another slope for each head (Press et al., "ALiBi", 2022), in two dimensions.

    Args:
        side: Side of the largest window.
        heads: Attention heads.
        learned: Train the table. Attention with a learned bias is half as fast.
    """

    table: Tensor

    def __init__(self, side: int, heads: int, *, learned: bool) -> None:
        super().__init__()
        self.side = side
        reach = torch.arange(-(side - 1), side)
        distance = torch.hypot(*torch.meshgrid(reach.float(), reach.float(), indexing="ij")).flatten()
        slopes = 0.5 ** torch.arange(1, heads + 1)
        table = -distance[:, None] * slopes
        if learned:
            self.table = nn.Parameter(table)
        else:
            self.register_buffer("table", table, persistent=False)

    def forward(self, side: int) -> Tensor:
        """(1, heads, side * side, side * side) for windows of this side, at most the largest."""
        place = torch.arange(side, device=self.table.device)
        rows, columns = place.repeat_interleave(side), place.repeat(side)
        offset_rows = rows[:, None] - rows[None] + self.side - 1
        offset_columns = columns[:, None] - columns[None] + self.side - 1
        index = offset_rows * (2 * self.side - 1) + offset_columns
        return functional.embedding(index, self.table).permute(2, 0, 1).unsqueeze(0)


def sine_positions(length: int, hidden_size: int) -> Tensor:
    """Sines and cosines of row and column for the places of a square window in row order: (length, hidden_size).

    Vaswani et al., "Attention Is All You Need" (2017), half of the channels for each direction. Places beyond the
    square go on in further rows.
    """
    side = max(1, math.isqrt(length))
    quarter = max(1, hidden_size // 4)
    rates = torch.exp(-math.log(100.0) * torch.arange(quarter) / quarter)
    places = torch.arange(length)
    angles = torch.cat([(places // side)[:, None] * rates, (places % side)[:, None] * rates], dim=1)
    table = torch.cat([angles.sin(), angles.cos()], dim=1)
    return functional.pad(table, (0, hidden_size - table.shape[1])) if table.shape[1] < hidden_size else table
