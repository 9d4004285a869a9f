"""The import and a detection in real processes, as a worker runs them."""

from __future__ import annotations

from typing import Any

import pytest

from cvstudio.runs.models import Run
from cvstudio.runs.supervisor.execute import execute_run
from hsi.models import AnomalyMap, Scene
from hsi.services.create_scene import create_sample
from hsi.services.detect import run_detection

pytestmark = [pytest.mark.process, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_a_worker_imports_the_sample_and_maps_it(alice: Any) -> None:
    scene = create_sample(alice)
    assert scene.import_run_id is not None
    execute_run(scene.import_run_id)
    scene.refresh_from_db()
    assert (scene.state, Run.objects.get(id=scene.import_run_id).state) == ("ready", "completed"), scene.fault
    names = set(Run.objects.get(id=scene.import_run_id).artifacts.values_list("name", flat=True))
    assert "preview.png" in names
    found = run_detection(alice, [Scene.objects.get(id=scene.id)], methods=["global_rx", "morphological"])[0]
    assert found.run_id is not None
    execute_run(found.run_id)
    found = AnomalyMap.objects.get(id=found.id)
    assert found.state == "ready", found.fault
    assert found.methods["global_rx"]["metrics"]["auc"] > 0.5
