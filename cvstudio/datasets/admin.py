"""Data sets in the admin: searched and read; images with thumbnails; what changes files goes through the services."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cvstudio.common.admin_bases import FactsAdmin
from cvstudio.datasets.models import AugmentationConfig, Dataset, DatasetExport, DatasetImage, DatasetVersion
from cvstudio.datasets.services.delete_dataset import delete_dataset
from cvstudio.datasets.services.start_statistics import start_statistics
from ml_core.errors import CodedError


def thumbnails(dataset_id: Any, ids: list[str], side: int = 48) -> SafeString:
    """A row of small pictures; their addresses check who asks."""
    return format_html_join(
        " ", '<img src="{}" width="{}" height="{}" loading="lazy" alt="">',
        ((reverse("api-datasets-thumbnail", args=[dataset_id, image]), side, side) for image in ids),
    )  # fmt: skip


class VersionInline(admin.TabularInline):
    """The versions of a data set."""

    model = DatasetVersion
    fk_name = "dataset"
    fields = readonly_fields = ("number", "state", "fingerprint", "created_at")
    show_change_link = True
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Made by imports."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[DatasetVersion]:
        """Without the large fields."""
        return super().get_queryset(request).defer("statistics", "classes", "counts", "evidence")


@admin.register(Dataset)
class DatasetAdmin(admin.ModelAdmin):
    """Name, description and owner may be changed; deleting frees the files too."""

    list_display = ("name", "cover", "owner", "source", "format", "version", "images", "created_at", "page")
    list_filter = ("source", "format", "created_at")
    list_select_related = ("owner", "current_version")
    search_fields = ("name", "description", "owner__username", "id")
    date_hierarchy = "created_at"
    autocomplete_fields = ("owner",)
    fields = ("name", "description", "owner", "source", "format", "page", "cover", "id", "created_at", "updated_at")
    readonly_fields = ("source", "format", "page", "cover", "id", "created_at", "updated_at")
    inlines = (VersionInline,)
    actions = ("delete_with_files", "measure")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Made on the pages, where files can be brought."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The action below deletes; Django's own would leave the files."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dataset]:
        """Without the statistics."""
        return super().get_queryset(request).defer("current_version__statistics")

    @admin.display(description=_("version"), ordering="current_version__number")
    def version(self, obj: Dataset) -> int | None:
        """Number of the current version."""
        return obj.current_version.number if obj.current_version else None

    @admin.display(description=_("images"))
    def images(self, obj: Dataset) -> str:
        """Images of the current version."""
        return f"{obj.current_version.counts.get('images', 0):,}" if obj.current_version else "–"

    @admin.display(description=_("cover"))
    def cover(self, obj: Dataset) -> SafeString | str:
        """A few pictures."""
        return thumbnails(obj.id, obj.current_version.cover) if obj.current_version else "–"

    @admin.display(description=_("page"))
    def page(self, obj: Dataset) -> SafeString:
        """Link to the page."""
        return format_html('<a href="{}">{}</a>', reverse("datasets:detail", args=[obj.pk]), _("Open"))

    @admin.action(description=_("Delete with all files (only what nothing depends on)"))
    def delete_with_files(self, request: HttpRequest, queryset: QuerySet[Dataset]) -> None:
        """Delete what may be deleted, and say what may not."""
        for dataset in queryset:
            try:
                delete_dataset(dataset, request.user)  # type: ignore[arg-type]
            except CodedError as error:
                self.message_user(request, f"{error.message} {error.hint}", messages.ERROR)
            else:
                self.message_user(request, gettext("Deleted %(name)s.") % {"name": dataset.name}, messages.SUCCESS)

    @admin.action(description=_("Measure the current version"))
    def measure(self, request: HttpRequest, queryset: QuerySet[Dataset]) -> None:
        """Put measurements into the queue."""
        for dataset in queryset.select_related("current_version__statistics_run"):
            if dataset.current_version is None:
                continue
            try:
                start_statistics(dataset.current_version)
            except CodedError as error:
                self.message_user(request, f"{error.message} {error.hint}", messages.ERROR)


@admin.register(DatasetVersion)
class DatasetVersionAdmin(FactsAdmin):
    """Versions with their counts."""

    list_display = ("dataset", "number", "task", "state", "images", "annotations", "rejected", "parent", "fingerprint",
                    "created_at")  # fmt: skip
    list_filter = ("state", "task", "created_at")
    list_select_related = ("dataset", "parent__dataset")
    raw_id_fields = ("parent",)
    search_fields = ("dataset__name", "fingerprint", "id")
    exclude = ("statistics",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[DatasetVersion]:
        """Without the statistics."""
        return super().get_queryset(request).defer("statistics", "parent__statistics")

    @admin.display(description=_("images"))
    def images(self, obj: DatasetVersion) -> str:
        """How many."""
        return f"{obj.counts.get('images', 0):,}"

    @admin.display(description=_("annotations"))
    def annotations(self, obj: DatasetVersion) -> str:
        """How many; a dash where images have classes."""
        counts = obj.counts.get("annotations")
        return f"{counts['kept']:,}" if counts else "–"

    @admin.display(description=_("rejects"))
    def rejected(self, obj: DatasetVersion) -> str:
        """How many."""
        return f"{obj.counts.get('rejected', 0):,}"


@admin.register(DatasetImage)
class DatasetImageAdmin(FactsAdmin):
    """Images with thumbnails."""

    list_display = ("thumbnail", "path", "version", "split", "label", "width", "height", "format", "size_bytes")
    list_display_links = ("path",)
    list_filter = ("split", "format", "mode")
    list_select_related = ("version__dataset",)
    list_per_page = 50
    show_full_result_count = False  # counting all images twice is slow
    search_fields = ("path", "sha256")
    readonly_fields = ("thumbnail",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[DatasetImage]:
        """Without the statistics of the version."""
        return super().get_queryset(request).select_related("version__dataset").defer("version__statistics")

    @admin.display(description=_("image"))
    def thumbnail(self, obj: DatasetImage) -> SafeString:
        """The picture."""
        return thumbnails(obj.version.dataset_id, [str(obj.id)])


@admin.register(DatasetExport)
class DatasetExportAdmin(FactsAdmin):
    """What was written in other layouts."""

    list_display = ("version", "format", "boxes_only", "state", "written", "run", "created_at")
    list_filter = ("format", "boxes_only", "created_at")
    list_select_related = ("version__dataset", "run")
    search_fields = ("version__dataset__name", "id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[DatasetExport]:
        """Without the statistics of the version."""
        return super().get_queryset(request).defer("version__statistics", "run__config", "run__result")

    @admin.display(description=_("state"))
    def state(self, obj: DatasetExport) -> str:
        """Where its run stands."""
        return obj.run.get_state_display() if obj.run else "–"

    @admin.display(description=_("images"))
    def written(self, obj: DatasetExport) -> str:
        """How many were written."""
        return f"{obj.report['images']['out']:,}" if obj.report else "–"


@admin.register(AugmentationConfig)
class AugmentationConfigAdmin(FactsAdmin):
    """Saved augmentations."""

    list_display = ("name", "owner", "operation_names", "updated_at")
    list_select_related = ("owner",)
    list_filter = ("updated_at",)
    search_fields = ("name", "owner__username")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing depends on one."""
        return bool(request.user.is_superuser)

    @admin.display(description=_("operations"))
    def operation_names(self, obj: AugmentationConfig) -> str:
        """Their names."""
        return ", ".join(operation.get("op", "?") for operation in obj.operations)
