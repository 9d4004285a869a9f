"""Request parsers."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

MAX_DEPTH = 100
_SURROGATE = re.compile("[\ud800-\udfff]")


class LimitedJSONParser(JSONParser):
    """JSON of bounded size and depth: REST framework's own parser reads whatever is sent."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Parse the body.

        Raises:
            RequestDataTooBig: The declared length is over `MAX_JSON_SIZE`.
            ParseError: Not JSON, nested more than `MAX_DEPTH` deep, or with a text or number that cannot be stored.
        """
        request = (parser_context or {}).get("request")
        declared = int(request.META.get("CONTENT_LENGTH") or 0) if request else 0
        if declared > settings.MAX_JSON_SIZE:
            raise RequestDataTooBig
        try:
            value = super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
        if _depth_exceeds(value, MAX_DEPTH):
            raise ParseError("The JSON is nested too deeply.")
        if fault := unstorable(value):
            raise ParseError(f"The JSON has {fault}, which no field takes.")
        return value


def _depth_exceeds(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [child for item in level for child in _children(item)]
        if not level:
            return False
    return True


def _children(item: Any) -> list[Any]:
    if isinstance(item, dict):
        return list(item.values())
    return item if isinstance(item, list) else []


def unstorable(value: Any) -> str:
    """What in the value neither a database nor an answer can hold; empty when all is well.

    PostgreSQL refuses U+0000 in text and JSON, half a surrogate pair is not UTF-8, and `1e400` is read as infinity.
    Refused here, they are the client's error and not ours.
    """
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            if "\x00" in item:
                return "a NUL character"
            if not item.isascii() and _SURROGATE.search(item):
                return "half a surrogate pair"
        elif isinstance(item, float):
            if not math.isfinite(item):
                return "a number that is too large"
        elif isinstance(item, dict):
            stack += item.keys()
            stack += item.values()
        elif isinstance(item, list):
            stack += item
    return ""
