from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import ml_core
from ml_core.stellar.models.sic_loss import SICLoss

PAIRS, WIDTH = 7, 5


def _features() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    spectrum, image = torch.randn(2, PAIRS, WIDTH, generator=generator).unbind(0)
    return spectrum.clone().requires_grad_(), image.clone().requires_grad_()


def _by_hand(spectrum: torch.Tensor, image: torch.Tensor, temperature: float) -> torch.Tensor:
    total = torch.zeros(())
    for i in range(len(spectrum)):
        for mine, theirs in ((spectrum, image), (image, spectrum)):
            scores = torch.stack([torch.cosine_similarity(mine[i], other, dim=0) / temperature for other in theirs])
            total = total - scores[i] + scores.exp().sum().log()
    return total / (2 * len(spectrum))


def test_the_loss_is_the_mean_of_both_directions() -> None:
    spectrum, image = _features()
    torch.testing.assert_close(SICLoss(0.2)(spectrum, image), _by_hand(spectrum, image, 0.2))
    torch.testing.assert_close(SICLoss(0.2)(image, spectrum), SICLoss(0.2)(spectrum, image))


def test_weight_is_a_factor_and_pairs_that_find_each_other_cost_nothing() -> None:
    spectrum, image = _features()
    torch.testing.assert_close(SICLoss(0.1, weight=3.0)(spectrum, image), 3 * SICLoss(0.1)(spectrum, image))
    found = torch.eye(4)
    assert SICLoss(0.01)(found, found) < 1e-6
    assert SICLoss(0.07)(spectrum, image) > 0.5


def test_a_single_pair_costs_nothing_and_pushes_nowhere() -> None:
    spectrum, image = (features[:1].detach().requires_grad_() for features in _features())
    loss = SICLoss()(spectrum, image)
    loss.backward()
    assert loss == 0
    assert spectrum.grad is not None
    assert not spectrum.grad.any()


def test_stars_that_lack_a_modality_are_left_out() -> None:
    spectrum, image = _features()
    paired = torch.tensor([True, False, True, True, False, True, False])
    torch.testing.assert_close(SICLoss()(spectrum, image, paired), SICLoss()(spectrum[paired], image[paired]))
    nobody = SICLoss()(spectrum, image, torch.zeros(PAIRS, dtype=torch.bool))
    nobody.backward()
    assert nobody == 0


def test_a_temperature_must_be_positive() -> None:
    with pytest.raises(ValueError, match="temperature"):
        SICLoss(0.0)


_CHILD = """
import os, sys, torch
from ml_core.stellar.models.sic_loss import SICLoss
rank, shares = int(sys.argv[1]), [int(n) for n in sys.argv[3].split(",")]
torch.distributed.init_process_group("gloo", init_method=sys.argv[2], rank=rank, world_size=len(shares))
generator = torch.Generator().manual_seed(3)
first = sum(shares[:rank])
mine = torch.randn(2, 7, 5, generator=generator)[:, first : first + shares[rank]].clone().requires_grad_()
loss = SICLoss(0.2)(mine[0], mine[1])
loss.backward()
# As the averaging of gradients over processes does with those of shared weights.
torch.save({"loss": loss.detach(), "grad": mine.grad / len(shares)}, f"{sys.argv[4]}/{rank}.pt")
torch.distributed.barrier()
# As the command line does: the threads of a process group may abort an interpreter that takes itself down.
os._exit(0)
"""


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.parametrize("shares", [(4, 3), (7, 0)])
def test_two_processes_compare_all_pairs_and_share_the_gradient(tmp_path: Path, shares: tuple[int, int]) -> None:
    address = (tmp_path / "meeting").as_uri()
    environment = {**os.environ, "PYTHONPATH": str(Path(ml_core.__file__).parents[1]), "OMP_NUM_THREADS": "1"}
    given = [address, ",".join(map(str, shares)), str(tmp_path)]
    ranks = [subprocess.Popen([sys.executable, "-c", _CHILD, str(rank), *given], env=environment) for rank in (0, 1)]
    assert [rank.wait(timeout=120) for rank in ranks] == [0, 0]
    found = [torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1)]
    spectrum, image = _features()
    whole = SICLoss(0.2)(spectrum, image)
    whole.backward()
    torch.testing.assert_close(torch.stack([part["loss"] for part in found]).mean(), whole.detach())
    assert spectrum.grad is not None
    assert image.grad is not None
    torch.testing.assert_close(torch.cat([part["grad"][0] for part in found]), spectrum.grad)
    torch.testing.assert_close(torch.cat([part["grad"][1] for part in found]), image.grad)
