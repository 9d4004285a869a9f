from __future__ import annotations

import pytest

from ml_core.errors import GraphError
from ml_core.graph.detector_starters import ssdlite_detector
from ml_core.vision.detection.tests.shapes import Shapes, config_for
from ml_core.vision.probe import probe


@pytest.mark.parametrize("drawn", [False, True])
def test_time_and_memory_of_a_detector_are_known_before_it_trains(shapes: Shapes, drawn: bool) -> None:
    config = config_for(shapes, detector="ssdlite", mosaic=0.5)
    if drawn:
        config["graph"] = ssdlite_detector(2)
    measured = probe("vision.detect", config)
    assert measured["device"] == "cpu"
    assert measured["step_s"] > 0 and measured["decode_s"] > 0
    assert measured["cache_bytes"] == 40 * 96 * 128 * 3
    assert measured["memory_bytes"] > measured["weight_bytes"] > 0


def test_what_the_training_would_refuse_the_probe_refuses(shapes: Shapes) -> None:
    with pytest.raises(GraphError, match="5 classes"):
        probe("vision.detect", config_for(shapes, graph=ssdlite_detector(5)))
