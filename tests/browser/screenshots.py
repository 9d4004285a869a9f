"""Pictures of every page from demo content: both languages, light and dark, wide and narrow (`make screenshots`).

Starts a studio of its own, makes demo content, trains three networks, and writes
`screenshots/<language>-<theme>-<width>/<page>.png`. Someone looks at them.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, sync_playwright

from ml_core.hsi.simulate import Simulation, simulate_scene
from tests.browser.live_studio import LiveStudio
from tests.studio_process import ROOT, StudioProcess

WIDTHS = (1440, 390)
THEMES = ("light", "dark")
LANGUAGES = {"en": "en-US", "zh-hans": "zh-CN"}
SETTLE_MS = 1_200
RUN_PARTS = ("result", "curves", "log", "resources", "config", "checkpoints", "artifacts", "lineage")


def make_content(studio: LiveStudio) -> dict[str, str]:
    """Train: one that ends well, one that fails, one that goes on while the pictures are taken."""
    good = studio.train("LeNet, two epochs", "LeNet", epochs=2)
    other = studio.train("MLP, wider batch", "MLP", epochs=3, batch_size=64)
    broken = studio.train("Learning rate too high", "LeNet", epochs=2, learning_rate=80.0, optimizer="sgd")
    studio.wait(broken)
    busy = studio.train("Small ResNet, long", "Small ResNet", epochs=200)
    studio.wait(busy, {"running"})
    studio.train("Waits its turn", "MLP", epochs=2)
    return {"good": good, "other": other, "broken": broken, "busy": busy}


def make_scenes(studio: LiveStudio, folder: Path) -> dict[str, str]:
    """A scene with its maps, one that waits to be confirmed, and a detector that waits for its turn."""
    made = simulate_scene(4, Simulation(height=80, width=80))
    known = {"cube": made.cube, "gt": np.asarray(made.mask), "wavelengths": np.asarray(made.wavelengths)}
    np.savez(folder / "coast.npz", allow_pickle=False, **known)
    draft = studio.api("hsi/scenes", {"source": "folder", "path": str(folder)})
    scene = studio.api("hsi/scenes", {"source": "sample", "name": "Harbour"})
    studio.wait(scene["import_run"])
    asked = {"scenes": [scene["id"]], "methods": ["global_rx", "local_rx", "iforest", "morphological"]}
    (found,) = studio.api("hsi/detections", asked)
    studio.wait(found["run"])
    chain = studio.api("hsi/pipelines", {"name": "From one harbour", "preset": "cpu", "scenes": [scene["id"]]})
    return {"scene": scene["id"], "draft": draft["id"], "map": found["id"], "pipeline": chain["id"]}


def scene_pages(made: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Names and addresses of the hyperspectral pages."""
    yield from (
        ("hsi", "/hsi/"),
        ("hsi-new", "/hsi/new"),
        ("hsi-inspection", f"/hsi/scenes/{made['draft']}"),
        ("hsi-scene", f"/hsi/scenes/{made['scene']}"),
        ("hsi-detect", "/hsi/detect"),
        ("hsi-map", f"/hsi/maps/{made['map']}"),
        ("hsi-compare", f"/hsi/compare?ids={made['map']}"),
        ("hsi-pipelines", "/hsi/pipelines"),
        ("hsi-pipeline-new", "/hsi/pipelines/new"),
        ("hsi-pipeline", f"/hsi/pipelines/{made['pipeline']}"),
        ("hsi-sensors", "/hsi/sensors"),
    )


def make_stars(studio: LiveStudio) -> dict[str, str]:
    """A survey with two classifiers and what each said of it."""
    survey = studio.api("stellar/surveys", {"source": "sample", "name": "Field 7", "stars": 100})
    studio.wait(survey["import_run"])
    quick = {"epochs": 3, "steps_per_epoch": 40, "device": "cpu", "threads": 1}
    asked = {"survey": survey["id"], "preset": "recommended", "settings": quick}
    for modality in ("both", "image"):
        training = studio.api("stellar/trainings", {**asked, "modality": modality, "name": f"Field 7, {modality}"})
        studio.wait(training["run"])
    made = {"survey": survey["id"], "star": studio.api(f"stellar/stars?survey={survey['id']}")["results"][0]["id"]}
    for version in studio.api("stellar/classifiers")["results"]:
        prediction = studio.api("stellar/predictions", {"survey": survey["id"], "classifier": version["id"]})
        studio.wait(prediction["run"])
        made |= {"classifier": version["id"], "prediction": prediction["id"]}
    return made


