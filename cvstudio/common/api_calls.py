"""Show an API call as a command or a few lines of Python, ready to paste."""

from __future__ import annotations

import json
import shlex
from typing import Any


def as_curl(method: str, url: str, body: Any = None) -> str:
    """Return the call as a curl command; the token comes from the shell's `$TOKEN`."""
    parts = ["curl", "-sS", *(["-X", method] if method != "GET" else []), '-H "Authorization: Bearer $TOKEN"']
    if body is not None:
        text = json.dumps(body, ensure_ascii=False)
        parts += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(text)}"]
    parts.append(shlex.quote(url))
    return " ".join(parts)


def as_python(method: str, url: str, body: Any = None) -> str:
    """Return the call as Python with `requests`; the token comes from the environment."""
    lines = ["import os", "import requests", ""]
    arguments = [repr(method), repr(url), 'headers={"Authorization": f"Bearer {os.environ[\'TOKEN\']}"}']
    if body is not None:
        lines.append(f"body = {body!r}")
        arguments.append("json=body")
    lines += [f"answer = requests.request({', '.join(arguments)})", "answer.raise_for_status()", "print(answer.json())"]
    return "\n".join(lines)
