"""Milliseconds and memory of a search among a million images, by an image and by words.

    python -m benchmarks.anime_search [--images 1000000] [--length 400]

Exits with 1 when a search takes more than two seconds or 512 MiB beside the mapped files, or is not exact.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from ml_core.anime.search.index import Block, Found, SearchIndex, write_index

BUDGET_S = 2.0
MEMORY_BUDGET_MIB = 512
CHARACTERS = 1_000
_BLOCK = 20_000
_ROUNDS = 5


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--length", type=int, default=400)
    wishes = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="anime-search-") as name:
        folder = Path(name)
        names = [f"character {number}" for number in range(CHARACTERS)]
        facts = {"characters": names, "texts": {names[7]: ["silver hair, a red coat"]}, "space": "drawn"}
        started = time.perf_counter()
        write_index(folder, facts, wishes.length, wishes.images, drawn_blocks(wishes.images, wishes.length))
        print(f"written in {time.perf_counter() - started:.1f} s")
        started = time.perf_counter()
        index = SearchIndex(folder)
        print(f"opened in {time.perf_counter() - started:.2f} s")
        asked = wishes.images // 2
        query = np.array(np.load(folder / "vectors.npy", mmap_mode="r")[asked])
        by_image, found = measure(lambda: index.by_vector(query))
        by_words, told = measure(lambda: index.by_words("somebody with silver hair"))
        own = max(peak_mib(lambda: index.by_vector(query)), peak_mib(lambda: index.by_words("silver hair")))
    is_exact = found[0].path == f"{asked}.png" and all(one.character == names[7] for one in told)
    print(f"by image {1000 * by_image:.0f} ms, by words {1000 * by_words:.0f} ms, {wishes.images:,} images")
    print(f"memory beside the mapped files {own:.0f} MiB, exact: {is_exact}")
    return int(max(by_image, by_words) > BUDGET_S or own > MEMORY_BUDGET_MIB or not is_exact)


def drawn_blocks(images: int, length: int) -> Iterator[Block]:
    """Random unit vectors, dealt to the characters in turn."""
    rng = np.random.default_rng(0)
    for start in range(0, images, _BLOCK):
        count = min(_BLOCK, images - start)
        vectors = rng.standard_normal((count, length), dtype=np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        numbers = np.arange(start, start + count)
        paths = [f"{number}.png" for number in numbers.tolist()]
        yield vectors, numbers % CHARACTERS, np.ones(count, dtype=np.float32), paths


def measure(search: Callable[[], list[Found]]) -> tuple[float, list[Found]]:
    """Median seconds, and what was found."""
    taken, found = [], []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        found = search()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken), found


def peak_mib(search: Callable[[], list[Found]]) -> float:
    """Most memory that a search takes for itself."""
    tracemalloc.start()
    search()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


if __name__ == "__main__":
    sys.exit(main())
