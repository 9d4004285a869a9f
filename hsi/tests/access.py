"""This domain's part of the access matrix (`tests/access_table.py`): its rows, and Alice's things."""

from __future__ import annotations

import io
import json
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from cvstudio.runs.models import Run, RunState
from hsi.models import AnomalyMap, Pipeline, Scene, Sensor
from hsi.storage import map_folder, scene_folder
from hsi.tests.makers import mask, npz_file
from ml_core.run.config import parse_config
from ml_core.run.context import RunContext
from ml_core.run.control import Control
from ml_core.run.directory import RunDirectory
from ml_core.run.events import SilentEvents
from ml_core.run.registry import get_recipe
from tests.access_rows import (
    ACTION,
    LIST,
    MEMBERS,
    NO_FORM,
    NOTHING,
    OWNED,
    SHOWN,
    SIGN_IN,
    THING,
    Page,
    row,
)

API = "/api/v1/hsi"


def mask_file() -> io.BytesIO:
    """An upload."""
    stream = io.BytesIO()
    np.save(stream, mask())
    stream.seek(0)
    stream.name = "mask.npy"
    return stream


def chain(world: Any) -> dict[str, Any]:
    """A chain that learns from Alice's scene."""
    return {"preset": "cpu", "scenes": [str(world.things["scene"].pk)]}


def detection(world: Any) -> dict[str, Any]:
    """A detection on Alice's scene."""
    return {"scenes": [str(world.things["scene"].pk)], "methods": ["global_rx"]}


ROWS = {
    f"GET {API}/sensors": row(*MEMBERS),
    f"POST {API}/sensors": row(401, 201, 201, 201, body={"name": "Another"}),
    f"GET {API}/sensors/{{id}}": row(*OWNED),
    f"PATCH {API}/sensors/{{id}}": row(*OWNED, body={"notes": "Flown in May."}),
    f"DELETE {API}/sensors/{{id}}": row(401, 404, 204, 204),
    f"GET {API}/scenes": row(*MEMBERS),
    f"POST {API}/scenes": row(401, 201, 201, 201, body={"source": "sample"}),
    f"GET {API}/scenes/{{id}}": row(*OWNED),
    f"PATCH {API}/scenes/{{id}}": row(*OWNED, body={"name": "Renamed"}),
    f"DELETE {API}/scenes/{{id}}": row(401, 404, 409, 409),  # a chain learns from it
    f"POST {API}/scenes/{{id}}/confirm": row(401, 404, 400, 400, body={}),  # it is imported already
    f"GET {API}/scenes/{{id}}/inspection/preview": row(401, 404, 400, 400),
    f"GET {API}/scenes/{{id}}/mask": row(*OWNED),
    f"POST {API}/scenes/{{id}}/mask": row(*OWNED, form="multipart", body=lambda world: {"file": mask_file()}),
    f"DELETE {API}/scenes/{{id}}/mask": row(*OWNED),
    f"GET {API}/scenes/{{id}}/preview": row(*OWNED, query="?bands=3,2,1"),
    f"GET {API}/scenes/{{id}}/bands/{{band}}": row(*OWNED),
    f"GET {API}/scenes/{{id}}/spectrum": row(*OWNED, query="?row=0&column=0"),
    f"GET {API}/scenes/{{id}}/spectra": row(*OWNED, query="?pixels=0,0;1,1&background=1"),
    f"GET {API}/scenes/{{id}}/histogram": row(*OWNED, query="?band=0"),
    f"GET {API}/scenes/{{id}}/statistics": row(*OWNED),
    f"GET {API}/scenes/{{id}}/neighbours": row(*OWNED, query="?row=0&column=0"),
    f"GET {API}/methods": row(*MEMBERS),
    f"POST {API}/detections": row(401, 404, 202, 202, body=detection),
    f"GET {API}/maps": row(*MEMBERS),
    f"GET {API}/maps/compare": row(401, 404, 404, 404, query=f"?ids={NOTHING}"),
    f"GET {API}/maps/{{id}}": row(*OWNED),
    f"DELETE {API}/maps/{{id}}": row(*OWNED),
    f"GET {API}/maps/{{id}}/image": row(*OWNED),
    f"GET {API}/maps/{{id}}/values": row(*OWNED),
    f"GET {API}/maps/{{id}}/curves": row(*OWNED),
    f"GET {API}/maps/{{id}}/count": row(*OWNED),
    f"GET {API}/maps/{{id}}/regions": row(*OWNED),
    f"GET {API}/maps/{{id}}/neighbours": row(*OWNED, query="?row=0&column=0"),
    f"GET {API}/maps/{{id}}/export/{{kind}}": row(*OWNED),
    f"GET {API}/presets": row(*MEMBERS),
    f"GET {API}/pipelines": row(*MEMBERS),
    f"POST {API}/pipelines": row(401, 404, 201, 201, body=chain),
    f"POST {API}/pipelines/estimate": row(*OWNED, body=chain),
    f"GET {API}/pipelines/{{id}}": row(*OWNED),
    f"DELETE {API}/pipelines/{{id}}": row(401, 404, 204, 204),
    f"POST {API}/pipelines/{{id}}/control": row(*OWNED, body={"action": "resume"}),
}

