"""Detector heads: feature maps of several strides become boxes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ml_core.graph.expression import Code, call
from ml_core.graph.operator import Inputs, Operator, Port
from ml_core.graph.params import Params, fraction, integer
from ml_core.graph.tensor import ShapeFault, Tensor

MOST_BOXES = 100  # an image; as many as the evaluation of COCO looks at
ROW = 6  # left, top, right, bottom, score, class
STRIDES = {"map8": 8, "map16": 16, "map32": 32}
_ANCHORS = 6
_PROPOSALS, _POOLED, _HIDDEN = 300, 7 * 7, 1024


@dataclass(frozen=True, slots=True)
class Layer:
    """A convolution or dense layer of a head.

    Attributes:
        weights: Its weights.
        others: Its biases and those of a norm behind it.
        outputs: Its output channels.
        places: At how many positions it is computed, over all levels.
    """

    weights: int
    others: int
    outputs: int
    places: int


class DetectorHead(Operator):
    """Base of the heads."""

    category = "detection"
    takes_targets = True
    ranks, layout = (4,), "(N, C, H, W)"
    inputs = (
        Port("image", "The image itself, for its size."),
        Port("map8", "Its feature map at an eighth of the resolution, for small objects.", optional=True),
        Port("map16", "At a sixteenth of the resolution."),
        Port("map32", "At a thirty-second of the resolution, for large objects."),
    )
    params = (
        integer("classes", 1, 1, 10_000, "Classes of objects, without background."),
        integer("width", 64, 32, 1_024, "Channels inside the head; a multiple of 32."),
        fraction("nms", 0.5, "Of two boxes of a class that overlap more than this, the less probable one goes."),
    )

    def check(self, p: Params) -> Iterator[tuple[str, str, str]]:
        if p.int("width") % 32:
            yield "width", f"width = {p.int('width')} is no multiple of 32", "Choose 32, 64, 96 and so on."

    def shape(self, p: Params, inputs: Inputs) -> Tensor:
        image = inputs.x
        for port, fmap in list(inputs.by_port.items())[1:]:
            expected = tuple(-(-side // STRIDES[port]) for side in image.spatial)
            if fmap.spatial != expected:
                height, width = expected
                raise ShapeFault(
                    f"Port {port} takes a map of {height} x {width} from an image of {image.spatial[0]} x "
                    f"{image.spatial[1]}, but gets {fmap}.",
                    "Connect the last layer of that resolution; a stride or pooling of 2 halves it.",
                    port=port,
                    code="graph.stride",
                )
        return Tensor((MOST_BOXES, ROW), "boxes")

    def parameter_count(self, p: Params, inputs: Inputs) -> int:
        return sum(layer.weights + layer.others for layer in self.layers(p, inputs))

    def macs(self, p: Params, inputs: Inputs, output: Tensor) -> int:
        return sum(layer.weights * layer.places for layer in self.layers(p, inputs))

    def saved_bytes(self, p: Params, inputs: Inputs, output: Tensor) -> int:
        # A layer's output is kept for what follows it, and once more by the norm and activation behind it.
        return sum(8 * layer.outputs * layer.places for layer in self.layers(p, inputs))

    def working_bytes(self, p: Params, inputs: Inputs, output: Tensor) -> int:
        return max(8 * layer.outputs * layer.places for layer in self.layers(p, inputs))

    def layers(self, p: Params, inputs: Inputs) -> list[Layer]:
        """Everything with weights that the head computes."""
        raise NotImplementedError

    def module(self, p: Params, inputs: Inputs) -> Code:
        maps = {port: fmap.channels for port, fmap in inputs.by_port.items() if port in STRIDES}
        strides = [STRIDES[port] for port in maps]
        return self.constructor(list(maps.values()), strides, p.int("classes"), p.int("width"), p.float("nms"))

    def constructor(self, channels: list[int], strides: list[int], classes: int, width: int, nms: float) -> Code:
        """Text that makes the head for maps of these channels and strides."""
        return call(self.name, Code(channels), Code(strides), classes, width=(width, 64), nms=(nms, 0.5))

    def call(self, node: str, args: Sequence[Code], p: Params, inputs: Inputs) -> Code:
        return call(f"self.{node}", args[0], Code(f"[{', '.join(args[1:])}]"), Code("targets"))


class _OnPyramid(DetectorHead):
    """A head that looks at all levels of a feature pyramid with the same layers."""

    def places(self, inputs: Inputs) -> list[int]:
        """Positions of each level, with the coarser one that the pyramid adds."""
        maps = [fmap.spatial for fmap in inputs.all[1:]]
        return [h * w for h, w in [*maps, tuple(-(-side // 2) for side in maps[-1])]]

    def layers(self, p: Params, inputs: Inputs) -> list[Layer]:
        width, places = p.int("width"), self.places(inputs)
        pyramid = []
        for fmap, count in zip(inputs.all[1:], places, strict=False):
            pyramid += [Layer(fmap.channels * width, width, width, count), Layer(9 * width**2, width, width, count)]
        return [*pyramid, *self.shared(p.int("classes"), width, sum(places))]

    def shared(self, classes: int, width: int, places: int) -> list[Layer]:
        """The layers behind the pyramid."""
        raise NotImplementedError


class FCOSHead(_OnPyramid):
    """Tian et al. 2019, arXiv:1904.01355."""

    title = "FCOS head"
    description = "Finds boxes around points, without anchors. The first choice: few settings, learns from scratch."
    helpers = ("Pyramid", "Candidates", "Suppress", "FCOSHead")

    def shared(self, classes: int, width: int, places: int) -> list[Layer]:
        tower = [Layer(9 * width**2, 3 * width, width, places)] * 4
        ends = (classes, 4, 1)
        return [*tower, *(Layer(9 * width * end, end, end, places) for end in ends)]


class RetinaNetHead(_OnPyramid):
    """Lin et al. 2017, arXiv:1708.02002."""

    title = "RetinaNet head"
    description = "Finds boxes from anchors in one stage, with a loss that looks at the hard ones."
    helpers = ("Pyramid", "Candidates", "Suppress", "RetinaNetHead")

    def shared(self, classes: int, width: int, places: int) -> list[Layer]:
        tower = [Layer(9 * width**2, 2 * width, width, places)] * 8
        ends = (_ANCHORS * classes, _ANCHORS * 4)
        return [*tower, *(Layer(9 * width * end, end, end, places) for end in ends)]


class FasterRCNNHead(_OnPyramid):
    """Ren et al. 2015, arXiv:1506.01497."""

    title = "Faster R-CNN head"
    description = "Finds places of objects first and what they are then. Slow on a CPU, exact with much data."
    helpers = ("Pyramid", "Candidates", "Suppress", "Proposals", "FasterRCNNHead")

    def shared(self, classes: int, width: int, places: int) -> list[Layer]:
        first = [Layer(9 * width**2, width, width, places)]
        first += [Layer(width * end, end, end, places) for end in (_ANCHORS, 4 * _ANCHORS)]
        found = min(_PROPOSALS, _ANCHORS * places)
        sizes = [(_POOLED * width, _HIDDEN), (_HIDDEN, _HIDDEN), (_HIDDEN, classes + 1), (_HIDDEN, 4 * (classes + 1))]
        return [*first, *(Layer(before * after, after, after, found) for before, after in sizes)]


class SSDHead(DetectorHead):
    """Liu et al. 2016, arXiv:1512.02325."""

    title = "SSD head"
    description = "Finds boxes from anchors on the maps as they are and two coarser ones."
    helpers = ("Ladder", "Candidates", "Suppress", "SSDHead")

    def layers(self, p: Params, inputs: Inputs) -> list[Layer]:
        width, levels = p.int("width"), [(fmap.channels, fmap.spatial) for fmap in inputs.all[1:]]
        layers = []
        for _ in range(2):
            channels, spatial = levels[-1]
            coarse = (-(-spatial[0] // 2), -(-spatial[1] // 2))
            layers.append(Layer(channels * width, 2 * width, width, spatial[0] * spatial[1]))
            layers.append(Layer(18 * width**2, 4 * width, 2 * width, coarse[0] * coarse[1]))
            levels.append((2 * width, coarse))
        for channels, spatial in levels:
            for end in (_ANCHORS * (p.int("classes") + 1), 4 * _ANCHORS):
                layers += self.predictors(channels, end, spatial[0] * spatial[1])
        return layers

    def predictors(self, channels: int, end: int, places: int) -> list[Layer]:
        """The layers of one level that give ``end`` numbers at each position."""
        return [Layer(9 * channels * end, end, end, places)]


class SSDLiteHead(SSDHead):
    """Sandler et al. 2018, arXiv:1801.04381."""

    title = "SSDLite head"
    description = "SSD with separable convolutions: the fastest head on a CPU."

    def predictors(self, channels: int, end: int, places: int) -> list[Layer]:
        return [Layer(9 * channels, 2 * channels, channels, places), Layer(channels * end, end, end, places)]

    def constructor(self, channels: list[int], strides: list[int], classes: int, width: int, nms: float) -> Code:
        options = {"width": (width, 64), "nms": (nms, 0.5), "separable": (True, False)}
        return call("SSDHead", Code(channels), Code(strides), classes, **options)


OPERATORS = (FCOSHead, RetinaNetHead, SSDHead, SSDLiteHead, FasterRCNNHead)
