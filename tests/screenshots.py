"""Pictures of every page, from demo content: `make screenshots` writes them to screenshots/.

Wide and narrow, light and dark, English and Chinese. Somebody should look at them. Names of pages on the command line
make only those: `python -m tests.screenshots runs run`.
"""

from __future__ import annotations

import itertools
import json
import os
import secrets
import shutil
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.studio_process import ROOT, StudioProcess

OUT = ROOT / "screenshots"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
WIDTHS = {"wide": (1440, 900), "narrow": (390, 844)}
THEMES = ("light", "dark")
LANGUAGES = ("en", "zh-hans")


def main(names: list[str]) -> None:
    """Fill a studio with demo content, then walk through it."""
    with tempfile.TemporaryDirectory(prefix="cvs-screens-") as folder, StudioProcess(Path(folder)) as studio:
        say("Making demo content ...")
        made = studio.manage("demo", limit_s=300)
        if made.returncode:
            raise SystemExit(made.stdout + made.stderr)
        studio.manage("demo_content", limit_s=120)
        password = secrets.token_urlsafe(12)
        code = (
            "from cvstudio.accounts.models import User; u = User.objects.get(username='demo');"
            f"u.set_password({password!r}); u.save()"
        )
        studio.manage("shell", "-c", code)
        pages = dict(addresses(studio, password))
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            for language, theme, width in itertools.product(LANGUAGES, THEMES, WIDTHS):
                context = signed_in(browser, studio.address, password, language, theme, width)
                for name, path in pages.items():
                    if not names or name in names:
                        take(context, studio.address + path, OUT / f"{name}-{width}-{theme}-{language}.png")
                context.close()
            browser.close()


def addresses(studio: StudioProcess, password: str) -> Iterator[tuple[str, str]]:
    """Name and address of each page, with the ids of the demo content."""
    token = call(studio, "auth/login", {"username": "demo", "password": password})["access"]
    first = {
        name: call(studio, path, token=token)["results"][0]["id"]
        for name, path in {
            "dataset": "datasets", "architecture": "models", "run": "training?recipe=vision.classify",
            "weight": "weights",
        }.items()
    }  # fmt: skip
    yield from {"overview": "/", "system": "/system/", "account": "/accounts/", "admin": "/admin/"}.items()
    yield from {"datasets": "/datasets/", "dataset": f"/datasets/{first['dataset']}"}.items()
    yield "dataset-images", f"/datasets/{first['dataset']}/images"
    yield "dataset-statistics", f"/datasets/{first['dataset']}/statistics"
    yield "dataset-augmentation", f"/datasets/{first['dataset']}/augmentation"
    yield from {"architectures": "/architectures/", "architecture": f"/architectures/{first['architecture']}"}.items()
    yield from {"runs": "/runs/", "run": f"/runs/{first['run']}", "training": "/runs/new"}.items()
    yield from {
        f"run-{tab}": f"/runs/{first['run']}/{tab}" for tab in ("log", "config", "checkpoints", "result")
    }.items()
    yield from {"weights": "/weights/", "weight": f"/weights/{first['weight']}", "inference": "/inference/"}.items()


def call(studio: StudioProcess, path: str, values: dict[str, str] | None = None, token: str = "") -> Any:
    """The API's answer."""
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    body = json.dumps(values).encode() if values else None
    request = urllib.request.Request(f"{studio.address}/api/v1/{path}", data=body, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def signed_in(browser: Browser, address: str, password: str, language: str, theme: str, width: str) -> BrowserContext:
    """A browser of the demo account with these choices."""
    wide, high = WIDTHS[width]
    context = browser.new_context(viewport={"width": wide, "height": high}, color_scheme=theme)
    choices = {"theme": theme, "django_language": language}
    context.add_cookies([{"name": name, "value": value, "url": address} for name, value in choices.items()])
    page = context.new_page()
    page.goto(f"{address}/accounts/login/")
    page.locator("input[name=username]").fill("demo")
    page.locator("input[name=password]").fill(password)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(f"{address}/")
    page.close()
    return context


def take(context: BrowserContext, url: str, file: Path) -> None:
    """One picture of the whole page, when it has come to rest."""
    page = context.new_page()
    answer = page.goto(url, wait_until="load")
    page.wait_for_timeout(700)  # curves and thumbnails; pages with a socket are never idle
    file.parent.mkdir(exist_ok=True)
    page.screenshot(path=file, full_page=True)
    page.close()
    say(f"{answer.status if answer else '?'} {file.relative_to(ROOT)}")


def say(line: str) -> None:
    """For the person who waits."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
