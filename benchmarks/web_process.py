"""The web process: how soon the first page comes, how much memory it takes, and that torch is not in it.

Starts the web server alone on a free port with a database of its own. Prints three lines with their budgets and
exits with 1 when one is missed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
FIRST_PAGE_BUDGET_S = 3.0
MEMORY_BUDGET_MB = 200.0
PAGES = ("/accounts/login/", "/health", "/api/v1/schema", "/admin/login/")


def main() -> int:
    """Measure and compare."""
    from cvstudio.launcher.listening import listen

    with tempfile.TemporaryDirectory(prefix="cvs-bench-") as folder:
        env = os.environ | {
            "CVSTUDIO_ENV": "dev",
            "CVSTUDIO_ENV_FILE": "none",
            "SECRET_KEY": "bench-" + "x" * 60,
            "DATA_DIR": f"{folder}/data",
            "DATABASE_URL": f"sqlite:///{folder}/bench.db",
        }
        subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, env=env, check=True)
        listener = listen("127.0.0.1", 0)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        command = [sys.executable, "-m", "cvstudio.launcher.daphne_server", "--fd", str(listener.fileno()), "-v", "0"]
        began = time.perf_counter()
        web = subprocess.Popen(
            [*command, "cvstudio.config.asgi:application"], cwd=ROOT, env=env, pass_fds=[listener.fileno()]
        )
        try:
            urllib.request.urlopen(address + PAGES[0], timeout=60).read()
            first_s = time.perf_counter() - began
            for page in PAGES * 5:
                urllib.request.urlopen(address + page, timeout=60).read()
            process = psutil.Process(web.pid)
            memory_mb = process.memory_info().rss / 1e6
            has_torch = any("torch" in item.path for item in process.memory_maps())
        finally:
            web.terminate()
            web.wait()
    print(f"first page after start   {first_s:6.2f} s   budget {FIRST_PAGE_BUDGET_S:g} s")
    print(f"memory of the process    {memory_mb:6.0f} MB  budget {MEMORY_BUDGET_MB:g} MB")
    print(f"torch in the process     {'yes' if has_torch else 'no':>6}     budget no")
    return int(first_s > FIRST_PAGE_BUDGET_S or memory_mb > MEMORY_BUDGET_MB or has_torch)


if __name__ == "__main__":
    sys.exit(main())
