"""Detectors of torchvision on the feature maps of any network, behind one call for all of them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models.detection import FCOS, FasterRCNN, RetinaNet
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.fcos import FCOSHead
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.retinanet import RetinaNetHead
from torchvision.models.detection.rpn import RPNHead
from torchvision.models.detection.ssd import SSD, SSDHead
from torchvision.models.detection.ssdlite import SSDLiteHead
from torchvision.ops import Conv2dNormActivation, FeaturePyramidNetwork, MultiScaleRoIAlign
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

from ml_core.vision.detection.feature_maps import FeatureMaps

MOST_BOXES = 100  # an image; as many as the COCO evaluation looks at
_LEAST_SCORE = 0.01  # below it, boxes change no score and cost time
_HEAD_CONVOLUTIONS = 2
_COARSER_MAPS = 2
_RATIOS = (0.5, 1.0, 2.0)
#: Boxes of an anchor detector are this many strides long; the finest map of 8 begins with 24 pixels.
_ANCHOR_STRIDES = (3.0, 4.25)


class Detector(nn.Module):
    """A detector for images on a canvas.

    Args:
        name: ``fcos``, ``retinanet``, ``ssd``, ``ssdlite`` or ``fasterrcnn``.
        maps: The body.
        classes: How many.
        width: Channels of the pyramid and the head.
        nms: Overlap from which of two boxes of a class the less probable one goes.
    """

    def __init__(self, name: str, maps: FeatureMaps, *, classes: int, width: int, nms: float) -> None:
        super().__init__()
        self.network, self._offset = BUILDERS[name](maps, classes, width, nms)
        self.network.transform = _AsItIs()  # images come on a canvas already

    def forward(
        self, images: Tensor, boxes: Tensor | None = None, labels: Tensor | None = None, counts: Tensor | None = None
    ) -> Any:
        """In training mode the parts of the loss; in evaluation mode the boxes.

        Args:
            images: Normalised, (N, 3, H, W).
            boxes: For training, as in `BoxBatch`.
            labels: For training, as in `BoxBatch`.
            counts: For training, as in `BoxBatch`.

        Returns:
            ``{name: loss}``; or float32 (N, `MOST_BOXES`, 6): left, top, right, bottom, score, class, best first, where
            rows without a box have score -1.
        """
        if boxes is None or labels is None or counts is None:
            return self._boxes(images)
        parts = counts.tolist()
        targets = [
            {"boxes": own_boxes, "labels": own_labels + self._offset}
            for own_boxes, own_labels in zip(torch.split(boxes, parts), torch.split(labels, parts), strict=True)
        ]
        return self.network(images, targets)

    def _boxes(self, images: Tensor) -> Tensor:
        found = images.new_full((len(images), MOST_BOXES, 6), -1.0, dtype=torch.float32)
        for row, answer in zip(found, self.network(images), strict=True):
            order = answer["scores"].argsort(descending=True, stable=True)[:MOST_BOXES]
            row[: len(order), :4] = answer["boxes"][order]
            row[: len(order), 4] = answer["scores"][order]
            row[: len(order), 5] = (answer["labels"][order] - self._offset).float()
        return found


class _AsItIs(nn.Module):
    """Takes the place of torchvision's resizing and normalisation."""

    def forward(self, images: Tensor, targets: Any = None) -> tuple[ImageList, Any]:
        height, width = images.shape[-2:]
        return ImageList(images, [(height, width)] * len(images)), targets

    def postprocess(self, result: Any, image_shapes: Any, original_image_sizes: Any) -> Any:
        return result


class _Pyramid(nn.Module):
    """Feature maps of equal width, and one coarser one (Lin et al. 2017, arXiv:1612.03144)."""

    def __init__(self, maps: FeatureMaps, width: int) -> None:
        super().__init__()
        self.maps = maps
        self.pyramid = FeaturePyramidNetwork(maps.channels, width, LastLevelMaxPool())
        self.out_channels = width
        self.strides = [*maps.strides, 2 * maps.strides[-1]]

    def forward(self, images: Tensor) -> OrderedDict[str, Tensor]:
        """Maps by name, the finest first."""
        named = OrderedDict((str(number), one) for number, one in enumerate(self.maps(images)))
        levels: OrderedDict[str, Tensor] = self.pyramid(named)
        return levels


