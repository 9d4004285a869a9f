"""Fetch answers and files: at a polite rate, bounded in size and time, tried again when that may help."""

from __future__ import annotations

import hashlib
import os
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urljoin

import requests
from urllib3.exceptions import HTTPError

from ml_core.stellar.vo.addresses import AddressPolicy
from ml_core.stellar.vo.errors import ServiceError, TransferLimitError, TransientError
from ml_core.stellar.vo.limits import TransferLimits
from ml_core.stellar.vo.session import GuardedSession

Result = TypeVar("Result")
MAX_REDIRECTS = 5
CHUNK_BYTES = 1 << 16
FITS_MAGIC = b"SIMPLE  ="
_TRANSIENT_STATUSES = {408, 425, 429, 500, 502, 503, 504}


@dataclass(frozen=True)
class Received:
    """What a file was when it came.

    Attributes:
        url: Where it came from in the end, after redirects.
        size_bytes: Its length.
        sha256: Of its bytes.
        media_type: What the service called it. Nothing relies on it.
    """

    url: str
    size_bytes: int
    sha256: str
    media_type: str


class Transfer:
    """All requests of a run go through one of these, one after the other.

    Args:
        limits: Rate, times and sizes.
        policy: Which addresses may be opened.
        check: Called while waiting and receiving; may raise to end the run.
        sleep: Waits for some seconds.
        clock: Seconds that only grow.
    """

    def __init__(
        self, limits: TransferLimits, policy: AddressPolicy, *, check: Callable[[], None] = lambda: None,
        sleep: Callable[[float], None] = time.sleep, clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.limits = limits
        self.received_bytes = 0
        self.requests = 0
        self._check, self._sleep, self._clock = check, sleep, clock
        self._next_request = clock()
        self._jitter = random.Random()
        self._session = GuardedSession(policy)

    def answer(self, url: str, parameters: Mapping[str, Any] | None = None) -> bytes:
        """The body of an answer. One try; see ``retried``.

        Raises:
            TransientError: The service failed in a way that may pass.
            ServiceError: It refused, or the answer is too large.
            TransferLimitError: The run has received as much as it may.
        """
        with closing(self._open(url, parameters)) as response:
            return b"".join(self._chunks(response, self.limits.answer_bytes))

    def fits_file(self, url: str, path: Path, parameters: Mapping[str, Any] | None = None) -> Received:
        """Receive a FITS file into ``path``, which appears whole or not at all. One try; see ``retried``.

        Raises:
            TransientError: The transfer failed in a way that may pass.
            ServiceError: The file is no FITS file or too large, or the service has none.
            TransferLimitError: The run has received as much as it may.
        """
        partial = path.with_name(f".{path.name}.partial")
        path.parent.mkdir(parents=True, exist_ok=True)
        digest, size = hashlib.sha256(), 0
        try:
            with closing(self._open(url, parameters)) as response, partial.open("wb") as file:
                head = b""
                for chunk in self._chunks(response, self.limits.file_bytes):
                    if len(head) < len(FITS_MAGIC):
                        head = _checked_head(head + chunk[:80], url)
                    digest.update(chunk)
                    size += len(chunk)
                    file.write(chunk)
                if len(head) < len(FITS_MAGIC):
                    raise TransientError("The file is empty or cut off.", code="vo.cut_off", where=_short(url))
                file.flush()
                os.fsync(file.fileno())
                received = Received(str(response.url), size, digest.hexdigest(),
                                    response.headers.get("Content-Type", ""))  # fmt: skip
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        return received

    def retried(self, action: Callable[[], Result]) -> Result:
        """Do ``action``; after a transient failure wait, longer each time, and do it again."""
        for attempt in range(self.limits.retries + 1):
            try:
                return action()
            except TransientError as error:
                if attempt == self.limits.retries:
                    raise
                grown = self.limits.backoff * 2**attempt * self._jitter.uniform(0.5, 1.5)
                self._wait(min(self.limits.longest_wait, max(grown, error.retry_after)))
        raise AssertionError("The loop returns or raises.")

    def _wait(self, seconds: float) -> None:
        """Wait in short pieces, so that a request to pause is heard."""
        until = self._clock() + seconds
        while (left := until - self._clock()) > 0:
            self._check()
            self._sleep(min(left, 0.25))
        self._check()

    def _open(self, url: str, parameters: Mapping[str, Any] | None) -> Any:
        """The answer after redirects, its body not yet read."""
        for _ in range(MAX_REDIRECTS + 1):
            response = self._open_one(url, parameters)
            target = self._session.get_redirect_target(response)
            if target is None:
                break
            response.close()
            url, parameters = urljoin(url, target), None
        else:
            raise ServiceError("The address redirects without end.", code="vo.redirects", where=_short(url))
        if response.status_code != 200:
            response.close()
            raise _status_error(response, url)
        return response

    def _open_one(self, url: str, parameters: Mapping[str, Any] | None) -> Any:
        self._wait(self._next_request - self._clock())
        self._next_request = self._clock() + 1 / self.limits.requests_per_second
        self.requests += 1
        timeouts = (self.limits.connect_timeout, self.limits.read_timeout)
        try:
            return self._session.get(url, params=parameters, stream=True, timeout=timeouts, allow_redirects=False)
        except requests.Timeout as error:
            raise TransientError("The service did not answer in time.", code="vo.timeout",
                                 where=_short(url)) from error  # fmt: skip
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
            raise TransientError("The service cannot be reached.", code="vo.unreachable",
                                 hint="Check the address and the network.", where=_short(url)) from error  # fmt: skip
        except requests.RequestException as error:
            raise ServiceError(f"The address cannot be opened ({type(error).__name__}).", code="vo.address",
                               where=_short(url)) from error  # fmt: skip

    def _chunks(self, response: Any, limit: int) -> Iterator[bytes]:
        """The decoded body, never more than ``limit`` bytes nor for longer than the limit of time."""
        deadline = self._clock() + self.limits.total_timeout
        where = _short(response.url)
        promised = response.headers.get("Content-Length", "")
        if promised.isdecimal() and int(promised) > limit:
            raise _too_large(int(promised), limit, where)
        size = 0
        try:
            while chunk := response.raw.read1(CHUNK_BYTES, decode_content=True):
                self._check()
                size += len(chunk)
                self.received_bytes += len(chunk)
                if size > limit:
                    raise _too_large(size, limit, where)
                if self.received_bytes > self.limits.total_bytes:
                    raise TransferLimitError(
                        f"The run has received {self.received_bytes / 1e9:,.2f} GB, its limit.",
                        hint="Continue it with a higher limit; what was done is kept.", where="max_total_gb",
                    )  # fmt: skip
                if self._clock() > deadline:
                    raise TransientError("The service sends too slowly.", code="vo.slow", where=where)
                yield chunk
        except (HTTPError, OSError) as error:
            raise TransientError("The transfer broke off.", code="vo.cut_off", where=where) from error


def _checked_head(head: bytes, url: str) -> bytes:
    if not FITS_MAGIC.startswith(head[: len(FITS_MAGIC)]):
        kind = "a web page" if b"<" in head[:80] else "another format"
        raise ServiceError(f"The service sent {kind} instead of a FITS file.", code="vo.not_fits",
                           hint="Open the address in a browser to see what it says.", where=_short(url))  # fmt: skip
    return head


def _status_error(response: Any, url: str) -> ServiceError:
    status = int(response.status_code)
    if status in _TRANSIENT_STATUSES:
        asked = response.headers.get("Retry-After", "")
        return TransientError(f"The service answered with status {status}.", code=f"vo.status_{status}",
                              where=_short(url), retry_after=float(asked) if asked.isdecimal() else 0)  # fmt: skip
    return ServiceError(f"The service answered with status {status}.", code=f"vo.status_{status}",
                        hint="Check the address of the service.", where=_short(url))  # fmt: skip


def _too_large(size: int, limit: int, where: str) -> ServiceError:
    return ServiceError(f"The file has more than {min(size, limit) / 1e6:,.1f} MB, the limit.", code="vo.too_large",
                        hint="Raise the limit if the file is wanted.", where=where)  # fmt: skip


def _short(url: object) -> str:
    return str(url)[:200]
