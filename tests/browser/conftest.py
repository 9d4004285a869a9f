"""Real Chromium against a live server. Every page that writes an error to its console fails its test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from cvstudio.accounts.models import User

CHROMIUM = os.environ.get("CHROMIUM", shutil.which("chromium") or "/usr/bin/chromium")
OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def playwright_driver() -> Iterator[Playwright]:
    """The driver; its event loop runs in this thread, which Django's database layer would otherwise refuse."""
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as driver:
        yield driver
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def browser(playwright_driver: Playwright) -> Iterator[Browser]:
    """One browser for the session."""
    chromium = playwright_driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
    yield chromium
    chromium.close()


@pytest.fixture
def open_page(browser: Browser, live_server: Any) -> Iterator[OpenPage]:
    """`open_page(user, "/path", width=390, touch=True)`: a page of this person, in a browser of its own."""
    faults: list[str] = []
    with ExitStack() as stack:

        def open_one(
            user: User, path: str, *, width: int = 1440, height: int = 900, touch: bool = False, **more: Any
        ) -> Page:
            session = Client()
            session.force_login(user)
            context = browser.new_context(viewport={"width": width, "height": height}, has_touch=touch, **more)
            stack.callback(context.close)
            cookie = session.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
            page = context.new_page()
            page.set_default_timeout(10_000)
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.on("console", lambda message: faults.append(message.text) if is_fault(message) else None)
            page.goto(f"{live_server.url}{path}")
            return page

        yield open_one
    assert not faults, faults


def is_fault(message: Any) -> bool:
    """Errors, but not the browser's own note that an answer was a 4xx: pages handle those."""
    return message.type == "error" and "Failed to load resource" not in message.text