class _Ladder(nn.Module):
    """The maps as they are and coarser ones made from the last (Liu et al. 2016, arXiv:1512.02325)."""

    def __init__(self, maps: FeatureMaps, width: int) -> None:
        super().__init__()
        self.maps = maps
        self.coarser = nn.ModuleList()
        self.out_channels = list(maps.channels)
        self.strides = list(maps.strides)
        for _ in range(_COARSER_MAPS):
            narrow = Conv2dNormActivation(self.out_channels[-1], width, 1)
            self.coarser.append(nn.Sequential(narrow, Conv2dNormActivation(width, 2 * width, 3, stride=2)))
            self.out_channels.append(2 * width)
            self.strides.append(2 * self.strides[-1])

    def forward(self, images: Tensor) -> OrderedDict[str, Tensor]:
        """Maps by name, the finest first."""
        levels = self.maps(images)
        for block in self.coarser:
            levels.append(block(levels[-1]))
        return OrderedDict((str(number), level) for number, level in enumerate(levels))


def _anchors(strides: list[int]) -> AnchorGenerator:
    sizes = tuple(tuple(round(stride * factor) for factor in _ANCHOR_STRIDES) for stride in strides)
    return AnchorGenerator(sizes, (_RATIOS,) * len(strides))


def _fcos(maps: FeatureMaps, classes: int, width: int, nms: float) -> tuple[nn.Module, int]:
    """Tian et al. 2019, arXiv:1904.01355."""
    pyramid = _Pyramid(maps, width)
    points = AnchorGenerator(tuple((stride,) for stride in pyramid.strides), ((1.0,),) * len(pyramid.strides))
    head = FCOSHead(width, 1, classes, _HEAD_CONVOLUTIONS)
    network = FCOS(pyramid, classes, anchor_generator=points, head=head, score_thresh=_LEAST_SCORE, nms_thresh=nms,
                   detections_per_img=MOST_BOXES)  # fmt: skip
    return network, 0


def _retinanet(maps: FeatureMaps, classes: int, width: int, nms: float) -> tuple[nn.Module, int]:
    """Lin et al. 2017, arXiv:1708.02002; the head is normalised, without which it hardly learns from scratch."""
    pyramid = _Pyramid(maps, width)
    anchors = _anchors(pyramid.strides)
    norm = partial(nn.GroupNorm, 32)
    head = RetinaNetHead(width, anchors.num_anchors_per_location()[0], classes, norm_layer=norm)
    network = RetinaNet(pyramid, classes, anchor_generator=anchors, head=head, score_thresh=_LEAST_SCORE,
                        nms_thresh=nms, detections_per_img=MOST_BOXES)  # fmt: skip
    return network, 0


def _single_shot(
    make_head: Callable[..., nn.Module], maps: FeatureMaps, classes: int, width: int, nms: float
) -> tuple[nn.Module, int]:
    """SSD (Liu et al. 2016), and SSDLite with separable convolutions in the head (Sandler et al. 2018)."""
    ladder = _Ladder(maps, width)
    anchors = _anchors(ladder.strides)
    head = make_head(ladder.out_channels, anchors.num_anchors_per_location(), classes + 1)
    network = SSD(ladder, anchors, (1, 1), classes + 1, head=head, score_thresh=_LEAST_SCORE, nms_thresh=nms,
                  detections_per_img=MOST_BOXES)  # fmt: skip
    return network, 1


def _fasterrcnn(maps: FeatureMaps, classes: int, width: int, nms: float) -> tuple[nn.Module, int]:
    """Ren et al. 2015, arXiv:1506.01497."""
    pyramid = _Pyramid(maps, width)
    anchors = _anchors(pyramid.strides)
    pool = MultiScaleRoIAlign([str(number) for number in range(len(maps.strides))], output_size=7, sampling_ratio=2)
    network = FasterRCNN(
        pyramid, classes + 1, rpn_anchor_generator=anchors, box_roi_pool=pool,
        rpn_head=RPNHead(width, anchors.num_anchors_per_location()[0]), box_score_thresh=_LEAST_SCORE,
        box_nms_thresh=nms, box_detections_per_img=MOST_BOXES, rpn_pre_nms_top_n_train=1000,
        rpn_post_nms_top_n_train=500, rpn_pre_nms_top_n_test=500, rpn_post_nms_top_n_test=300,
        box_batch_size_per_image=128,
    )  # fmt: skip
    return network, 1


def _lite_head(channels: list[int], anchors: list[int], classes: int) -> nn.Module:
    head: nn.Module = SSDLiteHead(channels, anchors, classes, nn.BatchNorm2d)
    return head


BUILDERS: dict[str, Callable[[FeatureMaps, int, int, float], tuple[nn.Module, int]]] = {
    "fcos": _fcos,
    "retinanet": _retinanet,
    "ssd": partial(_single_shot, SSDHead),
    "ssdlite": partial(_single_shot, _lite_head),
    "fasterrcnn": _fasterrcnn,
}
