"""Headers on every answer."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' {sockets}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
)
# The two API readers bring styles that they write into the page themselves; scripts stay local everywhere.
READER_POLICY = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'") + "; worker-src blob:"
READERS = ("/api/v1/docs", "/api/v1/redoc")


class ContentPolicyMiddleware:
    """A content policy without inline scripts or styles, for pages, media and errors alike."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        policy = READER_POLICY if request.path in READERS else POLICY
        # Safari's 'self' does not cover ws:, so the socket address of this very host is named.
        scheme = "wss" if request.is_secure() else "ws"
        sockets = f"{scheme}://{request.META.get('HTTP_HOST', '')}" if response.status_code != 400 else ""
        response.headers.setdefault("Content-Security-Policy", policy.format(sockets=sockets))
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        return response
