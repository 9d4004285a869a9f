"""The disk fills up while a checkpoint is written. A small file system in a namespace of its own plays the disk."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ml_core.graph import templates
from tests.studio_process import ROOT

pytestmark = [pytest.mark.process, pytest.mark.slow]

FIT = {"epochs": 4, "batch_size": 8, "device": "cpu", "threads": 1, "workers": 0, "checkpoint_every_epochs": 1}
# A disk with room for one checkpoint and a half; sees the run fail, makes room and resumes.
STORY = """
set -eu
mount -t tmpfs -o size=64m tmpfs "$DISK"
dd if=/dev/zero of="$DISK/ballast" bs=1k count=$((65536 - ROOM_KB)) 2>/dev/null
set +e
"$PYTHON" -m ml_core vision.classify --config "$CONFIG" --out "$DISK/run" 2> "$ANSWER/stderr"
echo $? > "$ANSWER/first"
cp "$DISK/run/events.jsonl" "$ANSWER/events-first.jsonl"
ls -A "$DISK/run/checkpoints" > "$ANSWER/checkpoints"
rm -f "$DISK/ballast"
"$PYTHON" -m ml_core vision.classify --config "$CONFIG" --out "$DISK/run" --resume
echo $? > "$ANSWER/second"
cp "$DISK/run/artifacts/weight/model.safetensors" "$DISK/run/events.jsonl" "$ANSWER"
"""


def namespaced() -> list[str]:
    """The words that start a program where an ordinary user may mount; skips where the system forbids it."""
    words = ["unshare", "--user", "--map-root-user", "--mount"]
    if shutil.which("unshare") is None or subprocess.run([*words, "true"], capture_output=True).returncode:
        pytest.skip("This system lets no ordinary user make a mount namespace.")
    return words


def make_images(folder: Path) -> None:
    import numpy as np
    from PIL import Image

    from ml_core.data.manifest import Item

    folder.mkdir()
    items = []
    for number in range(32):
        path = folder / f"{number:03d}.png"
        Image.fromarray(np.random.RandomState(number).randint(0, 255, (16, 16, 3), dtype=np.uint8)).save(path)
        split = "val" if number % 4 == 3 else "train"
        items.append(Item(path.name, number % 2, split, 16, 16, "RGB", "PNG", 1, path.stat().st_size, "0" * 64))
    (folder / "items.jsonl").write_text("".join(item.as_line() for item in items))
    facts = {"format": 1, "task": "classify", "classes": ["a", "b"], "counts": {}, "fingerprint": "sha256:1"}
    (folder / "version.json").write_text(json.dumps(facts))


def test_a_run_on_a_full_disk_fails_with_a_cure_and_goes_on_exactly_when_there_is_room(tmp_path: Path) -> None:
    words = namespaced()
    images, answer, disk = tmp_path / "images", tmp_path / "answer", tmp_path / "disk"
    make_images(images)
    answer.mkdir()
    disk.mkdir()
    graph = templates((3, 16, 16), 2)[0]["document"]
    config = tmp_path / "config.yaml"
    config.write_text(
        yaml.safe_dump({"data": {"version": str(images), "root": str(images)}, "graph": graph, "fit": FIT})
    )
    environment = {
        "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "PYTHON": sys.executable, "CONFIG": str(config),
        "DISK": str(disk), "ANSWER": str(answer), "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    twin = tmp_path / "twin"
    command = [sys.executable, "-m", "ml_core", "vision.classify", "--config", str(config), "--out", str(twin)]
    subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True, timeout=60)
    checkpoint = max((twin / "checkpoints").iterdir())
    size = sum(file.stat().st_size for file in checkpoint.iterdir())
    environment["ROOM_KB"] = str(size * 3 // 2 // 1024 + 100)
    done = subprocess.run([*words, "sh", "-c", STORY], env=environment, capture_output=True, text=True, timeout=100)
    assert (answer / "first").read_text().strip() == "1", done.stderr
    error = json.loads((answer / "stderr").read_text().splitlines()[-1])["error"]
    assert "disk" in error["code"] and error["hint"], error
    left = (answer / "checkpoints").read_text().split()
    assert left and all(name.startswith("step-") for name in left)
    assert (answer / "second").read_text().strip() == "0", done.stderr

    weight = twin / "artifacts" / "weight" / "model.safetensors"
    assert (answer / "model.safetensors").read_bytes() == weight.read_bytes()
    events = [json.loads(line) for line in (answer / "events.jsonl").read_text().splitlines()]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
