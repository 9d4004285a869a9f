"""Every operator, on random parameters: shapes, parameter counts and FLOPs equal those of the real torch module."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from ml_core.graph import analyze, operators, validate
from ml_core.graph.operators import OPERATORS
from ml_core.graph.tests.conftest import Json, real_model, single

Shapes = dict[str, tuple[int, ...]]
Case = tuple[Shapes, Json]
BATCH = 3
ROUNDS = 12


def pair(r: random.Random, low: int, high: int) -> int | list[int]:
    return r.randint(low, high) if r.random() < 0.5 else [r.randint(low, high), r.randint(low, high)]


def image(r: random.Random, channels: int | None = None) -> tuple[int, ...]:
    return (channels or r.randint(1, 24), r.randint(1, 40), r.randint(1, 40))


def conv(r: random.Random, axes: int) -> Case:
    groups = r.choice((1, 1, 2, 3))
    channels = groups * r.randint(1, 8)
    shape = image(r, channels) if axes == 2 else (channels, r.randint(1, 90))
    size = (lambda low, high: pair(r, low, high)) if axes == 2 else r.randint
    return {"in": shape}, {
        "out_channels": groups * r.randint(1, 8), "groups": groups, "kernel_size": size(1, 5), "stride": size(1, 3),
        "padding": size(0, 3), "dilation": size(1, 3), "bias": r.random() < 0.5,
        "padding_mode": r.choice(("zeros", "zeros", "reflect", "replicate", "circular")),
    }  # fmt: skip


def depthwise(r: random.Random) -> Case:
    params = {"multiplier": r.randint(1, 3), "kernel_size": pair(r, 1, 5), "stride": pair(r, 1, 3),
              "padding": pair(r, 0, 3), "bias": r.random() < 0.5}  # fmt: skip
    return {"in": image(r)}, params


def transposed(r: random.Random) -> Case:
    groups = r.choice((1, 2))
    return {"in": image(r, groups * r.randint(1, 8))}, {
        "out_channels": groups * r.randint(1, 8), "groups": groups, "kernel_size": pair(r, 1, 4),
        "stride": pair(r, 1, 3), "padding": pair(r, 0, 3), "output_padding": pair(r, 0, 2),
        "dilation": pair(r, 1, 2), "bias": r.random() < 0.5,
    }  # fmt: skip


def pool(r: random.Random, axes: int) -> Case:
    size = (lambda low, high: pair(r, low, high)) if axes == 2 else r.randint
    params = {"kernel_size": size(1, 5), "stride": r.choice((None, size(1, 4))), "padding": size(0, 2),
              "ceil_mode": r.random() < 0.5}  # fmt: skip
    return {"in": image(r) if axes == 2 else (r.randint(1, 8), r.randint(1, 60))}, params


def any_rank(r: random.Random, low: int = 1, high: int = 4) -> tuple[int, ...]:
    return tuple(r.randint(1, 9) for _ in range(r.randint(low, high)))


def layer_norm(r: random.Random) -> Case:
    shape = any_rank(r)
    return {"in": shape}, {"axes": r.randint(1, len(shape)), "affine": r.random() < 0.5}


def flatten(r: random.Random) -> Case:
    shape = any_rank(r)
    start = r.randint(1, len(shape))
    return {"in": shape}, {"start_dim": start, "end_dim": r.choice((-1, r.randint(start, len(shape))))}


def reshape(r: random.Random) -> Case:
    a, b, c = r.randint(1, 6), r.randint(1, 6), r.randint(1, 6)
    return {"in": (a, b * c)}, {"shape": r.choice(([a * b, c], [-1, c], [c, b, a], [a * b * c], [b, -1, 1]))}


def permute(r: random.Random) -> Case:
    shape = any_rank(r, 2)
    order = list(range(1, len(shape) + 1))
    r.shuffle(order)
    return {"in": shape}, {"dims": [0, *order]}


def joined(r: random.Random) -> Case:
    shape = any_rank(r)
    ports = {f"in{i}": tuple(axis if r.random() < 0.8 else 1 for axis in shape) for i in range(r.randint(2, 4))}
    return ports, {}


def concat(r: random.Random) -> Case:
    shape = any_rank(r)
    axis = r.randrange(len(shape))
    ports = {f"in{i}": (*shape[:axis], r.randint(1, 9), *shape[axis + 1 :]) for i in range(r.randint(2, 4))}
    return ports, {"dim": r.choice((axis + 1, axis - len(shape)))}


def attention(r: random.Random) -> Case:
    heads, length = r.randint(1, 4), r.randint(1, 9)
    embedding = heads * r.randint(1, 8)
    ports: Shapes = {"query": (length, embedding)}
    if r.random() < 0.6:
        source = r.randint(1, 9)
        ports["key"] = (source, r.randint(1, 20))
        if r.random() < 0.6:
            ports["value"] = (source, r.randint(1, 20))
    return ports, {"num_heads": heads, "bias": r.random() < 0.5, "dropout": r.choice((0.0, 0.1))}


def encoder(r: random.Random) -> Case:
    heads = r.randint(1, 4)
    params = {"num_layers": r.randint(1, 3), "num_heads": heads, "feedforward": r.randint(1, 40),
              "activation": r.choice(("relu", "gelu")), "norm_first": r.random() < 0.5}  # fmt: skip
    return {"in": (r.randint(1, 9), heads * r.randint(1, 8))}, params


def residual(r: random.Random) -> Case:
    reduction = r.choice((1, 2, 4))
    params = {"kind": r.choice(("basic", "bottleneck")), "out_channels": reduction * r.randint(1, 6),
              "reduction": reduction, "stride": r.randint(1, 3)}  # fmt: skip
    return {"in": image(r, r.choice((None, params["out_channels"])))}, params


def upsample(r: random.Random) -> Case:
    mode = r.choice(("nearest", "bilinear", "bicubic"))
    return {"in": image(r)}, {
        "scale": pair(r, 1, 3),
        "mode": mode,
        "align_corners": mode != "nearest" and r.random() < 0.5,
    }


def backbone(family: str, smallest: int = 1) -> Callable[[random.Random], Case]:
    def case(r: random.Random) -> Case:
        small = {"ResNet": ("resnet18", "resnet50"), "EfficientNet": ("efficientnet_b0",),
                 "ConvNeXt": ("convnext_tiny",),
                 "MobileNet": ("mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large")}  # fmt: skip
        params = {"builder": r.choice(small[family]), "output": r.choice(("classes", "vector", "map")),
                  "weights": r.choice((None, "DEFAULT")), "num_classes": r.randint(1, 200),
                  "trainable": r.choice(("all", "head"))}  # fmt: skip
        return {"in": (3, r.randint(smallest, 200), r.randint(smallest, 200))}, params

    return case


def vit(r: random.Random) -> Case:
    side = 32 * r.randint(1, 8)
    return {"in": (3, side, side)}, {
        "builder": "vit_b_32", "output": r.choice(("classes", "vector")), "num_classes": r.randint(1, 50),
    }  # fmt: skip


def simple(params: Callable[[random.Random], Json] = lambda r: {}) -> Callable[[random.Random], Case]:
    return lambda r: ({"in": any_rank(r)}, params(r))


def on_image(params: Callable[[random.Random], Json] = lambda r: {}) -> Callable[[random.Random], Case]:
    return lambda r: ({"in": image(r)}, params(r))


def group_norm(r: random.Random) -> Case:
    groups = r.randint(1, 6)
    return {"in": (groups * r.randint(1, 4), *any_rank(r, 0, 3))}, {"groups": groups, "affine": r.random() < 0.5}


CASES: dict[str, Callable[[random.Random], Case]] = {
    "Conv1d": lambda r: conv(r, 1),
    "Conv2d": lambda r: conv(r, 2),
    "ConvTranspose2d": transposed,
    "DepthwiseConv2d": depthwise,
    "MaxPool1d": lambda r: pool(r, 1),
    "MaxPool2d": lambda r: pool(r, 2),
    "AvgPool1d": lambda r: pool(r, 1),
    "AvgPool2d": lambda r: pool(r, 2),
    "AdaptiveAvgPool2d": on_image(lambda r: {"output_size": pair(r, 1, 7)}),
    "AdaptiveMaxPool2d": on_image(lambda r: {"output_size": pair(r, 1, 7)}),
    "BatchNorm1d": lambda r: ({"in": any_rank(r, 1, 2)}, {"affine": r.random() < 0.5, "momentum": 0.2}),
    "BatchNorm2d": on_image(lambda r: {"affine": r.random() < 0.5, "eps": 1e-3}),
    "LayerNorm": layer_norm,
    "GroupNorm": group_norm,
    "Linear": simple(lambda r: {"out_features": r.randint(1, 30), "bias": r.random() < 0.5}),
    "Flatten": flatten,
    "Reshape": reshape,
    "Permute": permute,
    "Mean": lambda r: ({"in": any_rank(r, 2)}, {"dim": r.choice((1, 2, -1))}),
    "Upsample": upsample,
    "Dropout": simple(lambda r: {"p": 0.3}),
    "Dropout2d": on_image(lambda r: {"p": 0.3}),
    "Softmax": simple(lambda r: {"dim": r.choice((1, -1))}),
    "LeakyReLU": simple(lambda r: {"negative_slope": 0.2}),
    "ELU": simple(lambda r: {"alpha": 0.5}),
    "GELU": simple(lambda r: {"approximate": r.choice(("none", "tanh"))}),
    "Add": joined,
    "Multiply": joined,
    "Concat": concat,
    "MultiheadAttention": attention,
    "TransformerEncoder": encoder,
    "Embedding": lambda r: ({"in": any_rank(r, 1, 2)}, {"num_embeddings": 50, "embedding_dim": r.randint(1, 9)}),
    "PositionalEmbedding": lambda r: ({"in": any_rank(r, 2, 2)}, {}),
    "ResidualBlock": residual,
    "SqueezeExcite": on_image(lambda r: {"reduction": r.choice((1, 2, 4, 16))}),
    "ResNet": backbone("ResNet"),
    "EfficientNet": backbone("EfficientNet"),
    "MobileNet": backbone("MobileNet"),
    "ConvNeXt": backbone("ConvNeXt", 1),
    "ViT": vit,
} | {name: simple() for name in ("ReLU", "ReLU6", "SiLU", "Hardswish", "Hardsigmoid", "Sigmoid", "Tanh")}

HEAVY = {"ResNet", "EfficientNet", "MobileNet", "ConvNeXt", "ViT"}


def run_real(document: Json, shapes: Shapes, dtype: torch.dtype, folder: Path) -> tuple[list[int], int, int, int]:
    """Output shape, parameters, trainable ones, FLOPs of the real model."""
    model = real_model(document, folder)
    # Several inputs arrive in the order of their names.
    inputs = [torch.zeros(BATCH, *shape, device="meta", dtype=dtype) for _, shape in sorted(shapes.items())]
    with FlopCounterMode(display=False) as counter:
        output = model(*inputs)
    trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return list(output.shape), sum(p.numel() for p in model.parameters()), trainable, counter.get_total_flops()


def test_every_operator_has_a_case() -> None:
    heads = {name for name, operator in OPERATORS.items() if operator.takes_targets}  # test_detector_heads.py
    assert set(CASES) == set(OPERATORS) - {"Input", "Output"} - heads


@pytest.mark.parametrize("name", sorted(CASES))
def test_shape_parameters_and_flops_equal_those_of_torch(name: str, tmp_path: Path) -> None:
    rounds = 3 if name in HEAVY else ROUNDS
    dtype = "int64" if name == "Embedding" else "float32"
    refused = accepted = 0
    for seed in range(200):
        shapes, params = CASES[name](random.Random(f"{name}{seed}"))
        document = single(name, shapes, params, dtype)
        errors = [finding for finding in validate(document) if finding.severity == "error"]
        if errors:
            refused += 1
            assert_torch_refuses_too(name, shapes, params, errors)
            continue
        budget = analyze(document, batch=BATCH)
        layer = budget.nodes["layer"]
        shape, count, trainable, flops = run_real(document, shapes, getattr(torch, dtype), tmp_path)
        assert layer.out_shape == shape, (shapes, params)
        assert layer.params == count, (shapes, params)
        assert layer.trainable == trainable, (shapes, params)
        assert (layer.flops or 0) == flops, (shapes, params)
        accepted += 1
        if accepted == rounds:
            break
    assert accepted >= rounds, f"only {accepted} of {accepted + refused} random cases were valid"


def assert_torch_refuses_too(name: str, shapes: Shapes, params: Json, errors: list[Any]) -> None:
    """A rule may not be stricter than torch: what validation refuses, the plain torch layer refuses as well."""
    layers: dict[str, Callable[[], Any]] = {
        "Conv2d": lambda: torch.nn.Conv2d(shapes["in"][0], **params)(torch.zeros(2, *shapes["in"])),
        "Conv1d": lambda: torch.nn.Conv1d(shapes["in"][0], **params)(torch.zeros(2, *shapes["in"])),
        "MaxPool2d": lambda: torch.nn.MaxPool2d(**params)(torch.zeros(2, *shapes["in"])),
        "AvgPool2d": lambda: torch.nn.AvgPool2d(**params)(torch.zeros(2, *shapes["in"])),
        "MaxPool1d": lambda: torch.nn.MaxPool1d(**params)(torch.zeros(2, *shapes["in"])),
        "ConvTranspose2d": lambda: torch.nn.ConvTranspose2d(shapes["in"][0], **params)(torch.zeros(2, *shapes["in"])),
    }
    if name in layers:
        with pytest.raises((RuntimeError, ValueError)):
            layers[name]()
            pytest.fail(f"torch takes {shapes} with {params}, but validation says {errors}")


def test_the_catalogue_is_json_and_describes_every_parameter() -> None:
    import json

    catalogue = json.loads(json.dumps(operators()))
    assert [entry["name"] for entry in catalogue] == list(OPERATORS)
    for entry in catalogue:
        assert entry["title"] and entry["category"] and entry["description"].endswith(".")
        for param in entry["params"]:
            assert param["help"].endswith("."), (entry["name"], param["name"])
            assert param["schema"]["description"] == param["help"]
