"""People in the admin. Rights are given by superusers only: staff cannot lift itself or others."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cvstudio.accounts.current import current_user
from cvstudio.accounts.models import User

RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")


@admin.register(User)
class AccountAdmin(UserAdmin):
    """Search, filter, deactivate. Accounts with things are deactivated rather than deleted."""

    list_display = ("username", "email", "is_active", "is_staff", "is_superuser", "date_joined", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser", "date_joined")
    search_fields = ("username", "email", "first_name", "last_name")
    readonly_fields = ("id", "date_joined", "last_login")
    ordering = ("username",)
    actions = ("deactivate", "activate")
    fieldsets = (
        (None, {"fields": ("id", "username", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name", "email", "preferences")}),
        (_("Rights"), {"fields": ("is_active", *RIGHTS)}),
        (_("Dates"), {"fields": ("date_joined", "last_login")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Rights are read-only for everybody but superusers."""
        fixed = tuple(super().get_readonly_fields(request, obj))
        return fixed if request.user.is_superuser else (*fixed, *RIGHTS)

    def _may_touch(self, request: HttpRequest, obj: User | None) -> bool:
        """Staff does not touch superusers: setting their password would be lifting itself."""
        return request.user.is_superuser or obj is None or not obj.is_superuser

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Whether this person may be changed."""
        return super().has_change_permission(request, obj) and self._may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Whether this person may be deleted."""
        return super().has_delete_permission(request, obj) and self._may_touch(request, obj)

    @admin.action(description=_("Deactivate the selected people"), permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """End their access at once; the person who acts is left out."""
        self._set_active(request, queryset.exclude(pk=current_user(request).pk), False)

    @admin.action(description=_("Activate the selected people"), permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Let them in again."""
        self._set_active(request, queryset, True)

    def _set_active(self, request: HttpRequest, people: QuerySet[User], active: bool) -> None:
        if not request.user.is_superuser:
            people = people.exclude(is_superuser=True)
        count = people.update(is_active=active)
        message: Any = _("%(count)d people changed.") % {"count": count}
        self.message_user(request, message)
