"""Architectures in the admin: searched and read; graphs are drawn in the editor."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from cvstudio.architectures.models import Architecture, ArchitectureVersion, GeneratedCode
from cvstudio.common.admin_bases import ReadOnlyAdmin, pretty


class VersionInline(admin.TabularInline):
    """The versions of an architecture."""

    model = ArchitectureVersion
    fk_name = "architecture"
    fields = readonly_fields = ("number", "valid", "fingerprint", "created_at")
    show_change_link = True
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Made by saving in the editor."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[ArchitectureVersion]:
        """Without the documents."""
        return super().get_queryset(request).defer("document", "facts")


@admin.register(Architecture)
class ArchitectureAdmin(admin.ModelAdmin):
    """Name and description may be changed; the graph has the editor."""

    list_display = ("name", "owner", "version", "is_valid", "params", "updated_at", "open_editor")
    list_filter = ("current_version__valid", "updated_at")
    list_select_related = ("owner", "current_version")
    search_fields = ("name", "description", "owner__username", "id")
    date_hierarchy = "created_at"
    autocomplete_fields = ("owner",)
    readonly_fields = ("id", "current_version", "created_at", "updated_at", "open_editor")
    fields = ("name", "description", "owner", "open_editor", "current_version", "id", "created_at", "updated_at")
    inlines = (VersionInline,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Made on the pages, where a graph can be drawn."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Architecture]:
        """Lists need no documents."""
        return super().get_queryset(request).defer("view", "current_version__document")

    @admin.display(description=_("version"), ordering="current_version__number")
    def version(self, obj: Architecture) -> int:
        """Number of the current version."""
        return obj.current_version.number if obj.current_version else 0

    @admin.display(description=_("valid"), boolean=True, ordering="current_version__valid")
    def is_valid(self, obj: Architecture) -> bool:
        """Whether it can be trained."""
        return bool(obj.current_version and obj.current_version.valid)

    @admin.display(description=_("parameters"))
    def params(self, obj: Architecture) -> str:
        """Parameters of the current version."""
        facts = obj.current_version.facts if obj.current_version else {}
        return f"{facts.get('params', 0):,}"

    @admin.display(description=_("editor"))
    def open_editor(self, obj: Architecture) -> SafeString:
        """Link to the page."""
        return format_html('<a href="{}">{}</a>', reverse("architectures:editor", args=[obj.pk]), _("Open"))


@admin.register(ArchitectureVersion)
class ArchitectureVersionAdmin(ReadOnlyAdmin):
    """One immutable state of a graph."""

    list_display = ("architecture", "number", "valid", "fingerprint", "created_at")
    list_filter = ("valid", "created_at")
    list_select_related = ("architecture",)
    search_fields = ("architecture__name", "fingerprint", "id")
    fields = ("architecture", "number", "valid", "fingerprint", "created_at", "facts_text", "document_text")
    readonly_fields = fields

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Versions go with their architecture."""
        return False

    @admin.display(description=_("facts"))
    def facts_text(self, obj: ArchitectureVersion) -> SafeString:
        """The facts without the drawing."""
        return pretty({key: value for key, value in obj.facts.items() if key != "miniature"})

    @admin.display(description=_("document"))
    def document_text(self, obj: ArchitectureVersion) -> SafeString:
        """The graph."""
        return pretty(obj.document)


@admin.register(GeneratedCode)
class GeneratedCodeAdmin(ReadOnlyAdmin):
    """Code that was written from a version."""

    list_display = ("version", "sha256", "created_at")
    list_select_related = ("version__architecture",)
    list_filter = ("created_at",)
    search_fields = ("version__architecture__name", "sha256")
    fields = ("version", "sha256", "created_at", "settings", "files_text")
    readonly_fields = fields

    @admin.display(description=_("files"))
    def files_text(self, obj: GeneratedCode) -> SafeString:
        """All files, one after the other."""
        return format_html("<pre>{}</pre>", "\n\n".join(f"# --- {name}\n{text}" for name, text in obj.files.items()))
