"""What Django's admin may do with rows that services write."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ml_core.errors import CodedError


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that only services write. They may be deleted: nothing else stands on them."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Made by services."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Facts are not rewritten."""
        return False


class FactsAdmin(ReadOnlyAdmin):
    """Rows that only services write and remove."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They go with what they tell about, or through a service that keeps the history."""
        return False


class MadeByServices(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows with files or runs behind them: neither added nor deleted by Django's own forms."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Made on the pages."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Actions and pages delete; Django's own deletion would leave the files."""
        return False

    def each(self, request: HttpRequest, rows: Iterable[Any], do: Callable[[Any], Any], done: str) -> None:
        """Do it to every row, and say what may not be done and why."""
        for row in rows:
            name = str(row)
            try:
                do(row)
            except CodedError as error:
                self.message_user(request, f"{name}: {error.message} {error.hint}", messages.ERROR)
            else:
                self.message_user(request, done % {"name": name}, messages.SUCCESS)


def pretty(value: Any) -> SafeString:
    """JSON for reading; text stays text."""
    return format_html("<pre>{}</pre>", json.dumps(value, indent=2, ensure_ascii=False))
