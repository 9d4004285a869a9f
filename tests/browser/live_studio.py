"""A whole studio with real processes, a person and content, for pages whose life comes through sockets."""

from __future__ import annotations

import json
import time
import urllib.request
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

from tests.studio_process import StudioProcess

NAME, PASSWORD = "demo", "correct horse battery"
ENDED = {"completed", "failed", "stopped"}
ACCOUNT = f"""
from cvstudio.accounts.models import User
User.objects.create_superuser("{NAME}", "demo@example.org", "{PASSWORD}")
"""


@dataclass
class LiveStudio:
    """The studio and what its person does.

    Attributes:
        process: The running studio.
        faults: What pages wrote to their consoles as errors.
    """

    process: StudioProcess
    faults: list[str] = field(default_factory=list)
    _token: str = ""

    def settle(self) -> None:
        """Make the account and the demo content."""
        for arguments in (("shell", "-v", "0", "-c", ACCOUNT), ("demo_content",)):
            done = self.process.manage(*arguments, limit_s=180)
            assert done.returncode == 0, done.stdout + done.stderr
        answer = self.api("auth/login", {"username": NAME, "password": PASSWORD})
        self._token = answer["access_token"] if "access_token" in answer else answer["access"]

    @property
    def address(self) -> str:
        """Where it serves."""
        return self.process.address

    def api(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask the API as the person."""
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        content = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.address}/api/v1/{path}", content, headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def train(self, name: str, architecture: str = "MLP", **fit: Any) -> str:
        """Queue a training on the sample; its id."""
        dataset = self.api("datasets")["results"][0]["id"]
        graphs = {item["name"]: item["id"] for item in self.api("models")["results"]}
        graph = next(graph_id for title, graph_id in graphs.items() if title.startswith(architecture))
        config = {"fit": {"device": "cpu", "threads": 1, "log_every_steps": 1, **fit}}
        plan = {"dataset": dataset, "architecture": graph, "config": config}
        asks = self.api("training/preflight", plan)["asks"]
        return str(self.api("training", {**plan, "name": name, "acknowledge": asks})["id"])

    def wait(self, run_id: str, states: set[str] = ENDED, limit_s: float = 180) -> dict[str, Any]:
        """Wait until a run is in one of the states."""
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            run: dict[str, Any] = self.api(f"training/{run_id}")
            if run["state"] in states:
                return run
            time.sleep(0.3)
        raise AssertionError(f"After {limit_s:g} s the run is {run['state']}, not one of {sorted(states)}.")

    def stop_everything(self) -> None:
        """Leave the queue empty for the next test."""
        active = [run["id"] for run in self.api("training?page_size=200")["results"] if run["state"] not in ENDED]
        for run_id in active:
            self.api(f"training/{run_id}/control", {"action": "stop"})
        for run_id in active:
            self.wait(run_id)

    def context(self, browser: Browser, width: int = 1440, height: int = 900, **more: Any) -> BrowserContext:
        """A browser that is signed in."""
        context = browser.new_context(viewport={"width": width, "height": height}, base_url=self.address, **more)
        page = context.new_page()
        page.goto("/accounts/login/")
        page.fill("[name=username]", NAME)
        page.fill("[name=password]", PASSWORD)
        page.click("form .button-main")
        page.wait_for_url(f"{self.address}/")
        page.close()
        return context

    def page(self, context: BrowserContext, path: str) -> Page:
        """A page whose faults are noted."""
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: self.faults.append(f"{path}: {error}"))
        page.on("console", lambda said: self._listen(path, said))
        page.goto(path)
        return page

    def _listen(self, path: str, said: Any) -> None:
        if said.type == "error" and "Failed to load resource" not in said.text and "WebSocket" not in said.text:
            self.faults.append(f"{path}: {said.text}")
