"""Shapes, cost and memory of whole graphs against what torch measures."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torchvision
from torch.utils.flop_counter import FlopCounterMode

from ml_core.graph import analyze, templates
from ml_core.graph.operators.backbone import BackboneOperator
from ml_core.graph.operators.backbone_cost import backbones
from ml_core.graph.tests.conftest import chain, edge, graph, node, real_model

SIX = [
    ("ResNet", "resnet18", 224),
    ("ResNet", "resnet50", 160),
    ("MobileNet", "mobilenet_v3_large", 224),
    ("EfficientNet", "efficientnet_b0", 225),
    ("ConvNeXt", "convnext_tiny", 224),
    ("ViT", "vit_b_16", 224),
]


@pytest.mark.parametrize(("family", "builder", "side"), SIX)
def test_flops_and_parameters_of_torchvision_models_are_those_that_torch_counts(
    family: str, builder: str, side: int
) -> None:
    document = chain((3, side, side), node("net", family, builder=builder, num_classes=1000))
    totals = analyze(document, batch=2).totals
    with torch.device("meta"):
        model = torchvision.models.get_model(builder, weights=None)
    with FlopCounterMode(display=False) as counter:
        model(torch.empty(2, 3, side, side, device="meta"))
    assert totals.flops == counter.get_total_flops()  # the promise is 1 %; the table is exact
    assert totals.params == sum(p.numel() for p in model.parameters())


def test_every_public_builder_of_the_families_is_there_with_its_weights() -> None:
    modules = ("resnet", "efficientnet", "mobilenetv2", "mobilenetv3", "convnext", "vision_transformer")
    names = {
        name
        for name in torchvision.models.list_models(torchvision.models)
        if torchvision.models.get_model_builder(name).__module__.split(".")[-1] in modules
    }
    assert set(backbones()) == names
    for name, network in backbones().items():
        published = torchvision.models.get_model_weights(name)
        assert set(network.weights) == {weight.name for weight in published}
        assert network.default == published.DEFAULT.name


def test_a_network_drawn_by_hand_costs_what_torchvision_builds(tmp_path: Path) -> None:
    """ResNet-18 from single blocks equals torchvision's in parameters, and nearly in FLOPs."""
    layers = [
        node("conv1", "Conv2d", out_channels=64, kernel_size=7, stride=2, padding=3, bias=False),
        node("bn1", "BatchNorm2d"),
        node("relu", "ReLU"),
        node("pool", "MaxPool2d", kernel_size=3, stride=2, padding=1),
    ]
    for stage, channels in enumerate((64, 128, 256, 512)):
        for block in range(2):
            stride = 2 if stage and block == 0 else 1
            layers.append(node(f"block{stage}_{block}", "ResidualBlock", out_channels=channels, stride=stride))
    layers += [node("gap", "AdaptiveAvgPool2d"), node("flat", "Flatten"), node("fc", "Linear", out_features=1000)]
    drawn = analyze(chain((3, 224, 224), *layers)).totals
    single = analyze(chain((3, 224, 224), node("net", "ResNet", builder="resnet18", num_classes=1000))).totals
    assert (drawn.params, drawn.macs) == (single.params, single.macs)


def test_the_batch_axis_stays_symbolic_until_a_batch_is_given() -> None:
    document = chain((3, 8, 8), node("conv", "Conv2d", out_channels=4, padding=1))
    one, many = analyze(document), analyze(document, batch=16)
    assert one.nodes["conv"].out_shape == ["N", 4, 8, 8]
    assert many.nodes["conv"].out_shape == [16, 4, 8, 8]
    assert [e.shape[0] for e in one.edges] == ["N", "N"]
    assert many.totals.flops == 16 * one.totals.flops
    assert many.totals.params == one.totals.params
    assert many.totals.activation_bytes == {key: 16 * value for key, value in one.totals.activation_bytes.items()}


def test_another_image_size_is_tried_without_touching_the_document() -> None:
    document = templates((3, 64, 64), 10)[2]["document"]
    larger = analyze(document, input_shape=[3, 128, 128])
    assert larger.input_shapes == {"image": ["N", 3, 128, 128]}
    assert larger.totals.params == analyze(document).totals.params
    assert larger.nodes["conv1"].macs == 4 * (analyze(document).nodes["conv1"].macs or 0)
    assert any(finding.param == "shape" for finding in analyze(document, input_shape=[0]).findings)


def test_operators_without_a_rule_are_listed_as_not_counted() -> None:
    document = chain((3, 8, 8), node("conv", "Conv2d"), node("relu", "ReLU"), node("flat", "Flatten"))
    analysis = analyze(document)
    assert analysis.not_counted == ["relu"]
    assert analysis.nodes["relu"].macs is None
    assert analysis.nodes["flat"].macs == 0


