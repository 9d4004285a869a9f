"""A session of ``requests`` that connects only to addresses that the policy allows."""

from __future__ import annotations

import platform
import socket
from collections.abc import Generator
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

from ml_core.stellar.vo.addresses import AddressPolicy


class GuardedSession(requests.Session):
    """Checks each address before it is opened and each connection while it is made."""

    def __init__(self, policy: AddressPolicy) -> None:
        super().__init__()
        self._policy = policy
        self.trust_env = False  # neither proxies, which would connect for us, nor passwords of a .netrc file
        self.headers["User-Agent"] = f"cvstudio-stellar Python/{platform.python_version()} (IVOA-science)"
        for scheme in ("http://", "https://"):
            self.mount(scheme, _GuardedAdapter(policy))

    def send(self, request: Any, **kwargs: Any) -> Any:
        """Send a request, unless its address is refused."""
        self._policy.check(request.url)
        return super().send(request, **kwargs)

    def resolve_redirects(self, *_args: Any, **_kwargs: Any) -> Generator[Any, None, None]:
        """None: ``Transfer`` follows redirects. This method of ``requests`` reads the body of each, without bound."""
        yield from ()


class _GuardedAdapter(HTTPAdapter):
    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _pools(self._policy)


def _pools(policy: AddressPolicy) -> dict[str, type[HTTPConnectionPool]]:
    class Connection(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(self, policy)

    class SecureConnection(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(self, policy)

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = SecureConnection

    return {"http": Pool, "https": SecurePool}


def _connect(connection: HTTPConnection, policy: AddressPolicy) -> socket.socket:
    """A socket to one of the allowed addresses of the connection's host, with the errors that urllib3 expects."""
    port = connection.port or connection.default_port
    try:
        allowed = policy.addresses(connection.host, port)
    except socket.gaierror as error:
        raise NameResolutionError(connection.host, connection, error) from error
    failure: OSError | None = None
    for address in allowed:
        try:
            return create_connection(
                (address, port), connection.timeout, source_address=connection.source_address,
                socket_options=connection.socket_options,
            )  # fmt: skip
        except OSError as error:
            failure = error
    if isinstance(failure, TimeoutError):
        raise ConnectTimeoutError(connection, f"Connecting to {connection.host} timed out.") from failure
    raise NewConnectionError(connection, f"No connection to {connection.host}: {failure}") from failure
