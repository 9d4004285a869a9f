"""Who may open a WebSocket: pages of this site with a session, and programs with a JWT.

A page sends its session cookie and an `Origin` header that must name an allowed host (browsers do not
apply the same-origin rule to sockets). A program sends its access token as `?token=...` or as the
subprotocol pair `["bearer", token]`; it need not send an origin, but one that it sends must be allowed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from channels.db import database_sync_to_async
from channels.sessions import CookieMiddleware, SessionMiddleware
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http.request import split_domain_port, validate_host

Application = Callable[[dict[str, Any], Any, Any], Awaitable[Any]]

CLOSE_FORBIDDEN_ORIGIN = 4403
CLOSE_NO_SUCH_SOCKET = 4404


class OriginGuard:
    """Closes sockets that pages of other sites try to open."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        origin = _header(scope, b"origin")
        if origin and not origin_allowed(origin, _header(scope, b"host")):
            await receive()
            await send({"type": "websocket.close", "code": CLOSE_FORBIDDEN_ORIGIN})
            return None
        scope = {**scope, "has_origin": bool(origin)}
        return await self.application(scope, receive, send)


def origin_allowed(origin: str, host: str) -> bool:
    """Whether a page of this origin may open sockets: its host is allowed and is the one it talks to."""
    parts = urlsplit(origin)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return False
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    domain, _ = split_domain_port(parts.netloc)
    return validate_host(domain, settings.ALLOWED_HOSTS) and parts.netloc.lower() == host.lower()


class TokenOrSession:
    """Puts the user into the scope: from a JWT when one is sent, else from the session of a page."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        token = socket_token(scope)
        if token:
            scope["user"] = await user_of_token(token)
        elif scope.get("has_origin"):
            scope["user"] = await user_of_session(scope)
        else:
            scope["user"] = AnonymousUser()  # a cookie without an origin is not a page of ours
        return await self.application(scope, receive, send)


def socket_token(scope: dict[str, Any]) -> str:
    """The JWT of a program, or an empty string."""
    protocols = scope.get("subprotocols") or []
    if len(protocols) >= 2 and protocols[0] == "bearer":
        return str(protocols[1])
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    return str((query.get("token") or [""])[0])


@database_sync_to_async
def user_of_token(token: str) -> Any:
    """The active user of a valid access token, else the anonymous one."""
    from rest_framework.exceptions import APIException
    from rest_framework_simplejwt.authentication import JWTAuthentication

    backend = JWTAuthentication()
    try:
        return backend.get_user(backend.get_validated_token(token.encode()))
    except APIException:
        return AnonymousUser()


@database_sync_to_async
def user_of_session(scope: dict[str, Any]) -> Any:
    """The active user of the page's session, else the anonymous one."""
    from django.contrib.auth import get_user

    class _Request:
        session = scope["session"]
        META: dict[str, str] = {}

    return get_user(_Request())  # type: ignore[arg-type]


def _header(scope: dict[str, Any], name: bytes) -> str:
    return next((str(value, "latin-1") for key, value in scope.get("headers", []) if key == name), "")


def guarded(application: Application) -> Application:
    """The stack that every socket passes: origin, cookies, session, user."""
    stack: Application = OriginGuard(CookieMiddleware(SessionMiddleware(TokenOrSession(application))))
    return stack


async def no_such_socket(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The last route: an address that no socket has is refused, and is no defect to log."""
    await receive()
    await send({"type": "websocket.close", "code": CLOSE_NO_SUCH_SOCKET})
