"""The form, the preview, the training and the generated code agree on what an augmentation does."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from ml_core.data.augment import (
    PRESETS,
    apply_seeded,
    augment_source,
    build_transform,
    catalogue,
    parse_ops,
    sample_seed,
)
from ml_core.errors import ConfigError

OPERATIONS = [entry["op"] for entry in catalogue()]


@pytest.fixture(scope="module")
def pixels() -> dict[int, Any]:
    import torch

    generator = torch.Generator().manual_seed(3)
    return {c: torch.randint(0, 256, (c, 40, 56), generator=generator, dtype=torch.uint8) for c in (1, 3)}


def run_source(source: str) -> Any:
    """Evaluate generated text the way the exported script does."""
    from torchvision.transforms import v2

    namespace: dict[str, Any] = {"v2": v2}
    exec(compile(f"transform = {source}", "generated", "exec"), namespace)  # noqa: S102 - what is tested is this text
    return namespace["transform"]


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("channels", [1, 3])
def test_generated_text_gives_the_pixels_of_the_transform(name: str, channels: int, pixels: dict[int, Any]) -> None:
    import torch

    ops = parse_ops([{"op": name}])
    built, written = build_transform(ops, (24, 32)), run_source(augment_source(ops, (24, 32)))
    for index in range(8):
        ours = apply_seeded(built, pixels[channels], seed=5, epoch=1, index=index)
        theirs = apply_seeded(written, pixels[channels], seed=5, epoch=1, index=index)
        assert ours.shape == (channels, 24, 32)
        assert ours.dtype == torch.uint8
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_is_valid_and_varies_by_epoch_and_index_alone(name: str, pixels: dict[int, Any]) -> None:
    import torch

    transform = build_transform(parse_ops(PRESETS[name]), (24, 32))
    first = [apply_seeded(transform, pixels[3], seed=1, epoch=0, index=index) for index in range(6)]
    again = [apply_seeded(transform, pixels[3], seed=1, epoch=0, index=index) for index in reversed(range(6))]
    assert all(torch.equal(a, b) for a, b in zip(first, reversed(again), strict=True))
    if name != "none":
        later = [apply_seeded(transform, pixels[3], seed=1, epoch=1, index=index) for index in range(6)]
        assert not all(torch.equal(a, b) for a, b in zip(first, later, strict=True))


def test_a_sample_leaves_the_global_generator_as_it_was(pixels: dict[int, Any]) -> None:
    import torch

    before = torch.get_rng_state()
    apply_seeded(build_transform(parse_ops(PRESETS["strong"]), (24, 32)), pixels[3], seed=1, epoch=0, index=0)
    assert torch.equal(before, torch.get_rng_state())


def test_a_sample_seed_follows_from_all_three_numbers() -> None:
    seeds = {sample_seed(seed, epoch, index) for seed in range(3) for epoch in range(3) for index in range(30)}
    assert len(seeds) == 3 * 3 * 30
    assert sample_seed(1, 23, 4) != sample_seed(1, 2, 34)


def test_without_a_crop_the_image_is_resized_first() -> None:
    ops = parse_ops([{"op": "RandomHorizontalFlip"}])
    assert augment_source(ops, (24, 32)).index("Resize") < augment_source(ops, (24, 32)).index("Flip")
    assert "CenterCrop(size=(24, 24))" in augment_source(ops, (24, 24), resize=28)
    assert augment_source([], None) == "v2.Identity()"


@pytest.mark.parametrize(
    ("data", "where"),
    [
        ("flip", "augment"),
        ([{"op": "Nonsense"}], "augment[0]"),
        ([{"p": 0.5}], "augment[0]"),
        ([{"op": "RandomRotation", "degrees": 999}], "augment[0].degrees"),
        ([{"op": "RandomRotation"}, {"op": "RandomRotation", "angle": 9}], "augment[1].angle"),
        ([{"op": "RandomResizedCrop", "scale": [0.9, 7]}], "augment[0].scale[1]"),
        ([{"op": "RandomResizedCrop", "scale": [0.9, 0.1]}], "augment[0]"),
        ([{"op": "GaussianBlur", "kernel_size": 4}], "augment[0]"),
        ([{"op": "RandomHorizontalFlip", "p": float("nan")}], "augment[0].p"),
        ([{"op": "RandomHorizontalFlip"}] * 21, "augment"),
    ],
)
def test_a_faulty_operation_is_named(data: object, where: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_ops(data)
    assert caught.value.where == where


def test_a_random_crop_without_a_size_is_refused() -> None:
    with pytest.raises(ConfigError, match="needs the size"):
        build_transform(parse_ops([{"op": "RandomResizedCrop"}]))


def test_the_catalogue_describes_every_parameter_without_importing_torch() -> None:
    for entry in catalogue():
        assert entry["title"] and entry["summary"]
        for name, schema in entry["schema"]["properties"].items():
            assert schema.get("description"), f"{entry['op']}.{name}"
            assert "default" in schema
    code = "import sys, ml_core.data.augment as a; a.catalogue(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
