"""Vector quantisation with a codebook that follows the data by moving averages.

van den Oord et al., "Neural Discrete Representation Learning" (2017), appendix A.1, with a k-means start and the
revival of dead codes (Zeghidour et al., "SoundStream", 2021, section III.C): without them most codes die.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

_KMEANS_ROUNDS = 10
_SMOOTHING = 1e-5
_DEAD_SHARE = 0.02  # of the use that every code would have if all were used alike


@dataclass(frozen=True)
class Quantised:
    """What a codebook makes of vectors.

    Attributes:
        vectors: (N, D) chosen codes; gradients pass straight through to the input.
        indices: (N,) int64, numbers of the codes.
        commitment: Scalar, mean squared distance of the input to its code, with gradient to the input.
        codebook_distance: Scalar without gradient; what the moving averages bring down.
    """

    vectors: Tensor
    indices: Tensor
    commitment: Tensor
    codebook_distance: Tensor


class Codebook(nn.Module):
    """Codes as buffers, so that a checkpoint holds all that training needs.

    Args:
        size: Number of codes K.
        dim: Length of a code D.
        decay: Share of the moving averages that one batch leaves in place.
    """

    codes: Tensor
    counts: Tensor
    sums: Tensor
    started: Tensor

    def __init__(self, size: int, dim: int, decay: float = 0.97) -> None:
        super().__init__()
        self.size, self.dim, self.decay = size, dim, decay
        codes = torch.randn(size, dim) * dim**-0.5
        self.register_buffer("codes", codes)
        self.register_buffer("counts", torch.ones(size))
        self.register_buffer("sums", codes.clone())
        self.register_buffer("started", torch.zeros((), dtype=torch.bool))

    def nearest(self, vectors: Tensor) -> Tensor:
        """Numbers of the nearest codes: (N, D) to (N,) int64."""
        codes = self.codes
        # |v|^2 is the same for all codes and left out. Short floats would confuse codes that lie close together.
        with torch.autocast(vectors.device.type, enabled=False):
            return torch.addmm((codes * codes).sum(1), vectors.float(), codes.t(), alpha=-2.0).argmin(1)

    def lookup(self, indices: Tensor) -> Tensor:
        """Codes by number: (...) to (..., D)."""
        return functional.embedding(indices, self.codes)

    def forward(self, vectors: Tensor) -> Quantised:
        """Quantise (N, D); in training the codes move."""
        given = vectors.float()
        if self.training:
            self._start(given.detach())
        indices = self.nearest(given.detach())
        chosen = self.lookup(indices)
        commitment = functional.mse_loss(given, chosen)
        passed = given + (chosen - given).detach()
        if self.training:
            self._follow(given.detach(), indices)
        return Quantised(passed.to(vectors.dtype), indices, commitment, commitment.detach())

    @torch.no_grad()
    def _start(self, vectors: Tensor) -> None:
        """K-means on the first batch that training shows."""
        if bool(self.started):
            return
        codes = vectors[torch.randint(len(vectors), (self.size,), device=vectors.device)].clone()
        for _ in range(_KMEANS_ROUNDS):
            nearest = torch.cdist(vectors, codes).argmin(1)
            counts = torch.bincount(nearest, minlength=self.size).to(codes.dtype)
            sums = torch.zeros_like(codes).index_add_(0, nearest, vectors)
            codes = torch.where(counts[:, None] > 0, sums / counts.clamp(min=1)[:, None], codes)
        self._place(torch.ones_like(self.started, dtype=torch.bool).expand(self.size), codes, len(vectors))
        self.started.fill_(True)

    @torch.no_grad()
    def _follow(self, vectors: Tensor, indices: Tensor) -> None:
        counts = torch.bincount(indices, minlength=self.size).to(vectors.dtype)
        sums = torch.zeros_like(self.sums).index_add_(0, indices, vectors)
        self.counts.lerp_(counts, 1 - self.decay)
        self.sums.lerp_(sums, 1 - self.decay)
        total = self.counts.sum()
        smooth = (self.counts + _SMOOTHING) / (total + self.size * _SMOOTHING) * total
        self.codes.copy_(self.sums / smooth[:, None].clamp(min=1e-12))
        dead = self.counts < _DEAD_SHARE * total / self.size
        others = vectors[torch.randint(len(vectors), (self.size,), device=vectors.device)]
        self._place(dead, others, len(vectors))

    def _place(self, which: Tensor, codes: Tensor, vectors: int) -> None:
        """Put codes in some places, with the use that an average code has."""
        fresh = torch.full_like(self.counts, vectors / self.size)
        self.counts.copy_(torch.where(which, fresh, self.counts))
        self.codes.copy_(torch.where(which[:, None], codes, self.codes))
        self.sums.copy_(torch.where(which[:, None], codes * fresh[:, None], self.sums))


def code_histogram(indices: Tensor, size: int) -> Tensor:
    """How often each code occurs: (size,) int64."""
    return torch.bincount(indices.flatten(), minlength=size)


def perplexity(histogram: Tensor) -> Tensor:
    """exp(entropy) of the use of codes: as many codes, used alike, would carry the same information."""
    share = histogram.double() / histogram.sum().clamp(min=1)
    return torch.exp(torch.special.entr(share).sum())
