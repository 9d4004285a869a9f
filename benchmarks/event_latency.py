"""How long an event takes from a trainer's file to a browser: 50 runs with 20 events a second each, 100 sockets.

Real processes: an embedded Redis, the web server, a worker that relays 50 event files into the database as it does for
50 trainers, a writer that plays the trainers, and this process, which plays the browsers. Prints the latency with its
budget and the number of lost, doubled and misplaced events, and exits with 1 when a budget is missed.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RUNS, RATE, SOCKETS_A_RUN = 50, 20, 2
SECONDS = 15.0
WARM_UP_S = 3.0
BUDGET_MS = 250.0


def prepare() -> list[str]:
    """Runs that a worker has claimed; ids, and a token, for the browsers."""
    from rest_framework_simplejwt.tokens import AccessToken

    from cvstudio.accounts.models import User
    from cvstudio.runs.folders import run_folder
    from cvstudio.runs.models import Run

    user = User.objects.create_user("bench", "bench@example.org", "correct horse battery")
    runs = [Run.objects.create(owner=user, name=f"run {n}", recipe="bench", state="running") for n in range(RUNS)]
    for run in runs:
        run_folder(run.id).mkdir(parents=True)
    return [str(AccessToken.for_user(user)), *(str(run.id) for run in runs)]


def relay() -> None:
    """The worker: one thread a run, as in Celery's pool."""
    import threading

    from cvstudio.runs.folders import run_folder
    from cvstudio.runs.limits import limits
    from cvstudio.runs.models import Run
    from cvstudio.runs.supervisor.relay import Relay

    def follow(run: Run) -> None:
        relay = Relay(run, run_folder(run.id))
        while True:
            if not relay.step():
                time.sleep(limits().poll_s)

    threads = [threading.Thread(target=follow, args=[run], daemon=True) for run in Run.objects.all()]
    for thread in threads:
        thread.start()
    sys.stdin.read()  # until the benchmark is through


def write() -> None:
    """The trainers: numbered lines with the moment at which they were written."""
    from cvstudio.runs.folders import run_folder
    from cvstudio.runs.models import Run
    from ml_core.run.events import EventWriter

    writers = [EventWriter(run_folder(run.id) / "events.jsonl") for run in Run.objects.all()]
    begin, total = time.monotonic(), int(SECONDS * RATE)
    for number in range(total):
        for index, writer in enumerate(writers):
            due = begin + (number + index / len(writers)) / RATE
            time.sleep(max(0.0, due - time.monotonic()))
            values = {"loss": 1.0 / (number + 1), "written": time.time()}
            writer.write("metric", {"step": number, "epoch": 0, "phase": "train", "scope": "step", "values": values})


async def browse(address: str, token: str, run_ids: list[str]) -> tuple[list[float], int]:
    """100 browsers; latencies in ms after the warm-up, and the number of events that came wrongly or not at all."""
    from tests.socket_client import Socket

    latencies: list[float] = []
    faults = 0
    total = int(SECONDS * RATE)
    begin = time.time()

    async def browser(run_id: str) -> None:
        nonlocal faults
        socket = await Socket.connect(address, f"/api/v1/ws/training/{run_id}", token)
        expected = 1
        while expected <= total:
            message = await socket.receive()
            if message["type"] != "events":
                continue
            now = time.time()
            for event in message["events"]:
                faults += event["seq"] != expected
                expected = event["seq"] + 1
                written = event["data"]["values"]["written"]
                if written > begin + WARM_UP_S:
                    latencies.append(1000 * (now - written))
            socket.send({"type": "ack", "seq": expected - 1})
        socket.close()

    browsers = [asyncio.create_task(browser(run_id)) for run_id in run_ids * SOCKETS_A_RUN]
    _, open_still = await asyncio.wait(browsers, timeout=SECONDS + 30)
    for browser_task in open_still:
        browser_task.cancel()
    return latencies, faults + len(open_still)


def main() -> int:
    """Start everything, measure, compare."""
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory(prefix="cvs-bench-") as folder, studio(Path(folder)) as (address, environment):
        token, *run_ids = json.loads(run_part("prepare", environment).splitlines()[-1])
        worker = part("relay", environment, stdin=subprocess.PIPE)
        time.sleep(3)
        writer = part("write", environment)
        latencies, faults = asyncio.run(browse(address, token, run_ids))
        assert worker.stdin is not None
        worker.stdin.close()
        for process in (writer, worker):
            process.wait(20)
    latencies.sort()
    median, p95, worst = (latencies[int(share * (len(latencies) - 1))] for share in (0.5, 0.95, 1.0))
    print(f"{RUNS} runs x {RATE} events/s, {RUNS * SOCKETS_A_RUN} sockets, {len(latencies):,} deliveries measured")
    print(f"median                   {median:6.0f} ms")
    print(f"95th percentile          {p95:6.0f} ms  budget {BUDGET_MS:g} ms")
    print(f"longest                  {worst:6.0f} ms")
    print(f"lost, doubled, misplaced {faults:6d}     budget 0")
    return int(p95 > BUDGET_MS or faults > 0)


@contextmanager
def studio(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Redis and the web server; the address and the environment of all parts."""
    from cvstudio.launcher import redis_server
    from cvstudio.launcher.listening import listen

    environment = os.environ | {
        "CVSTUDIO_ENV": "dev",
        "CVSTUDIO_ENV_FILE": "none",
        "SECRET_KEY": "bench-" + "x" * 60,
        "DATA_DIR": str(folder / "data"),
        "RUNS_DIR": str(folder / "runs"),
        "DATABASE_URL": f"sqlite:///{folder / 'bench.db'}",
        "DJANGO_SETTINGS_MODULE": "cvstudio.config.settings",
        "PYTHONPATH": str(ROOT),
        "LOG_LEVEL": "WARNING",
    }
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, env=environment, check=True)
    redis = subprocess.Popen(redis_server.command(folder / "data"), stdout=subprocess.DEVNULL)
    listener = listen("127.0.0.1", 0)
    command = [sys.executable, "-m", "cvstudio.launcher.daphne_server", "--fd", str(listener.fileno()), "-v", "0"]
    web = subprocess.Popen(
        [*command, "cvstudio.config.asgi:application"], cwd=ROOT, env=environment, pass_fds=[listener.fileno()]
    )
    try:
        time.sleep(5)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", environment
    finally:
        for process in (web, redis):
            process.terminate()
            process.wait()


def part(name: str, environment: dict[str, str], **options: Any) -> subprocess.Popen[str]:
    """Another process of this benchmark."""
    return subprocess.Popen([sys.executable, __file__, name], env=environment, text=True, **options)


def run_part(name: str, environment: dict[str, str]) -> str:
    """What a short part printed."""
    command = [sys.executable, __file__, name]
    return subprocess.run(command, env=environment, text=True, check=True, stdout=subprocess.PIPE).stdout


if __name__ == "__main__":
    if len(sys.argv) > 1:
        import django

        django.setup()
        answer = {"prepare": prepare, "relay": relay, "write": write}[sys.argv[1]]()
        if answer:
            print(json.dumps(answer))
        sys.exit()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cvstudio.config.settings")
    os.environ.setdefault("CVSTUDIO_ENV", "dev")
    os.environ.setdefault("SECRET_KEY", "bench-" + "x" * 60)
    sys.exit(main())
