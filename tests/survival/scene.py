"""Prepares and disturbs a running studio from a process of its own, with the studio's settings.

``scene.py people`` makes a user, a data set and an architecture; ``deliver RUN TIMES`` sends a run's message again and
again; ``lines RUN COUNT SECONDS`` appends log lines as a worker does. Answers are JSON on standard output.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import django

django.setup()  # before anything that imports models

from rest_framework_simplejwt.tokens import AccessToken  # noqa: E402

from cvstudio.accounts.models import User  # noqa: E402
from cvstudio.runs.models import Run  # noqa: E402
from cvstudio.runs.services.append_events import NewEvent, append_events  # noqa: E402
from cvstudio.runs.tasks import execute  # noqa: E402
from cvstudio.training.tests.makers import make_architecture, make_dataset  # noqa: E402


def people(folder: str) -> dict[str, Any]:
    """Somebody who trains, and what they train."""
    user = User.objects.create_user("survivor", "survivor@example.org", "correct horse battery")
    Path(folder).mkdir()
    dataset = make_dataset(user, Path(folder), per_class=32)
    architecture = make_architecture(user, shape=(3, 32, 32), template="lenet")
    return {
        "token": str(AccessToken.for_user(user)),
        "dataset": str(dataset.dataset_id),
        "architecture": str(architecture.architecture_id),
    }


def quiet() -> dict[str, Any]:
    """A run that nobody works on."""
    user = User.objects.get(username="survivor")
    return {"id": str(Run.objects.create(owner=user, name="Told", recipe="vision.classify", state="paused").id)}


def deliver(run_id: str, times: str) -> dict[str, Any]:
    """The same message, several times."""
    for _ in range(int(times)):
        execute.apply_async([run_id], queue=Run.objects.get(id=run_id).queue)
    return {}


def lines(run_id: str, count: str, seconds: str) -> dict[str, Any]:
    """Lines of log, evenly over the time, five at once."""
    begin, total = time.monotonic(), int(count)
    for start in range(0, total, 5):
        events = [NewEvent("log", {"level": "info", "message": f"line {start + index}"}) for index in range(5)]
        append_events(Run.objects.get(id=run_id).id, events)
        time.sleep(max(0.0, begin + float(seconds) * start / total - time.monotonic()))
    time.sleep(0.5)  # the publisher's thread sends the last ones
    return {"last_seq": Run.objects.get(id=run_id).last_seq}


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])))
