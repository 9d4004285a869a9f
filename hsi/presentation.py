"""What the pages show of scenes and maps, made from rows: cards, facts, what the scripts begin with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cvstudio.common.quantities import scaled_bytes
from cvstudio.runs.models import Run, RunState
from cvstudio.runs.states import ACTIVE
from hsi.models import AnomalyMap, Scene, Sensor
from hsi.numbers import write_ranges
from ml_core.hsi.preview import default_bands
from ml_core.hsi.scene import Scene as OpenScene

WORKING = frozenset({RunState.QUEUED, *ACTIVE})
#: Order of methods wherever several are shown, and what each is called.
METHODS: dict[str, str | Promise] = {
    "combined": gettext_lazy("Combined"),
    "lm_nll": gettext_lazy("Surprise in context"),
    "recon": gettext_lazy("Reconstruction"),
    "one_class": gettext_lazy("One class"),
    "token_nll": gettext_lazy("Surprise of tokens"),
    "training_free": gettext_lazy("Without training"),
    "global_rx": gettext_lazy("Global RX"),
    "local_rx": gettext_lazy("Local RX"),
    "crd": gettext_lazy("Collaborative representation"),
    "iforest": gettext_lazy("Isolation forest"),
    "morphological": gettext_lazy("Attribute filter"),
}
#: The classic methods that can be asked for: what each is good for, in a few words.
CLASSIC: dict[str, str | Promise] = {
    "global_rx": gettext_lazy("Distance from the mean spectrum of the whole scene. The quickest."),
    "local_rx": gettext_lazy("Distance from the surroundings of each pixel. Good for small targets."),
    "crd": gettext_lazy("How badly the neighbours explain a pixel. Slower."),
    "iforest": gettext_lazy("How few cuts set a spectrum apart. No assumption about the background."),
    "morphological": gettext_lazy("Small bright or dark shapes. Looks at space more than at spectra."),
}
KINDS: dict[str, str | Promise] = {
    "combined": gettext_lazy("combination"),
    "head": gettext_lazy("learned head"),
    "training_free": gettext_lazy("no training"),
    "classic": gettext_lazy("classic"),
}
#: Standard deviation of a normal distribution over its median absolute deviation.
MAD_TO_DEVIATION = 1.4826
SHOWN_TITLES = 2


def is_working(run: Run | None) -> bool:
    """Whether a run waits or goes on."""
    return run is not None and run.state in WORKING


def method_title(name: str) -> str:
    """What a method is called."""
    return str(METHODS.get(name, name.replace("_", " ").capitalize()))


def method_rows(found: AnomalyMap) -> list[dict[str, Any]]:
    """The methods of a map in the order of all pages, with what is known of each."""
    order = list(METHODS)
    names = sorted(found.methods, key=lambda name: (order.index(name) if name in order else len(order), name))
    rows = []
    for name in names:
        facts = found.methods[name]
        metrics = facts.get("metrics") or {}
        rows.append(
            {
                "name": name, "title": method_title(name), "kind": facts.get("kind", ""),
                "kind_title": str(KINDS.get(facts.get("kind", ""), "")), "seconds": facts.get("seconds"),
                "auc": metrics.get("auc"), "ap": metrics.get("ap"), "is_main": name == found.main_method,
            }
        )  # fmt: skip
    return rows


def scene_cards(scenes: Iterable[Scene]) -> list[dict[str, Any]]:
    """Scenes of `listed_scenes` with their newest finished map."""
    return [
        {"scene": scene, "map": next(iter(scene.ready_maps), None), "working": is_working(scene.import_run)}  # type: ignore[attr-defined]
        for scene in scenes
    ]


def map_rows(maps: Iterable[AnomalyMap]) -> list[dict[str, Any]]:
    """Maps with their best-known numbers."""
    return [
        {
            "map": found, "title": map_title(found), "working": is_working(found.run),
            "main": method_title(found.main_method),
            "metrics": (found.methods.get(found.main_method) or {}).get("metrics") or {},
            "titles": [row["title"] for row in method_rows(found)] or [method_title(name) for name in found.asked],
        }
        for found in maps
    ]  # fmt: skip


def scene_facts(scene: Scene) -> list[dict[str, Any]]:
    """Label and value of what is known of a scene."""
    if scene.shape is None:
        return []
    height, width, bands = scene.shape
    facts = [
        (_("Size"), _("%(height)s rows × %(width)s columns") % {"height": height, "width": width}),
        (_("Bands"), str(bands)),
        (_("Sensor"), scene.sensor.name if scene.sensor else _("unknown")),
        (_("Wavelengths"), _wavelength_text(scene)),
        (_("Bad bands"), write_ranges(scene.bad_bands) or _("none")),
        (_("Values"), scene.dtype),
        (_("Place on the ground"), _("known") if scene.georeference else _("unknown")),
        (_("Anomalies"), _mask_text(scene)),
        (_("On the disk"), scaled_bytes(scene.size_bytes)),
    ]
    return [{"label": label, "value": value} for label, value in facts]


def scene_boot(scene: Scene) -> dict[str, Any]:
    """What the scripts of a scene begin with; empty until it is ready."""
    if scene.shape is None:
        return {}
    height, width, bands = scene.shape
    return {
        "id": str(scene.id), "name": scene.name, "height": height, "width": width, "bands": bands,
        "wavelengths": scene.wavelengths or None, "bad": scene.bad_bands, "hasMask": scene.has_mask,
        "colour": colour_bands(scene), "api": f"/api/v1/hsi/scenes/{scene.id}",
        "transform": scene.georeference.get("transform"),
    }  # fmt: skip


def map_boot(found: AnomalyMap) -> dict[str, Any]:
    """What the script of the map page begins with."""
    methods = {
        row["name"]: {"title": row["title"], "kind": row["kind"], **_numbers(found.methods[row["name"]])}
        for row in method_rows(found)
    }
    return {
        "id": str(found.id), "main": found.main_method, "methods": methods, "scene": scene_boot(found.scene),
        "api": f"/api/v1/hsi/maps/{found.id}", "page": reverse("hsi:detection", args=[found.id]),
    }  # fmt: skip


def sensor_values(sensors: Iterable[Sensor]) -> dict[str, dict[str, Any]]:
    """What the form of each sensor begins with."""
    return {
        f"sensor-{sensor.id}": {
            "id": str(sensor.id), "name": sensor.name, "notes": sensor.notes, "pixel_size_m": sensor.pixel_size_m,
            "wavelengths": ", ".join(f"{value:g}" for value in sensor.wavelengths),
            "bad_bands": write_ranges(sensor.bad_bands),
        }
        for sensor in sensors
    }  # fmt: skip


def colour_bands(scene: Scene) -> list[int]:
    """Bands for red, green and blue, the same as in the preview that the import draws."""
    shape = scene.shape or (1, 1, 1)
    good = np.ones(shape[2], bool)
    good[scene.bad_bands] = False
    cube = np.broadcast_to(np.zeros(1, np.uint8), shape)  # only its shape is asked for
    wavelengths = np.asarray(scene.wavelengths) if scene.wavelengths else None
    return list(default_bands(OpenScene(scene.name, cube, None, wavelengths, good)))


def map_title(found: AnomalyMap) -> str:
    """What made the maps: the detector, or the classic methods."""
    if found.detector is not None:
        return f"{found.detector.weight.name} v{found.detector.number}"
    titles = [row["title"] for row in method_rows(found)] or [method_title(name) for name in found.asked]
    more = len(titles) - SHOWN_TITLES
    return ", ".join(titles[:SHOWN_TITLES]) + (f" +{more}" if more > 0 else "")


def _numbers(facts: dict[str, Any]) -> dict[str, Any]:
    known = {key: facts.get(key) for key in ("median", "min", "max", "seconds", "weight")}
    return known | {"scale": MAD_TO_DEVIATION * (facts.get("mad") or 0.0)}


def _wavelength_text(scene: Scene) -> str:
    if not scene.wavelengths:
        return _("unknown; bands go by their numbers")
    ends = {"first": round(min(scene.wavelengths)), "last": round(max(scene.wavelengths))}
    return _("%(first)s to %(last)s nm") % ends


def _mask_text(scene: Scene) -> str:
    if not scene.has_mask or scene.shape is None:
        return _("unknown: the scene has no mask")
    share = 100 * scene.anomaly_pixels / (scene.shape[0] * scene.shape[1])
    return _("%(count)s pixels, %(share)s %%") % {"count": f"{scene.anomaly_pixels:,}", "share": f"{share:.2g}"}
