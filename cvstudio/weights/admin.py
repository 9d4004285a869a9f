"""Weights in the admin: searched and read; files change through the services only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cvstudio.common.admin_bases import pretty
from cvstudio.common.quantities import scaled_bytes
from cvstudio.weights import alias_admin  # noqa: F401 - registers itself
from cvstudio.weights.models import Weight, WeightVersion
from cvstudio.weights.services.delete_weight import delete_weight
from ml_core.errors import CodedError


class VersionInline(admin.TabularInline):
    """The versions of a weight."""

    model = WeightVersion
    fields = readonly_fields = ("number", "source", "size", "sha256", "created_at")
    show_change_link = True
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Made by runs and uploads."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[WeightVersion]:
        """Without the large fields."""
        return super().get_queryset(request).defer("facts", "classes", "preprocessing")

    @admin.display(description=_("Size"))
    def size(self, version: WeightVersion) -> str:
        """Bytes for people."""
        return scaled_bytes(version.size_bytes)


@admin.register(Weight)
class WeightAdmin(admin.ModelAdmin):
    """Name and description may be changed."""

    list_display = ("name", "owner", "task", "architecture", "dataset", "version_count", "updated_at")
    list_filter = ("task", "updated_at")
    search_fields = ("name", "description", "owner__username", "=id")
    list_select_related = ("owner", "architecture", "dataset")
    autocomplete_fields = ("owner",)
    readonly_fields = ("id", "task", "architecture", "dataset", "created_at", "updated_at")
    inlines = (VersionInline,)
    date_hierarchy = "created_at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Made by runs and uploads."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Goes with its last version, whose files go too."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Weight]:
        """With the number of versions, in the same query."""
        rows: QuerySet[Weight] = super().get_queryset(request).annotate(count=Count("versions"))
        return rows

    @admin.display(description=_("Versions"), ordering="count")
    def version_count(self, weight: Any) -> int:
        """How many versions there are."""
        return int(weight.count)


@admin.register(WeightVersion)
class WeightVersionAdmin(admin.ModelAdmin):
    """Facts are read; notes may be written; deletion removes the files as well."""

    list_display = ("weight", "number", "owner", "source", "metric", "size", "created_at", "page")
    list_filter = ("source", "weight__task", "created_at")
    search_fields = ("weight__name", "weight__owner__username", "sha256", "notes", "=id", "=run__id")
    list_select_related = ("weight__owner",)
    date_hierarchy = "created_at"
    actions = ("delete_with_files",)
    fields = (
        "weight", "number", "source", "notes", "page", "size", "sha256", "metric", "run", "dataset_version",
        "architecture_version", "parent", "class_names", "shown_metrics", "shown_preprocessing", "shown_facts",
        "created_at",
    )  # fmt: skip
    readonly_fields = tuple(name for name in fields if name != "notes")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Made by runs and uploads."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only by the action, which removes the files too."""
        return False

    @admin.action(description=_("Delete with files (what is in use stays)"))
    def delete_with_files(self, request: HttpRequest, chosen: QuerySet[WeightVersion]) -> None:
        """Delete versions through the service."""
        freed = count = 0
        for version in chosen.select_related("weight"):
            try:
                freed += delete_weight(version).bytes_freed
                count += 1
            except CodedError as error:
                self.message_user(request, f"{version}: {error.message} {error.where}", messages.WARNING)
        said = gettext("Deleted %(count)s; %(size)s came back.") % {"count": count, "size": scaled_bytes(freed)}
        self.message_user(request, said, messages.SUCCESS if count else messages.WARNING)

    @admin.display(description=_("Owner"), ordering="weight__owner__username")
    def owner(self, version: WeightVersion) -> str:
        """Whose it is."""
        return str(version.weight.owner)

    @admin.display(description=_("Metric"))
    def metric(self, version: WeightVersion) -> str:
        """The number that stands for it."""
        found = version.main_metric
        return f"{found[0]} {found[1]:.4g}" if found else "–"

    @admin.display(description=_("Size"), ordering="size_bytes")
    def size(self, version: WeightVersion) -> str:
        """Bytes for people."""
        return scaled_bytes(version.size_bytes)

    @admin.display(description=_("Page"))
    def page(self, version: WeightVersion) -> SafeString:
        """The way to its page."""
        return format_html('<a href="/weights/{}">{}</a>', version.id, gettext("Open"))

    @admin.display(description=_("Classes"))
    def class_names(self, version: WeightVersion) -> SafeString:
        """Names in order."""
        return pretty(version.classes)

    @admin.display(description=_("Metrics"))
    def shown_metrics(self, version: WeightVersion) -> SafeString:
        """All numbers."""
        return pretty(version.metrics)

    @admin.display(description=_("Preprocessing"))
    def shown_preprocessing(self, version: WeightVersion) -> SafeString:
        """How pictures become input."""
        return pretty(version.preprocessing)

    @admin.display(description=_("Facts"))
    def shown_facts(self, version: WeightVersion) -> SafeString:
        """Of the file."""
        return pretty(version.facts)
