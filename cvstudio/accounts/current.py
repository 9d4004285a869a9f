"""Who is asking, with the right type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest

from cvstudio.accounts.models import User

if TYPE_CHECKING:
    from rest_framework.request import Request


def current_user(request: HttpRequest | Request) -> User:
    """The person behind a request that already passed a login check."""
    assert isinstance(request.user, User), "the view must require a login"
    return request.user