def star_pages(made: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Names and addresses of the pages about stars."""
    survey, classifier = made["survey"], made["classifier"]
    yield from (
        ("stars", "/stellar/"),
        ("stars-new", "/stellar/new"),
        ("stars-survey", f"/stellar/surveys/{survey}"),
        ("stars-table", f"/stellar/surveys/{survey}/stars"),
        ("stars-star", f"/stellar/stars/{made['star']}"),
        ("stars-screening", f"/stellar/surveys/{survey}/screening"),
        ("stars-downloads", f"/stellar/surveys/{survey}/downloads"),
        ("stars-classify", "/stellar/classify"),
        ("stars-train", "/stellar/train"),
        ("stars-classifiers", "/stellar/classifiers"),
        ("stars-classifier", f"/stellar/classifiers/{classifier}"),
        ("stars-held-back", f"/stellar/classifiers/{classifier}/stars"),
        ("stars-predictions", f"/stellar/surveys/{survey}/predictions"),
        ("stars-prediction", f"/stellar/predictions/{made['prediction']}"),
        ("stars-map", f"/stellar/surveys/{survey}/map"),
        ("stars-compare", f"/stellar/compare?survey={survey}"),
        ("stars-export", f"/stellar/export?survey={survey}&class=M1,M2"),
    )


def make_characters(studio: LiveStudio) -> dict[str, str]:
    """A collection with a recogniser, its student, a generator, and what each said and drew."""
    collection = studio.api("anime/collections", {"source": "sample", "name": "Cartoon friends"})
    studio.wait(collection["import_run"])
    character = studio.api(f"anime/characters?collection={collection['id']}")["results"][0]
    asked = {"collection": collection["id"], "preset": "quick"}
    fit = {"epochs": 2, "device": "cpu", "threads": 1}

    def train(kind: str, **more: Any) -> dict[str, Any]:
        training = studio.api("anime/trainings", {**asked, "kind": kind, **more})
        studio.wait(training["run"], limit_s=600)
        found: dict[str, Any] = studio.api(f"anime/trainings/{training['id']}")
        return found

    teacher = train("recogniser", settings={"image_size": 64, "fit": fit})["weight"]
    student = train("student", recogniser=teacher, settings={"image_size": 64, "fit": fit})["weight"]
    small = {"num_epochs": 4, "epoch_steps": 5, "sample_every": 1, "channels": [32, 32, 16, 16, 16], "device": "cpu"}
    drawing = train("generator", recogniser=teacher, character=character["name"], settings=small)
    studio.api(
        "anime/generate", {"generator": drawing["weight"], "character": character["name"], "seeds": [1, 2, 3, 4]}
    )
    return {
        "collection": collection["id"], "character": character["id"], "recogniser": teacher, "student": student,
        "generator": drawing["weight"],
    }  # fmt: skip


def character_pages(made: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Names and addresses of the pages about characters."""
    collection, recogniser = made["collection"], made["recogniser"]
    yield from (
        ("anime", "/anime/"),
        ("anime-new", "/anime/new"),
        ("anime-collection", f"/anime/collections/{collection}"),
        ("anime-images", f"/anime/collections/{collection}/images"),
        ("anime-health", f"/anime/collections/{collection}/health"),
        ("anime-changes", f"/anime/collections/{collection}/changes"),
        ("anime-character", f"/anime/characters/{made['character']}"),
        ("anime-recognise", f"/anime/recognise?collection={collection}"),
        ("anime-recognitions", "/anime/recognitions"),
        ("anime-add", f"/anime/add?collection={collection}"),
        ("anime-train", "/anime/train"),
        ("anime-train-generator", "/anime/train?kind=generator"),
        ("anime-recognisers", "/anime/recognisers"),
        ("anime-recogniser", f"/anime/recognisers/{recogniser}"),
        ("anime-held-out", f"/anime/recognisers/{recogniser}/images"),
        ("anime-compare", f"/anime/compare?student={made['student']}"),
        ("anime-generators", "/anime/generators"),
        ("anime-generator", f"/anime/generators/{made['generator']}"),
        ("anime-generate", "/anime/generate"),
        ("anime-search", f"/anime/search?collection={collection}&q=hair"),
    )


def pages(studio: LiveStudio, runs: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Names of pictures and addresses."""
    dataset = studio.api("datasets")["results"][0]["id"]
    architecture = studio.api("models")["results"][0]["id"]
    weights = studio.api("weights")["results"]
    yield from (
        ("overview", "/"),
        ("datasets", "/datasets/"),
        ("dataset", f"/datasets/{dataset}"),
        *((f"dataset-{part}", f"/datasets/{dataset}/{part}") for part in ("images", "statistics", "augmentation")),
        ("dataset-versions", f"/datasets/{dataset}/versions"),
        ("dataset-new", "/datasets/new"),
        ("architectures", "/architectures/"),
        ("architecture", f"/architectures/{architecture}"),
        ("runs", "/runs/"),
        ("runs-attention", "/runs/?state=attention"),
        ("run-new", f"/runs/new?clone={runs['good']}"),
        ("run-compare", f"/runs/compare?ids={runs['good']},{runs['other']}"),
        *((f"run-{part}", f"/runs/{runs['good']}/{part}") for part in RUN_PARTS),
        ("run-live", f"/runs/{runs['busy']}"),
        ("run-failed", f"/runs/{runs['broken']}"),
        ("weights", "/weights/"),
        *((("weight", f"/weights/{weights[0]['id']}"),) if weights else ()),
        ("inference", "/inference/"),
        ("system", "/system/"),
        ("account", "/accounts/"),
        ("search", "/search?q=digits"),
        ("not-found", "/nowhere"),
    )


def shoot(studio: LiveStudio, browser: Browser, wanted: list[tuple[str, str]], target: Path, only: Any) -> None:
    """Take all pictures in all variants."""
    for language, theme, width in product(LANGUAGES, THEMES, WIDTHS):
        folder = target / f"{language}-{theme}-{width}"
        folder.mkdir(parents=True, exist_ok=True)
        context = studio.context(browser, width, 900, color_scheme=theme, locale=LANGUAGES[language])
        for name, path in wanted:
            if only and not any(name.startswith(start) for start in only):
                continue
            page = studio.page(context, path)
            page.wait_for_timeout(SETTLE_MS)
            page.screenshot(path=folder / f"{name}.png", full_page=True)
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if wide > 0:
                say(f"  {language} {width}: {path} is {wide} pixels wider than its window")
            page.close()
        context.close()
        say(str(folder))


def say(line: str) -> None:
    """Tell how far it is."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Read the command line and do it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "screenshots", help="Folder for the pictures.")
    parser.add_argument("--only", action="append", help="Only pages whose name begins so; may be given again.")
    options = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="cvstudio-screenshots-"))
    chromium = shutil.which("chromium") or None
    scenes = scratch / "scenes"
    scenes.mkdir()
    try:
        with StudioProcess(scratch, DATASET_ROOTS=str(scenes)) as process, sync_playwright() as driver:
            studio = LiveStudio(process)
            studio.settle()
            made = make_scenes(studio, scenes)
            stars = make_stars(studio)
            characters = make_characters(studio)
            wanted = [*pages(studio, make_content(studio)), *scene_pages(made), *star_pages(stars)]
            wanted += character_pages(characters)
            browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            shoot(studio, browser, wanted, options.out, options.only)
            browser.close()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    for fault in studio.faults:
        say(f"console: {fault}")


if __name__ == "__main__":
    main()