PAGES = {
    "/hsi/": LIST,
    "/hsi/new": LIST,
    "/hsi/register": Page(NO_FORM, (SIGN_IN, 422, 422, 422)),
    "/hsi/sample": Page(NO_FORM, (SIGN_IN, 302, 302, 302)),
    "/hsi/sensors": Page(SHOWN, SHOWN),
    "/hsi/scenes/{id}": THING,
    "/hsi/scenes/{id}/import": THING,
    "/hsi/scenes/{id}/do/{action}": ACTION,
    "/hsi/detect": Page(SHOWN, (SIGN_IN, 422, 422, 422)),
    "/hsi/maps/{id}": THING,
    "/hsi/maps/{id}/progress": THING,
    "/hsi/maps/{id}/do/{action}": ACTION,
    "/hsi/compare": LIST,
    "/hsi/pipelines": LIST,
    "/hsi/pipelines/new": Page(SHOWN, (SIGN_IN, 422, 422, 422)),
    "/hsi/pipelines/estimate": LIST,
    "/hsi/pipelines/{id}": THING,
    "/hsi/pipelines/{id}/stages": THING,
    "/hsi/pipelines/{id}/do/{action}": ACTION,
}


def extend(world: Any) -> None:
    """Add a sensor, a scene, a map and a chain of Alice's, with their files."""
    alice, made = world.alice, templates()
    facts = json.loads((made / "scene" / "scene.json").read_text())
    height, width, bands = facts["shape"]
    sensor = Sensor.objects.create(owner=alice, name="Camera")
    scene = Scene.objects.create(
        owner=alice, name="Harbour", source="upload", state="ready", sensor=sensor, height=height, width=width,
        bands=bands, dtype=facts["dtype"], has_mask=True, anomaly_pixels=1, fingerprint=facts["fingerprint"],
    )  # fmt: skip
    shutil.copytree(made / "scene", scene_folder(scene))
    maps = json.loads((made / "artifacts" / "maps.json").read_text())
    found = AnomalyMap.objects.create(
        owner=alice, name="Global RX", scene=scene, state="ready", methods=maps["methods"], main_method="global_rx",
        asked=["global_rx"],
    )  # fmt: skip
    shutil.copytree(made / "artifacts", map_folder(found))
    run = Run.objects.create(owner=alice, name="Tokenizer", recipe="hsi.tokenizer", state=RunState.PAUSED)
    chain = Pipeline.objects.create(owner=alice, name="Chain", preset="cpu", tokenizer_run=run)
    chain.scenes.set([scene])
    chain.targets.set([scene])
    world.things |= {"sensor": sensor, "scene": scene, "map": found, "chain": chain}
    scene_ids = {"id": scene.pk, "band": 0, "action": "retry"}
    for start in (API, "/hsi"):
        world.ids |= {
            f"{start}/sensors/": {"id": sensor.pk},
            f"{start}/scenes/": scene_ids,
            f"{start}/maps/": {"id": found.pk, "kind": "npy", "action": "delete"},
            f"{start}/pipelines/": {"id": chain.pk, "action": "resume"},
        }


@cache
def templates() -> Path:
    """An imported scene and a map of it, made once for all worlds of this process."""
    place = Path(tempfile.mkdtemp(prefix="hsi-access-"))
    (place / "harbour.npz").write_bytes(npz_file().read())
    carry_out("hsi.import", {"source": str(place / "harbour.npz"), "target": str(place / "scene")}, place / "import")
    carry_out("hsi.infer", {"scene": str(place / "scene"), "methods": ["global_rx"]}, place)
    return place


def carry_out(name: str, values: dict[str, Any], folder: Path) -> None:
    """Run a recipe in this process, without a database."""
    recipe = get_recipe(name)
    directory = RunDirectory(folder)
    directory.make()
    config = parse_config(recipe.config, values)
    directory.seal(recipe.name, config, 0, name)
    recipe.function(config, RunContext(directory, SilentEvents(), Control(folder)))