def test_a_faulty_graph_is_analysed_as_far_as_it_goes() -> None:
    document = chain((3, 8, 8), node("conv", "Conv2d"), node("lin", "BatchNorm1d"), node("relu", "ReLU"))
    analysis = analyze(document)
    assert analysis.nodes["conv"].out_shape == ["N", 32, 6, 6]
    assert analysis.nodes["lin"].in_shapes == {"in": ["N", 32, 6, 6]}
    assert analysis.nodes["lin"].out_shape is None
    assert analysis.output_shape is None


def test_the_receptive_field_is_what_gradients_show(tmp_path: Path) -> None:
    """A slow reference: which input pixels change one output position."""
    document = chain(
        (1, 41, 41),
        node("conv1", "Conv2d", out_channels=2, kernel_size=3, padding=1),
        node("pool", "AvgPool2d", kernel_size=2),
        node("conv2", "Conv2d", out_channels=2, kernel_size=3, dilation=2, padding=2),
        node("block", "ResidualBlock", out_channels=2, stride=2),
    )
    cost = analyze(document).nodes["block"]
    model = real_model(document, tmp_path, "cpu").eval()
    for parameter in model.parameters():
        torch.nn.init.ones_(parameter)
    image = torch.ones(1, 1, 41, 41, requires_grad=True)
    output = model(image)
    output[0, :, output.shape[2] // 2, output.shape[3] // 2].sum().backward()  # type: ignore[no-untyped-call]
    assert image.grad is not None
    rows = image.grad[0, 0].abs().sum(1).nonzero()
    assert cost.receptive_field == [int(rows.max() - rows.min()) + 1] * 2
    assert cost.stride == [4, 4]


@pytest.mark.parametrize(
    ("family", "builder", "within"),
    [("ResNet", "resnet18", 0.02), ("MobileNet", "mobilenet_v3_small", 0.05), ("ConvNeXt", "convnext_tiny", 0.02)],
)
def test_memory_of_training_is_close_to_what_torch_keeps(family: str, builder: str, within: float) -> None:
    with torch.device("meta"):
        model = torchvision.models.get_model(builder, weights=None)
    kept = _saved_bytes(model, 4, 192)
    predicted = analyze(chain((3, 192, 192), node("net", family, builder=builder, num_classes=1000)), batch=4)
    assert predicted.totals.activation_bytes["train"] == pytest.approx(kept, rel=within)


def test_memory_of_a_graph_of_layers_is_of_the_right_size(tmp_path: Path) -> None:
    document = templates((3, 64, 64), 10)[2]["document"]
    kept = _saved_bytes(real_model(document, tmp_path), 4, 64)
    assert analyze(document, batch=4).totals.activation_bytes["train"] == pytest.approx(kept, rel=0.25)


def _saved_bytes(model: torch.nn.Module, batch: int, side: int) -> int:
    storages = {p.untyped_storage()._cdata for p in model.parameters()}
    alive = []
    total = 0

    def save(tensor: torch.Tensor) -> torch.Tensor:
        nonlocal total
        storage = tensor.untyped_storage()
        if storage._cdata not in storages:
            storages.add(storage._cdata)
            alive.append(storage)
            total += storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(save, lambda tensor: tensor):
        model(torch.empty(batch, 3, side, side, device="meta"))
    return total


def test_the_peak_of_inference_frees_what_is_no_longer_needed() -> None:
    layers = [node(f"conv{i}", "Conv2d", out_channels=8, padding=1) for i in range(10)]
    totals = analyze(chain((8, 16, 16), *layers)).totals
    one = 4 * 8 * 16 * 16
    assert totals.activation_bytes["eval"] == 2 * one  # one going in, one coming out
    assert totals.activation_bytes["train"] == 11 * one


def test_a_frozen_backbone_tells_what_is_trained() -> None:
    document = chain((3, 64, 64), node("net", "ResNet", weights="DEFAULT", trainable="head", num_classes=5))
    assert analyze(document).totals.trainable == 513 * 5


def test_every_family_is_an_operator() -> None:
    from ml_core.graph.operators import OPERATORS

    families = {name for name, operator in OPERATORS.items() if isinstance(operator, BackboneOperator)}
    assert families == {network.family for network in backbones().values()}


def test_an_edge_carries_the_shape_of_its_source() -> None:
    nodes = [node("tokens", "Input", shape=[12], dtype="int64"), node("table", "Embedding"), node("result", "Output")]
    analysis = analyze(graph(nodes, [edge("tokens", "table"), edge("table", "result")]))
    assert [(e.shape, e.dtype) for e in analysis.edges] == [(["N", 12], "int64"), (["N", 12, 64], "float32")]
