"""Measures torchvision's backbones once, so that their cost is known everywhere without torch.

``python -m ml_core.graph.backbone_table`` rebuilds ``operators/backbones.json``: each network is traced on the meta
device (no memory, no weights), its cost is written as a function of the image size, and that function is compared with
torch's own FLOP counter at several sizes before the file is written. Only this module of the package uses torch.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ml_core.graph.operators.backbone_cost import Transformer, read_table

TABLE = Path(__file__).parent / "operators" / "backbones.json"
FAMILIES = {
    "ResNet": ("resnet",),
    "EfficientNet": ("efficientnet",),
    "MobileNet": ("mobilenetv2", "mobilenetv3"),
    "ConvNeXt": ("convnext",),
    "ViT": ("vision_transformer",),
}
# A power of two, so that every resolution inside the network is another number and names its stage.
TRACED_SIZE = 512
# Odd, small and oblong images, where rounding differs between padding rules.
CHECKED_SIZES = ((32, 32), (45, 71), (97, 64), (224, 224), (331, 190))
CHECKED_PATCHES = (1, 3, 14)


@dataclass(slots=True)
class _Trace:
    """What the hooks note: the windows that lower the resolution, and sums by resolution (None: after pooling)."""

    windows: list[list[int]] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=lambda: [(TRACED_SIZE, TRACED_SIZE)])
    macs: dict[int | None, int] = field(default_factory=lambda: defaultdict(int))
    saved: dict[int | None, int] = field(default_factory=lambda: defaultdict(int))
    widest: dict[int | None, int] = field(default_factory=lambda: defaultdict(int))


def main() -> int:
    """Write the table; returns the exit status."""
    import torchvision

    table: dict[str, Any] = {"torchvision": torchvision.__version__.split("+")[0], "builders": {}}
    for family, modules in FAMILIES.items():
        for name in _builders(modules):
            entry = {
                "family": family,
                **_weights(name),
                **(_transformer(name) if family == "ViT" else _convolutional(name)),
            }
            table["builders"][name] = entry
            sys.stdout.write(f"measured {name}\n")
    text = json.dumps(table, separators=(",", ":"), sort_keys=True)
    _verify(table)
    TABLE.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(f"wrote {TABLE.name}, {len(text):,} bytes\n")
    return 0


def _builders(modules: tuple[str, ...]) -> list[str]:
    from torchvision import models

    return [n for n in models.list_models(models) if models.get_model_builder(n).__module__.split(".")[-1] in modules]


def _weights(name: str) -> dict[str, Any]:
    """Published weights with the preprocessing they were trained for."""
    from torchvision import models

    published = models.get_model_weights(name)
    weights = {}
    for weight in published:
        transform = weight.transforms()
        weights[weight.name] = {
            "crop": transform.crop_size[0],
            "resize": transform.resize_size[0],
            "interpolation": transform.interpolation.value,
            "mean": list(transform.mean),
            "std": list(transform.std),
            "classes": len(weight.meta["categories"]),
        }
    return {"weights": weights, "default": published.DEFAULT.name}


def _convolutional(name: str) -> dict[str, Any]:
    import torch
    from torch import nn

    model = _build(name)
    trace = _Trace()
    hooks = [
        m.register_forward_hook(lambda m, a, y: _note(trace, m, a[0], y))
        for m in model.modules()
        if not list(m.children())
    ]
    kept: list[tuple[Any, tuple[int, ...], int]] = []  # holds the storages, so that their ids stay unique
    # The image belongs to the Input node; parameters are no activations.
    image = torch.empty(1, 3, TRACED_SIZE, TRACED_SIZE, device="meta")
    seen: set[int] = {tensor.untyped_storage()._cdata for tensor in (image, *model.parameters())}

    def save(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in seen:
            seen.add(storage._cdata)
            kept.append((storage, tuple(tensor.shape), tensor.numel() * tensor.element_size()))
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(save, lambda tensor: tensor):
        model(image)
    # Only now are all resolutions known. Vectors are statistics of norms, which do not grow with the batch.
    for _, shape, size in kept:
        stage, cells = _place(trace, shape)
        trace.saved[stage] += size // cells if len(shape) > 1 else 0
    for hook in hooks:
        hook.remove()
    linear = [m for m in model.modules() if isinstance(m, nn.Linear)][-1]
    head = linear.in_features * linear.out_features
    stages = [
        [*(trace.windows[i - 1] if i else [1, 1, 0, 1]), trace.macs[i], trace.saved[i], trace.widest[i]]
        for i in range(len(trace.sizes))
    ]
    return {
        "features": linear.in_features,
        "map": _map_channels(name, model),
        "body": sum(p.numel() for p in model.parameters()) - head - linear.out_features,
        "stages": stages,
        "fixed": [trace.macs[None] - head, trace.saved[None]],
        "before_head": _before_head(model),
    }


def _note(trace: _Trace, module: Any, x: Any, y: Any) -> None:
    from torch import nn

    if isinstance(module, nn.Conv2d | nn.MaxPool2d) and tuple(y.shape[2:]) not in trace.sizes and y.shape[-1] > 1:
        trace.sizes.append((y.shape[2], y.shape[3]))
        window = (module.kernel_size, module.stride, module.padding, module.dilation)
        trace.windows.append([int(item[0] if isinstance(item, tuple) else item) for item in window])
    stage, cells = _place(trace, tuple(y.shape))
    trace.widest[stage] = max(trace.widest[stage], 4 * y.numel() // cells)
    if isinstance(module, nn.Conv2d):
        trace.macs[stage] += y.shape[1] * module.weight[0].numel()
    elif isinstance(module, nn.Linear):
        trace.macs[stage] += module.weight.numel()


def _place(trace: _Trace, shape: tuple[int, ...]) -> tuple[int | None, int]:
    """The stage that a tensor of one sample belongs to, and the number of its pixels."""
    for index, (height, width) in enumerate(trace.sizes):
        is_map = len(shape) == 4 and (height, width) in (shape[2:4], shape[1:3])
        if is_map or (len(shape) == 2 and shape[0] == height * width):
            return index, height * width
    return None, 1


def _transformer(name: str) -> dict[str, Any]:
    model = _build(name)
    layer = model.encoder.layers[0]
    hidden = model.hidden_dim
    head = model.heads.head
    positions = model.encoder.pos_embedding.numel()
    return {
        "features": hidden,
        "body": sum(p.numel() for p in model.parameters()) - head.weight.numel() - head.bias.numel() - positions,
        "patch": model.patch_size,
        "layers": len(model.encoder.layers),
        "mlp": layer.mlp[0].out_features,
        "image": model.image_size,
    }


def _before_head(model: Any) -> list[int]:
    """Parameters and multiply-adds between the pooling and the last Linear."""
    from torch import nn

    layers = list(model.classifier.children())[:-1] if hasattr(model, "classifier") else []
    parameters = sum(p.numel() for layer in layers for p in layer.parameters())
    return [parameters, sum(layer.weight.numel() for layer in layers if isinstance(layer, nn.Linear))]


def _map_channels(name: str, model: Any) -> int:
    """Channels of the last feature map, which `features-only` models return."""
    import torch

    body = torch.nn.Sequential(*list(model.children())[:-2]) if hasattr(model, "layer4") else model.features
    return int(body(torch.empty(1, 3, TRACED_SIZE, TRACED_SIZE, device="meta")).shape[1])


def _build(name: str, **options: Any) -> Any:
    import torch
    from torchvision import models

    with torch.device("meta"):
        return models.get_model(name, weights=None, **options)


def _verify(table: dict[str, Any]) -> None:
    """Compare every network with torch's counter.

    Raises:
        AssertionError: A number of the table differs from what torch counts.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    for name, cost in read_table(table).items():
        if isinstance(cost, Transformer):
            sizes = [(cost.patch * side, cost.patch * side) for side in CHECKED_PATCHES]
        else:
            sizes = [size for size in CHECKED_SIZES if cost.resolution(*size)]
        for height, width in sizes:
            model = _build(name, image_size=height) if isinstance(cost, Transformer) else _build(name)
            counted = sum(p.numel() for p in model.parameters())
            _require(name, "parameters", cost.body_parameters(height) + cost.features * 1000 + 1000, counted)
            with FlopCounterMode(display=False) as counter:
                model(torch.empty(2, 3, height, width, device="meta"))
            macs = cost.macs(height, width) + cost.features * 1000
            _require(f"{name} at {height} x {width}", "flops", 4 * macs, counter.get_total_flops())


def _require(name: str, what: str, ours: int, torchs: int) -> None:
    if ours != torchs:
        raise AssertionError(f"{name}: the table gives {ours:,} {what}, torch {torchs:,}.")


if __name__ == "__main__":
    sys.exit(main())
