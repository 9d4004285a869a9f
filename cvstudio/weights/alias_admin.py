"""Aliases in the admin: searched and read; they move on the page of a weight and over the API."""

from __future__ import annotations

from django.contrib import admin

from cvstudio.common.admin_bases import FactsAdmin
from cvstudio.weights.models import AliasMove, WeightAlias


@admin.register(WeightAlias)
class WeightAliasAdmin(FactsAdmin):
    """Which version each stands for."""

    list_display = ("name", "weight", "version", "created_at")
    list_filter = ("name", "created_at")
    search_fields = ("name", "weight__name", "=weight__id")
    list_select_related = ("weight", "version__weight")


@admin.register(AliasMove)
class AliasMoveAdmin(FactsAdmin):
    """What each stood for before."""

    list_display = ("name", "number", "weight", "user", "created_at")
    list_filter = ("name", "created_at")
    search_fields = ("name", "weight__name", "user__username")
    list_select_related = ("weight", "user")
