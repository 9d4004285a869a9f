"""Polygons -> segmentation -> weight -> masks, with real processes and over the API alone."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ml_core.vision.segmentation.tests.shapes import HEIGHT, WIDTH, make_shapes
from tests.studio_process import StudioProcess, wait_for
from tests.test_closed_loop import Loop, begin

pytestmark = [pytest.mark.process, pytest.mark.slow, pytest.mark.timeout(1200)]
ENDED = {"completed", "failed", "stopped", "lost"}


def test_polygons_become_masks_over_new_pictures(tmp_path: Path) -> None:
    shapes = make_shapes(tmp_path)
    with StudioProcess(tmp_path / "studio", OMP_NUM_THREADS="1", DATASET_ROOTS=str(tmp_path)) as studio:
        loop = Loop(studio, begin(studio), {}, {}, {})
        made = loop.call("POST", "datasets", json={"source": "folder", "path": str(shapes.root), "name": "Shapes"})
        assert made.status_code == 201, made.text
        address = f"datasets/{made.json()['id']}"
        wait_for(lambda: loop.get(address)["current_version"], "the shapes are not imported", 240)
        plan = {
            "recipe": "vision.segment",
            "dataset": made.json()["id"],
            "config": {
                "size": 128,
                "width": 32,
                "fit": {"epochs": 4, "batch_size": 8, "learning_rate": 0.003, "threads": 1},
            },
        }

        def measure() -> dict[str, Any] | None:
            report = loop.call("POST", "training/preflight", json={**plan, "measure": True}).json()
            assert not report["blocked"], report
            return report if report["estimate"]["is_measured"] else None

        report = wait_for(measure, "nothing is measured", 240)
        assert report is not None
        assert report["estimate"]["memory_bytes"] > 10**8
        run = loop.call("POST", "training", json={**plan, "acknowledge": report["asks"]})
        assert run.status_code == 201, run.text
        told = f"training/{run.json()['id']}"
        wait_for(lambda: loop.get(told)["state"] in ENDED, "the run does not end", 400)
        assert loop.get(told)["state"] == "completed", loop.get(told)["cause"]
        weight = wait_for(lambda: loop.get(f"weights?run={run.json()['id']}")["results"], "no weight", 60)[0]

        def ask() -> dict[str, Any] | None:
            files = {"image": ("shapes.png", (shapes.root / "test/0.png").read_bytes())}
            answer = loop.call("POST", "inference/predict-image", data={"weight": weight["id"]}, files=files)
            return answer.json() if answer.status_code == 200 else None

        answer = wait_for(ask, "nobody predicts", 240)
        assert answer is not None
        assert answer["mask_size"] == [HEIGHT, WIDTH]
        assert answer["masks"]
        batch = loop.call("POST", "inference/batch", json={
            "weight": weight["id"], "dataset_version": loop.get(address)["current_version"]["id"], "split": "test",
        })  # fmt: skip
        assert batch.status_code == 201, batch.text
        job = f"inference/jobs/{batch.json()['id']}"
        wait_for(lambda: loop.call("GET", f"{job}/results?format=masks.zip").ok, "the batch does not end", 240)
        content = loop.call("GET", f"{job}/results?format=masks.zip").content
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            maps = {name: np.array(Image.open(packed.open(name))) for name in packed.namelist()}
        assert len(maps) == 6
        assert all(one.shape == (HEIGHT, WIDTH) and one.max() <= 2 for one in maps.values())
        coco = loop.get(f"{job}/results?format=coco.json")
        assert sum(sum(row["segmentation"]["counts"][1::2]) for row in coco["annotations"]) == sum(
            int((one > 0).sum()) for one in maps.values()
        )
