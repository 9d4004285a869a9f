"""The whole loop with real processes, over the API alone: pictures -> network -> run -> weight -> predictions."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from tests.studio_process import StudioProcess, wait_for

pytestmark = [pytest.mark.process, pytest.mark.slow, pytest.mark.timeout(240)]
SHAPE, CLASSES = [1, 32, 32], 10


@dataclass
class Loop:
    """A person's session, and what it has made."""

    studio: StudioProcess
    session: requests.Session
    dataset: dict[str, Any]
    weight: dict[str, Any]
    run: dict[str, Any]

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """A request of this person."""
        return self.session.request(method, f"{self.studio.address}/api/v1/{path}", timeout=60, **options)

    def get(self, path: str) -> Any:
        """JSON of an address that must be there."""
        answer = self.call("GET", path)
        assert answer.ok, answer.text
        return answer.json()

    def images(self, split: str = "test", count: int = 20) -> list[dict[str, Any]]:
        """Images of the data set, from all over the split."""
        found = self.get(f"datasets/{self.dataset['id']}/images?split={split}&page_size=200")["results"]
        return list(found[:: max(1, len(found) // count)][:count])

    def picture(self, image: dict[str, Any]) -> bytes:
        """The file of an image."""
        answer = self.session.get(self.studio.address + image["file"], timeout=30)
        assert answer.ok
        return answer.content


def begin(studio: StudioProcess) -> requests.Session:
    """Register and log in."""
    session = requests.Session()
    person = {"username": "ada", "email": "ada@example.org", "password": "analytical engine 1843"}
    made = session.post(f"{studio.address}/api/v1/auth/register", json=person, timeout=30)
    assert made.status_code == 201, made.text
    session.headers["Authorization"] = f"Bearer {made.json()['access']}"
    return session


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    """A studio in which somebody has walked the loop up to a weight."""
    with StudioProcess(tmp_path_factory.mktemp("loop"), OMP_NUM_THREADS="1") as studio:
        loop = Loop(studio, begin(studio), {}, {}, {})
        made = loop.call("POST", "datasets", json={"source": "sample"})
        assert made.status_code == 201, made.text
        address = f"datasets/{made.json()['id']}"
        wait_for(lambda: loop.get(address)["current_version"], "the sample is not imported", 60)
        loop.dataset = loop.get(address)
        network = {"name": "LeNet", "template": "lenet", "input_shape": SHAPE, "classes": CLASSES}
        architecture = loop.call("POST", "models", json=network).json()
        plan = {"dataset": loop.dataset["id"], "architecture": architecture["id"],
                "config": {"fit": {"epochs": 3, "batch_size": 64, "learning_rate": 0.003}}}  # fmt: skip
        asked = loop.call("POST", "training/preflight", json=plan).json()["asks"]
        run = loop.call("POST", "training", json={**plan, "acknowledge": asked})
        assert run.status_code == 201, run.text
        ended = {"completed", "failed", "stopped", "lost"}
        wait_for(lambda: loop.get(f"training/{run.json()['id']}")["state"] in ended, "the run does not end", 120)
        loop.run = loop.get(f"training/{run.json()['id']}")
        assert loop.run["state"] == "completed", loop.run["cause"]
        loop.weight = loop.get(f"weights?run={loop.run['id']}")["results"][0]
        wait_for(lambda: predict(loop, loop.images()[0]).status_code != 503, "nobody predicts", 60)
        yield loop


def predict(loop: Loop, image: dict[str, Any], **fields: Any) -> requests.Response:
    """Upload the file of an image and have it predicted."""
    form = {"weight": loop.weight["id"], **fields}
    return loop.call("POST", "inference/predict-image", data=form, files={"image": ("a.png", loop.picture(image))})


def test_the_run_leaves_one_weight_with_its_history(loop: Loop) -> None:
    assert len(loop.get("weights")["results"]) == 1
    detail = loop.get(f"weights/{loop.weight['id']}")
    assert detail["run"] == loop.run["id"] and detail["dataset"]["id"] == loop.dataset["current_version"]["id"]
    assert detail["classes"] == loop.dataset["current_version"]["classes"]
    assert max(value for name, value in detail["metrics"].items() if "accuracy" in name) > 0.8


def test_an_upload_and_the_data_set_s_image_get_the_same_answer_and_most_are_right(loop: Loop) -> None:
    right = 0
    for image in loop.images(count=20):
        uploaded = predict(loop, image).json()
        named = {"weight": loop.weight["id"], "image_id": image["id"]}
        stored = loop.call("POST", "inference/predict", json=named).json()
        assert uploaded["top"][0]["class"] == stored["top"][0]["class"]
        assert uploaded["top"][0]["probability"] == pytest.approx(stored["top"][0]["probability"], abs=1e-5)
        right += uploaded["top"][0]["class"] == image["class_name"]
    assert right >= 15


def test_a_batch_tells_the_same_as_single_predictions(loop: Loop) -> None:
    body = {"weight": loop.weight["id"], "dataset_version": loop.dataset["current_version"]["id"], "split": "test"}
    job = loop.call("POST", "inference/batch", json=body).json()
    address = f"inference/jobs/{job['id']}"
    wait_for(lambda: loop.get(address)["state"] in ("completed", "failed"), "the batch does not end", 60)
    done = loop.get(address)
    assert done["state"] == "completed" and done["result"]["metrics"]["accuracy"] > 0.8
    table = loop.session.get(loop.studio.address + done["results"]["csv"], timeout=30).text
    rows = {row["path"]: row for row in csv.DictReader(io.StringIO(table))}
    assert len(rows) == done["result"]["metrics"]["images"]
    for image in loop.images(count=5):
        assert rows[image["path"]]["class"] == predict(loop, image).json()["top"][0]["class"]


def test_a_zip_of_pictures_is_predicted(loop: Loop) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        for image in loop.images(count=3):
            packed.writestr(f"in/{image['id']}.png", loop.picture(image))
        packed.writestr("in/broken.png", b"no picture")
    form = {"weight": loop.weight["id"], "name": "Some digits"}
    job = loop.call("POST", "inference/batch", data=form, files={"file": ("some.zip", stream.getvalue())}).json()
    address = f"inference/jobs/{job['id']}"
    wait_for(lambda: loop.get(address)["state"] in ("completed", "failed"), "the batch does not end", 60)
    assert loop.get(address)["result"]["metrics"] == {"images": 4, "failed": 1}
    assert list((loop.studio.folder / "data" / "uploads").iterdir()) == []


def test_the_package_predicts_by_itself(loop: Loop, tmp_path: Path) -> None:
    packed = loop.call("GET", f"weights/{loop.weight['id']}/download?part=package")
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        for name in archive.namelist():
            target = tmp_path / name
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(archive.read(name))
    folder = next(path for path in tmp_path.iterdir() if path.is_dir() and (path / "predict.py").exists())
    image = loop.images()[0]
    (tmp_path / "digit.png").write_bytes(loop.picture(image))
    command = [sys.executable, "predict.py", "--device", "cpu", str(tmp_path / "digit.png")]
    said = subprocess.run(command, cwd=folder, env={"OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=60)
    assert said.returncode == 0, said.stderr
    assert said.stdout.splitlines()[1].split()[-1] == predict(loop, image).json()["top"][0]["class"]


def test_a_worker_that_is_killed_while_people_predict_gives_coded_answers_and_comes_back(loop: Loop) -> None:
    image = loop.images()[0]
    answers: list[requests.Response] = []
    stop = threading.Event()

    def ask_on() -> None:
        while not stop.is_set():
            answers.append(predict(loop, image))

    threads = [threading.Thread(target=ask_on) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        wait_for(lambda: len(answers) >= 3, "nobody is answered", 30)
        worker = loop.studio.child("--queues infer")
        assert worker is not None
        for process in [*worker.children(recursive=True), worker]:
            process.kill()
        psutil.wait_procs([worker], timeout=10)
        wait_for(lambda: (new := loop.studio.child("--queues infer")) and new.pid != worker.pid, "no worker came back")
        before = len(answers)
        wait_for(lambda: any(a.status_code == 200 for a in answers[before:]), "the new worker does not answer", 60)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    # Whoever asked at the moment of death hears of it; who asked a moment later may only have waited.
    refused = [answer for answer in answers if answer.status_code != 200]
    assert {answer.status_code for answer in refused} <= {503}
    assert all(answer.json()["code"].startswith("inference.") and answer.headers["Retry-After"] for answer in refused)


def test_a_pickle_with_code_is_refused_by_the_real_studio(loop: Loop, tmp_path: Path) -> None:
    import torch

    class Runs:
        def __reduce__(self) -> Any:
            return open, (str(tmp_path / "marker"), "w")

    stream = io.BytesIO()
    torch.save({"a": Runs()}, stream)
    form = {"architecture_version": loop.weight["architecture"]["id"]}
    answer = loop.call("POST", "weights/upload", data=form, files={"file": ("evil.pth", stream.getvalue())})
    assert answer.status_code == 400 and answer.json()["code"] == "weights.unsafe"
    assert not (tmp_path / "marker").exists()


def test_a_downloaded_weight_can_be_brought_back(loop: Loop) -> None:
    tensors = loop.call("GET", f"weights/{loop.weight['id']}/download?part=safetensors").content
    form = {"architecture_version": loop.weight["architecture"]["id"], "name": "Brought back",
            "classes": "\n".join(loop.dataset["current_version"]["classes"])}  # fmt: skip
    made = loop.call("POST", "weights/upload", data=form, files={"file": ("model.safetensors", tensors)})
    assert made.status_code == 201, made.text
    image = loop.images()[0]
    again = predict(loop, image, weight=made.json()["id"]).json()["top"][0]
    first = predict(loop, image).json()["top"][0]
    assert again["class"] == first["class"] and again["probability"] == pytest.approx(first["probability"], abs=1e-5)
    assert loop.call("DELETE", f"weights/{made.json()['id']}").json()["bytes_freed"] >= len(tensors)
