"""Spectrum-image contrastive loss: a star's spectrum and picture shall find each other among those of other stars."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


class SICLoss(nn.Module):
    """Symmetric InfoNCE between global features of spectra and images.

    With similarities ``s_ij = <u_i, v_j> / temperature`` of unit vectors, the loss is the mean over the stars and over
    both directions of ``-s_ii + log sum_j exp(s_ij)`` (van den Oord et al. 2018, arXiv:1807.03748; both ways as in
    Radford et al. 2021, arXiv:2103.00020), times ``weight``.

    A single pair has nothing to be told from: its loss is 0, and so is its gradient. Where several processes train
    together, the pairs of all of them are compared, and the mean over the processes of what each returns (which is
    what the averaging of gradients makes of it) is the loss over all pairs, however they are shared out.

    Args:
        temperature: Below 1 it sharpens the comparison.
        weight: Factor.
    """

    def __init__(self, temperature: float = 0.07, weight: float = 1.0) -> None:
        super().__init__()
        if temperature <= 0:
            raise ValueError("The temperature must be above 0.")
        self.temperature = temperature
        self.weight = weight

    def forward(self, spectrum: Tensor, image: Tensor, paired: Tensor | None = None) -> Tensor:
        """Loss of a batch.

        Args:
            spectrum: (N, D) global features of spectra.
            image: (N, D) global features of the same stars' images.
            paired: (N,) bool, which stars have both; all where it is left out.
        """
        if paired is not None:
            spectrum, image = spectrum[paired], image[paired]
        spectrum = functional.normalize(spectrum.float(), dim=1)
        image = functional.normalize(image.float(), dim=1)
        everyone, first, processes = _gather_pairs(torch.stack([spectrum, image], 1))
        if len(everyone) == 0:
            return self.weight * (spectrum.sum() + image.sum())
        own = torch.arange(first, first + len(spectrum), device=spectrum.device)
        total = spectrum.new_zeros(())
        for mine, theirs in ((spectrum, everyone[:, 1]), (image, everyone[:, 0])):
            total = total + functional.cross_entropy(mine @ theirs.T / self.temperature, own, reduction="sum")
        return self.weight * total / 2 * processes / len(everyone)


def _gather_pairs(pairs: Tensor) -> tuple[Tensor, int, int]:
    """The pairs (n, 2, D) of all processes, differentiable; where this process's begin; the number of processes."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return pairs, 0, 1
    processes, rank = torch.distributed.get_world_size(), torch.distributed.get_rank()
    counts = torch.zeros(processes, dtype=torch.int64, device=pairs.device)
    counts[rank] = len(pairs)
    torch.distributed.all_reduce(counts)
    first, total = int(counts[:rank].sum()), int(counts.sum())
    before, after = (
        pairs.new_zeros((first, *pairs.shape[1:])),
        pairs.new_zeros((total - first - len(pairs), *pairs.shape[1:])),
    )
    # A sum of blocks that are zero elsewhere joins blocks of any length, and its gradient is summed over processes.
    everyone: Tensor = _SumOverProcesses.apply(torch.cat([before, pairs, after]))  # type: ignore[no-untyped-call]
    return everyone, first, processes


class _SumOverProcesses(torch.autograd.Function):
    """The sum over all processes; so is its gradient, because every process's loss depends on what each gave."""

    @staticmethod
    def forward(ctx: Any, mine: Tensor) -> Tensor:
        total = mine.clone()
        torch.distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].contiguous().clone()
        torch.distributed.all_reduce(total)
        return total
