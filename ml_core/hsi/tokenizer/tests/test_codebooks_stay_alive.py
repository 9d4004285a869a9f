"""The codebook: starts in the data, follows it, and lets no code die."""

from __future__ import annotations

import torch

from ml_core.hsi.tokenizer.codebook import Codebook, code_histogram, perplexity


def heaps(count: int = 512, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(8, 4, generator=generator) * 10
    return centres[torch.randint(8, (count,), generator=generator)] + 0.1 * torch.randn(count, 4, generator=generator)


def test_the_first_batch_sets_the_codes_into_the_data() -> None:
    torch.manual_seed(0)
    book = Codebook(16, 4).train()
    out = book(heaps())
    assert bool(book.started)
    assert out.codebook_distance < 0.5 * heaps().var()
    assert perplexity(code_histogram(out.indices, 16)) > 6


def test_dead_codes_come_back() -> None:
    torch.manual_seed(0)
    book = Codebook(16, 4, decay=0.5).train()
    book(heaps())
    book.codes[8:] = 1e4
    book.sums[8:] = 1e4
    for _ in range(12):
        book(heaps())
    assert book.codes.abs().max() < 100
    book.eval()
    assert (code_histogram(book(heaps()).indices, 16) > 0).sum() > 8


def test_codes_follow_the_data() -> None:
    torch.manual_seed(0)
    book = Codebook(8, 4, decay=0.5).train()
    book(heaps())
    for _ in range(20):
        out = book(heaps() + 3.0)
    assert out.codebook_distance < 0.1 * heaps().var()


def test_evaluation_changes_nothing() -> None:
    book = Codebook(8, 4).eval()
    before = {name: value.clone() for name, value in book.state_dict().items()}
    book(heaps())
    assert all((before[name] == value).all() for name, value in book.state_dict().items())


def test_each_vector_gets_its_nearest_code_and_a_straight_gradient() -> None:
    torch.manual_seed(0)
    book = Codebook(8, 4).eval()
    vectors = torch.randn(20, 4, requires_grad=True)
    out = book(vectors)
    assert (out.indices == torch.cdist(vectors, book.codes).argmin(1)).all()
    assert torch.allclose(out.vectors, book.codes[out.indices])
    out.vectors.sum().backward()
    assert torch.allclose(vectors.grad, torch.ones_like(vectors))


def test_perplexity_counts_codes_that_are_used_alike() -> None:
    assert torch.isclose(perplexity(torch.tensor([5, 5, 5, 5, 0, 0])), torch.tensor(4.0, dtype=torch.float64))
    assert torch.isclose(perplexity(torch.tensor([9, 0])), torch.tensor(1.0, dtype=torch.float64))
