"""Aliases in the admin: searched and read; they move on the page of a weight and over the API."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from cvstudio.weights.models import AliasMove, WeightAlias


class _ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    def has_add_permission(self, request: HttpRequest) -> bool:
        """Given through the service, which keeps the history."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Moved through the service."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Taken away through the service."""
        return False


@admin.register(WeightAlias)
class WeightAliasAdmin(_ReadOnly):
    """Which version each stands for."""

    list_display = ("name", "weight", "version", "created_at")
    list_filter = ("name", "created_at")
    search_fields = ("name", "weight__name", "=weight__id")
    list_select_related = ("weight", "version__weight")


@admin.register(AliasMove)
class AliasMoveAdmin(_ReadOnly):
    """What each stood for before."""

    list_display = ("name", "number", "weight", "user", "created_at")
    list_filter = ("name", "created_at")
    search_fields = ("name", "weight__name", "user__username")
    list_select_related = ("weight", "user")
