"""torchvision's image networks as single nodes: one operator per family, every public builder of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from ml_core.graph.expression import Code, call, literal
from ml_core.graph.operator import Inputs, Operator
from ml_core.graph.operators.backbone_cost import Backbone, Convolutional, Transformer, Weights, backbones
from ml_core.graph.params import Param, Params, choice, integer
from ml_core.graph.tensor import ShapeFault, Tensor


class BackboneOperator(Operator):
    """A whole network from torchvision.

    Attributes:
        head: Path of its last Linear, which is exchanged for other class counts.
    """

    category = "backbone"
    ranks, layout = (4,), "(N, 3, H, W)"
    head: ClassVar[str] = "classifier[-1]"

    # --- rules ----------------------------------------------------------------------------------------------------

    def check(self, p: Params) -> Iterator[tuple[str, str, str]]:
        network = self.network(p)
        if p["weights"] not in (None, "DEFAULT", *network.weights):
            names = ", ".join(["DEFAULT", *network.weights])
            yield "weights", f"{network.name} has no weights {p.text('weights')}", f"Choose null or one of: {names}."
        if p.text("output") == "map" and isinstance(network, Transformer):
            yield "output", f"{network.name} has no feature map", "Choose vector or classes."

    def warn(self, p: Params, inputs: Inputs) -> Iterator[tuple[str, str, str]]:
        if p.text("trainable") == "head" and p["weights"] is None:
            yield (
                "graph.frozen_noise",
                f"{self.network(p).name} is frozen without trained weights, so its features are random.",
                'Choose weights, or set trainable to "all".',
            )
        if p.text("trainable") == "head" and p.text("output") != "classes":
            yield (
                "graph.frozen_features",
                f"{self.network(p).name} has no head of its own here, so nothing of it learns.",
                "This is right when layers of yours follow it.",
            )

    def shape(self, p: Params, inputs: Inputs) -> Tensor:
        network, x = self.network(p), inputs.x
        if x.channels != 3:
            raise ShapeFault(
                f"{network.name} needs 3 channels, but gets {x}.",
                "Use RGB images, or insert a 1 x 1 Conv2d with out_channels 3.",
                code="graph.channels",
            )
        if isinstance(network, Transformer):
            self._check_image(network, p, x)
            return self._vector(network, p)
        resolution = network.resolution(*x.spatial)
        if resolution is None:
            raise ShapeFault(f"{x} is too small for {network.name}.", "Use larger images.", code="graph.too_small")
        if p.text("output") == "map":
            return Tensor((network.map_channels, *resolution))
        return self._vector(network, p)

    def parameter_count(self, p: Params, inputs: Inputs) -> int:
        network = self.network(p)
        count = network.body_parameters(inputs.x.shape[1])
        if p.text("output") == "map" and isinstance(network, Convolutional):
            return count - network.before_head[0]
        return count + self._head_parameters(p)

    def trainable_count(self, p: Params, inputs: Inputs) -> int:
        return self._head_parameters(p) if p.text("trainable") == "head" else self.parameter_count(p, inputs)

    def macs(self, p: Params, inputs: Inputs, output: Tensor) -> int:
        network = self.network(p)
        count = network.macs(*inputs.x.spatial)
        if p.text("output") == "map" and isinstance(network, Convolutional):
            return count - network.before_head[1]
        return count + (network.features * p.int("num_classes") if p.text("output") == "classes" else 0)

    def saved_bytes(self, p: Params, inputs: Inputs, output: Tensor) -> int:
        if p.text("trainable") == "head":
            return output.bytes
        return self.network(p).saved_bytes(*inputs.x.spatial) + output.bytes

    def working_bytes(self, p: Params, inputs: Inputs, output: Tensor) -> int:
        return max(output.bytes, self.network(p).working_bytes(*inputs.x.spatial))

    # --- code -----------------------------------------------------------------------------------------------------

    def module(self, p: Params, inputs: Inputs) -> Code:
        network = self.network(p)
        options: dict[str, tuple[Code | int | None, int | None]] = {}
        if p["weights"] is not None:
            options["weights"] = (Code(f"{literal(p['weights'])} if pretrained else None"), None)
        elif p.text("output") == "classes":
            options["num_classes"] = (p.int("num_classes"), None)
        if isinstance(network, Transformer):
            options["image_size"] = (inputs.x.shape[1], 224)
        return self._cut(call(f"models.{network.name}", **options), p)

    def adapt(self, node: str, p: Params, inputs: Inputs) -> Sequence[str]:
        network, output = self.network(p), p.text("output")
        head = f"self.{node}.{self.head}"
        statements = [f"self.{node}.requires_grad_(False)"] if p.text("trainable") == "head" else []
        if output == "vector":
            statements.append(f"{head} = nn.Identity()")
        elif output == "classes" and p["weights"] is not None and p.int("num_classes") != self._published(p).classes:
            statements.append(f"{head} = {call('nn.Linear', network.features, p.int('num_classes'))}")
        elif output == "classes" and statements:
            statements.append(f"{head}.requires_grad_(True)")
        return statements

    def _cut(self, constructor: Code, p: Params) -> Code:
        """The constructor, cut down to the feature map where that is asked for."""
        return Code(f"{constructor}.features") if p.text("output") == "map" else constructor

    # --- facts ----------------------------------------------------------------------------------------------------

    def network(self, p: Params) -> Backbone:
        """The measured network that the parameters choose."""
        return backbones()[p.text("builder")]

    def catalogue_entry(self) -> dict[str, Any]:
        """The palette entry, with what the editor offers for each builder."""
        builders = {
            name: {
                "parameters": network.body_parameters(getattr(network, "image", 224)) + 1000 * (network.features + 1),
                "features": network.features,
                "default_weights": network.default,
                "weights": {
                    key: {"crop": w.crop, "resize": w.resize, "mean": list(w.mean), "std": list(w.std)}
                    for key, w in network.weights.items()
                },
            }
            for name, network in backbones().items()
            if network.family == self.name
        }
        return {**super().catalogue_entry(), "builders": builders}

    def _published(self, p: Params) -> Weights:
        network = self.network(p)
        return network.weights[network.default if p["weights"] == "DEFAULT" else p.text("weights")]

    def _vector(self, network: Backbone, p: Params) -> Tensor:
        return Tensor((p.int("num_classes") if p.text("output") == "classes" else network.features,))

    def _head_parameters(self, p: Params) -> int:
        return (self.network(p).features + 1) * p.int("num_classes") if p.text("output") == "classes" else 0

    def _check_image(self, network: Transformer, p: Params, x: Tensor) -> None:
        height, width = x.spatial
        wanted = None if p["weights"] is None else self._published(p).crop
        if wanted is not None and (height, width) != (wanted, wanted):
            raise ShapeFault(
                f"The weights of {network.name} are for {wanted} x {wanted} pixels, but it gets {x}.",
                f"Use images of {wanted} x {wanted}, other weights, or none.",
                code="graph.image_size",
            )
        if height != width or height % network.patch:
            raise ShapeFault(
                f"{network.name} needs square images whose side is a multiple of {network.patch}, but gets {x}.",
                f"Use {max(1, round(height / network.patch)) * network.patch} pixels for both sides.",
                code="graph.image_size",
            )


def _params(family: str, default: str) -> tuple[Param, ...]:
    members = sorted((n for n in backbones().values() if n.family == family), key=lambda n: n.body)
    names = tuple(dict.fromkeys(["DEFAULT", *(name for n in members for name in n.weights)]))
    return (
        choice("builder", default, tuple(n.name for n in members), "The network, smallest first."),
        choice(
            "weights",
            None,
            names,
            "Published weights to start from; null starts from random ones, DEFAULT takes the best.",
            nullable=True,
        ),
        choice(
            "output",
            "classes",
            ("classes", "vector", "map"),
            "classes: a score per class. vector: pooled features. map: the last feature map.",
        ),
        integer("num_classes", 10, 1, 1_000_000, "Number of classes (output classes only)."),
        choice(
            "trainable",
            "all",
            ("all", "head"),
            "head learns the last layer alone; running statistics of norms still follow the images.",
        ),
    )


class ResNet(BackboneOperator):
    """He et al. 2016, arXiv:1512.03385, with ResNeXt and Wide ResNet."""

    title = "ResNet"
    description = "Residual networks: a robust first choice for images."
    params = _params("ResNet", "resnet18")
    head = "fc"

    def _cut(self, constructor: Code, p: Params) -> Code:
        if p.text("output") != "map":
            return constructor
        # Without the global pooling and the Linear behind it.
        return Code(f"nn.Sequential(*list({constructor}.children())[:-2])")


class EfficientNet(BackboneOperator):
    """Tan and Le 2019 and 2021, arXiv:1905.11946 and arXiv:2104.00298."""

    title = "EfficientNet"
    description = "Accurate for few multiply-adds; slower to train than it looks."
    params = _params("EfficientNet", "efficientnet_b0")


class MobileNet(BackboneOperator):
    """Sandler et al. 2018 and Howard et al. 2019, arXiv:1801.04381 and arXiv:1905.02244."""

    title = "MobileNet"
    description = "Small and fast, also without a GPU."
    params = _params("MobileNet", "mobilenet_v3_small")


class ConvNeXt(BackboneOperator):
    """Liu et al. 2022, arXiv:2201.03545."""

    title = "ConvNeXt"
    description = "Convolutional networks in the shape of transformers; strong and heavy."
    params = _params("ConvNeXt", "convnext_tiny")


class ViT(BackboneOperator):
    """Dosovitskiy et al. 2021, arXiv:2010.11929."""

    title = "Vision transformer"
    description = "Attention over image patches; needs pretrained weights or much data. Square images only."
    params = _params("ViT", "vit_b_16")
    head = "heads.head"


OPERATORS = (ResNet, EfficientNet, MobileNet, ConvNeXt, ViT)
