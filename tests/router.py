"""Every address of the API and of the pages, taken from the router."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

VERBS = ("get", "post", "put", "patch", "delete")
CONVERTER = re.compile(r"<(?:[a-z]+:)?([a-z_]+)>")


@dataclass(frozen=True)
class Endpoint:
    """One address.

    Attributes:
        path: With the names of its parts in braces: `/api/v1/weights/{weight_id}`.
        verbs: Methods that its view takes. Empty for a page that is a plain function.
        parts: The names in braces.
        callback: The view.
    """

    path: str
    verbs: frozenset[str]
    parts: tuple[str, ...]
    callback: Any

    @property
    def is_api(self) -> bool:
        """Whether it lies below /api/."""
        return self.path.startswith("/api/")


def endpoints() -> list[Endpoint]:
    """All addresses but the admin, the language switch and the JavaScript catalogue, which are Django's own."""
    skipped = ("/admin/", "/i18n/", "/jsi18n/", "^api/")
    found = [endpoint for endpoint in walk(get_resolver().url_patterns, "/") if not endpoint.path.startswith(skipped)]
    return sorted((e for e in found if "^" not in e.path), key=lambda e: e.path)


def walk(patterns: list[Any], prefix: str) -> Iterator[Endpoint]:
    """Depth first."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            view = getattr(pattern.callback, "view_class", None) or getattr(pattern.callback, "cls", None)
            verbs = frozenset(verb.upper() for verb in VERBS if view is not None and hasattr(view, verb))
            path = CONVERTER.sub(r"{\1}", route)
            yield Endpoint(path, verbs, tuple(CONVERTER.findall(route)), pattern.callback)
