"""A small client of the studio's own API: what a person's script would do, with the standard library alone."""

from __future__ import annotations

import json
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ml_core.errors import CodedError


class ApiError(CodedError):
    """The studio refused a request."""

    default_code = "demo.refused"


class ApiClient:
    """Sends JSON with a token and returns JSON."""

    def __init__(self, address: str, token: str) -> None:
        self.address = address
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}

    def get(self, path: str) -> Any:
        """GET as JSON."""
        return self._send("GET", path, None, {})

    def post(self, path: str, values: dict[str, Any]) -> Any:
        """POST JSON."""
        return self._send("POST", path, json.dumps(values).encode(), {"Content-Type": "application/json"})

    def upload(self, path: str, field: str, file: Path, **values: str) -> Any:
        """POST a file with form fields."""
        boundary = secrets.token_hex(16)
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in values.items()
        ]
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{file.name}"\r\n'
        parts += [head.encode(), b"Content-Type: application/octet-stream\r\n\r\n", file.read_bytes(), b"\r\n"]
        body = b"".join([*parts, f"--{boundary}--\r\n".encode()])
        return self._send("POST", path, body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})

    def wait(self, path: str, done: Callable[[Any], bool], limit_s: float, each: Callable[[Any], None]) -> Any:
        """Ask until the answer is what is waited for; `each` sees every answer.

        Raises:
            ApiError: The time is over.
        """
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            answer = self.get(path)
            each(answer)
            if done(answer):
                return answer
            time.sleep(0.3)
        raise ApiError(f"{path} was not done within {limit_s:g} s.", hint="Look at the logs of the workers.")

    def _send(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Any:
        url = f"{self.address}/api/v1/{path}"
        request = urllib.request.Request(url, data=body, method=method, headers=self._headers | headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310 - our own server
                text = answer.read()
        except urllib.error.HTTPError as error:
            content = json.loads(error.read() or b"{}")
            raise ApiError(
                f"{method} {path}: {error.code} {content.get('message', '')}", hint=content.get("hint", "")
            ) from error
        return json.loads(text) if text else None
