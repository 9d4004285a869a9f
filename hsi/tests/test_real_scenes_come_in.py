"""Real scenes, with the traps that real files have, go through upload, inspection and import as a person sends them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cvstudio.datasets.tests.carry_out import carry_out_all
from hsi.tests.makers import make_map

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "hsi"
URL = "/api/v1/hsi/scenes"
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.slow,
    pytest.mark.skipif(not SHARED.is_dir(), reason="The real scenes are not here: ../shared/data/hsi does not exist."),
]

SCENES: dict[str, tuple[list[str], list[int], int]] = {
    "airport": (["abu-airport-1.npz"], [100, 100, 205], 144),
    "beach": (["abu-beach-1.npz"], [150, 150, 188], 19),
    "pavia": (["pavia.npz"], [100, 100, 102], 71),
    "MATLAB 5": (["raw/hydice_v5.mat"], [80, 100, 162], 21),
    "MATLAB 7.3, axes reversed": (["raw/hydice_v73_hdf5.mat"], [80, 100, 162], 17),
    "cube and mask in two files": (["raw/hydice_cube_only.mat", "raw/hydice_mask_only.mat"], [80, 100, 175], 21),
    "ENVI without byte order": (["raw/envi/corn_kernel.hdr", "raw/envi/corn_kernel.raw"], [31, 43, 580], 0),
    "ENVI with a mask beside it": (
        [f"raw/envi/hydice_urban_{name}" for name in ("bil.hdr", "bil.img", "gt.hdr", "gt.img")], [80, 100, 162], 21,
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", SCENES)
def test_a_real_scene_becomes_ready_without_a_correction(alice_api: Any, what: str) -> None:
    names, shape, anomalies = SCENES[what]
    if not all((SHARED / name).is_file() for name in names):
        pytest.skip(f"{names[0]} is not among the real scenes.")
    files = [(SHARED / name).open("rb") for name in names]
    answer = alice_api.post(URL, {"file": files}, format="multipart")
    assert answer.status_code == 201, answer.content
    scene = answer.json()["id"]
    assert alice_api.get(f"{URL}/{scene}/inspection/preview").status_code == 200
    assert alice_api.post(f"{URL}/{scene}/confirm", {}).status_code == 202
    carry_out_all()
    body = alice_api.get(f"{URL}/{scene}").json()
    assert (body["state"], body["shape"], body["anomaly_pixels"]) == ("ready", shape, anomalies), body["fault"]
    assert alice_api.get(f"{URL}/{scene}/preview?bands=30,20,10").status_code == 200
    assert len(alice_api.get(f"{URL}/{scene}/spectrum?row=1&column=2").json()["values"]) == shape[2]


def test_a_real_scene_is_mapped_and_scored(alice: Any, alice_api: Any) -> None:
    from hsi.models import Scene

    with (SHARED / "pavia.npz").open("rb") as file:
        scene = alice_api.post(URL, {"file": [file]}, format="multipart").json()["id"]
    alice_api.post(f"{URL}/{scene}/confirm", {})
    carry_out_all()
    found = make_map(Scene.objects.select_related("owner").get(id=scene), ("global_rx", "morphological"))
    assert found.methods["global_rx"]["metrics"]["auc"] > 0.95
    regions = alice_api.get(f"/api/v1/hsi/maps/{found.id}/regions?method=morphological&count=5").json()["regions"]
    assert any(region["hit"] for region in regions)
