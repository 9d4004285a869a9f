"""One error body for the whole API: `{code, message, hint, where}`.

This is one of the three places where every exception is caught: what nobody expected becomes a 500 with a
trace id, the details go to the log, and nothing internal reaches the client.
"""

from __future__ import annotations

import logging
import uuid
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, TooManyFieldsSent
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback
from rest_framework_simplejwt.exceptions import InvalidToken

from ml_core.errors import CodedError

logger = logging.getLogger("cvstudio.api")

# CodedError children may carry `status`; these codes belong to layers that know no HTTP.
STATUS_BY_CODE: dict[str, int] = {
    "not_found": status.HTTP_404_NOT_FOUND,
    "permission.denied": status.HTTP_403_FORBIDDEN,
    "disk.full": status.HTTP_507_INSUFFICIENT_STORAGE,
    "broker.unavailable": status.HTTP_503_SERVICE_UNAVAILABLE,
}

HINTS: dict[str, str] = {
    "not_authenticated": "Send Authorization: Bearer <access token>, or log in on the pages.",
    "authentication_failed": "Check the user name and the password.",
    "token_not_valid": "Get a new token from /api/v1/auth/refresh or /api/v1/auth/login.",
    "permission_denied": "Ask an administrator for this right.",
    "csrf_failed": "Reload the page and try again. A program sends Authorization: Bearer <access token> instead.",
    "not_found": "Check the id. Things of other people are not shown.",
    "method_not_allowed": "See /api/v1/docs for the methods of this address.",
    "unsupported_media_type": "Send application/json or multipart/form-data.",
    "not_acceptable": "Ask for application/json.",
    "parse_error": "Send well-formed JSON.",
    "throttled": "Wait and try again.",
    "invalid": "Correct the named field.",
    "too_large": "Send less at once.",
}


def body(code: str, message: str, *, hint: str = "", where: str = "") -> dict[str, str]:
    """The error body."""
    sentence = message if message.endswith((".", "!", "?", "。")) else f"{message}."
    return {"code": code, "message": sentence, "hint": hint or HINTS.get(code, ""), "where": where}


def handle(error: Exception, context: dict[str, Any]) -> Response:
    """Turn any exception of an API view into the error body with the right status."""
    set_rollback()
    if isinstance(error, CodedError):
        return coded_response(error)
    if isinstance(error, RequestDataTooBig | TooManyFieldsSent):
        message = "The request is larger than this address takes."
        return Response(body("too_large", message), status.HTTP_413_REQUEST_ENTITY_TOO_LARGE)
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, exceptions.APIException):
        return api_response(error)
    return unexpected_response(error, context)


def coded_response(error: CodedError) -> Response:
    """A typed failure: its own status, else the one of its code, else 400."""
    chosen = getattr(error, "status", None) or STATUS_BY_CODE.get(error.code, status.HTTP_400_BAD_REQUEST)
    wait_s = getattr(error, "wait_s", None)
    return Response(error.as_dict(), chosen, headers={"Retry-After": str(wait_s)} if wait_s is not None else None)


def api_response(error: exceptions.APIException) -> Response:
    """A failure that REST framework knows."""
    headers: dict[str, str] = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if (wait := getattr(error, "wait", None)) is not None:
        headers["Retry-After"] = str(int(wait))
    if isinstance(error, exceptions.ValidationError):
        where, message, code = first_fault(error.detail)
        content = body(code, message, hint=HINTS["invalid"], where=where)
    elif isinstance(error, InvalidToken):
        content = body("token_not_valid", "The token is invalid, expired or revoked.")
    elif isinstance(error, exceptions.Throttled):
        hint = f"Wait {int(wait)} seconds and try again." if wait is not None else ""
        content = body("throttled", "Too many requests.", hint=hint)
    else:
        # Simple JWT wraps its sentence in a mapping.
        detail = error.detail.get("detail", error.detail) if isinstance(error.detail, dict) else error.detail
        is_csrf = isinstance(error, exceptions.PermissionDenied) and str(detail).startswith("CSRF Failed")
        content = body("csrf_failed" if is_csrf else str(getattr(detail, "code", error.default_code)), str(detail))
    return Response(content, error.status_code, headers=headers)


def first_fault(detail: Any, path: str = "") -> tuple[str, str, str]:
    """Field path, message and code of the first fault in a validation error's tree."""
    if isinstance(detail, dict) and detail:
        key, value = next(iter(detail.items()))
        if isinstance(key, int):  # the index of a faulty item in a list of objects
            return first_fault(value, f"{path}[{key}]")
        step = "" if key == "non_field_errors" else str(key)
        return first_fault(value, ".".join(part for part in (path, step) if part))
    if isinstance(detail, list | tuple) and detail:
        # A list of errors of one field, or one entry per item of a list field, where {} means no fault.
        for index, item in enumerate(detail):
            if isinstance(item, dict | list | tuple):
                if item:
                    return first_fault(item, f"{path}[{index}]")
            else:
                return path, str(item), str(getattr(item, "code", "invalid"))
    return path, str(detail) if detail else "The value is invalid.", str(getattr(detail, "code", "invalid"))


def unexpected_response(error: Exception, context: dict[str, Any]) -> Response:
    """A defect of ours: the log gets the trace under an id, the client gets the id."""
    content = unexpected_body()
    view = type(context.get("view")).__name__
    logger.error("trace %s in %s", content["where"], view, exc_info=error)
    return Response(content, status.HTTP_500_INTERNAL_SERVER_ERROR)


def unexpected_body() -> dict[str, str]:
    """The body of a 500, with a fresh trace id in `where`."""
    return body(
        "internal",
        "Something went wrong on the server.",
        hint="Try again. If it stays, give the administrator the trace id.",
        where=f"trace:{uuid.uuid4().hex}",
    )
