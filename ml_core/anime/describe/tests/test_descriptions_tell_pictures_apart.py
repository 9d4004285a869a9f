"""Local descriptors, Fisher vectors and palettes against slow, plain computations."""

from __future__ import annotations

import colorsys

import numpy as np
import torch
from torch.nn import functional

from ml_core.anime.describe.describer import Describer
from ml_core.anime.describe.fisher import FisherVectors
from ml_core.anime.describe.local import local_descriptors
from ml_core.anime.describe.palette import COLOURS, palette
from ml_core.anime.tests.drawn import draw_face


def pictures(count: int = 6) -> torch.Tensor:
    faces = [np.array(draw_face(number % 3, number, size=128)) for number in range(count)]
    return torch.from_numpy(np.stack(faces)).permute(0, 3, 1, 2)


def test_fisher_vectors_are_the_gradients_of_the_likelihood():
    generator = torch.Generator().manual_seed(0)
    points = torch.randn(400, 5, generator=generator)
    vectors = FisherVectors(values=3, kept=3, gaussians=4)
    vectors.fit(points[:, :3], points[:, 3:], generator)
    asked = points[:50]
    encoded = vectors(asked[None, :, :3], asked[:, 3:])[0]
    reduced = torch.cat([(asked[:, :3] - vectors.origin) @ vectors.basis, asked[:, 3:]], dim=1).double()
    means = vectors.means.double().requires_grad_()
    deviations = vectors.deviations.double().requires_grad_()
    scaled = (reduced[:, None] - means) / deviations
    logs = vectors.shares.double().log() - deviations.log().sum(1) - 0.5 * (scaled**2).sum(2)
    by_mean, by_deviation = torch.autograd.grad(logs.logsumexp(1).mean(), (means, deviations))
    root = vectors.shares.double().sqrt()[:, None]
    plain = torch.cat([by_mean * deviations / root, by_deviation * deviations / (root * 2**0.5)]).flatten()
    plain = plain.sign() * plain.abs().sqrt()
    torch.testing.assert_close(encoded.double(), (plain / plain.norm()).detach(), atol=2e-4, rtol=1e-3)


def test_a_palette_counts_colours_as_the_standard_library_names_them():
    shown = pictures(2).float() / 255
    counted = torch.zeros(2, COLOURS)
    for number in range(2):
        for red, green, blue in shown[number].flatten(1).T.tolist():
            hue, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
            place = (min(int(hue * 12), 11) * 4 + min(int(saturation * 4), 3)) * 4 + min(int(value * 4), 3)
            counted[number, place] += 1
    expected = (counted / counted.sum(1, keepdim=True)).sqrt()
    measured = palette(shown)[:, :COLOURS]
    same = (measured / measured.norm(dim=1, keepdim=True) * expected).sum(1)
    assert (same > 0.999).all()


def test_descriptors_cover_the_picture_and_follow_the_edges():
    across = torch.zeros(1, 3, 128, 128)
    across[..., 64:] = 1.0
    local = local_descriptors(across)
    assert local.edges.shape[:2] == local.colours.shape[:2] == (1, len(local.places))
    assert abs(float(local.places.mean())) < 0.05
    strongest = local.edges[0].reshape(-1, 16, 8).sum((0, 1)).argmax()
    assert int(strongest) == 0  # light grows to the right
    assert int(local_descriptors(across.mT)[0][0].reshape(-1, 16, 8).sum((0, 1)).argmax()) == 2  # downwards


def test_a_coarser_look_sees_every_second_place_of_the_finer_one():
    fine, coarse = local_descriptors(pictures(2).float() / 255), local_descriptors(pictures(2).float() / 255, 8)
    for row, place in enumerate(coarse.places):
        same = (fine.places - place).abs().sum(1) < 1e-6
        found = [(fine.edges[:, at] - coarse.edges[:, row]).abs().max() for at in same.nonzero()[:, 0]]
        assert min(found) < 1e-6  # cells of two sizes may share a centre
    assert len(fine.places) / 4.5 < len(coarse.places) < len(fine.places) / 3.5
    describer = Describer(kept=8, gaussians=4)
    describer.fit(pictures(), seed=3)
    one, two = describer.describe(pictures()), describer.coarser(2).describe(pictures())
    assert (one * two).sum(1).div(3).min() > 0.8


def test_means_of_cells_are_those_of_every_place_where_a_cell_may_begin():
    """Cells are summed up only where one begins; here everywhere."""
    shown = pictures(1).float() / 255
    local = local_descriptors(shown)
    grey = functional.avg_pool2d(shown.sum(1, keepdim=True) / 3, 6, 1)[0, 0]
    per_row = round((local.edges.shape[1] - 29**2) ** 0.5)
    assert per_row == 27
    for place in (0, 5, 300, 27 * 27 - 1):
        row, column = 4 * (place // per_row), 4 * (place % per_row)
        cells = torch.stack([grey[row + 6 * r, column + 6 * c] for r in range(4) for c in range(4)])
        torch.testing.assert_close(local.colours[0, 29**2 + place].reshape(16, 6)[:, 0], cells, atol=1e-6, rtol=1e-5)


def test_descriptions_repeat_and_do_not_depend_on_their_company():
    describer = Describer(kept=8, gaussians=4)
    shown = pictures()
    describer.fit(shown, seed=3)
    again = Describer(kept=8, gaussians=4)
    again.fit(shown, seed=3)
    together = describer.describe(shown)
    assert together.shape == (6, describer.length)
    assert torch.equal(together, again.describe(shown))
    torch.testing.assert_close(together[2:3], describer(shown[2:3]), atol=1e-5, rtol=1e-4)
    assert describer.describe(shown[:0]).shape == (0, describer.length)


def test_pictures_of_one_character_are_nearer_than_those_of_others():
    describer = Describer(kept=8, gaussians=8)
    shown = pictures(12)
    describer.fit(shown, seed=0)
    vectors = describer.describe(shown)
    products = vectors @ vectors.T
    labels = torch.arange(12) % 3
    same = (labels[:, None] == labels) & ~torch.eye(12, dtype=torch.bool)
    assert products[same].mean() > products[labels[:, None] != labels].mean() + 0.05
