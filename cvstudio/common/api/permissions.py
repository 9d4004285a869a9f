"""Permissions that several apps need."""

from __future__ import annotations

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView


class IsStaff(BasePermission):
    """Administrators only."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the user is an active member of staff."""
        return bool(request.user and request.user.is_authenticated and request.user.is_staff)
