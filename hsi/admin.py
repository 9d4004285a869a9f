"""Sensors, scenes, chains and maps in the admin: searched and read; what changes files goes through the services."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cvstudio.accounts.current import current_user
from cvstudio.common.admin_bases import MadeByServices
from hsi.models import AnomalyMap, Pipeline, Scene, Sensor
from hsi.pipeline_state import state_of
from hsi.selectors import listed_maps, listed_pipelines
from hsi.services.control_pipeline import control_pipeline
from hsi.services.delete_map import delete_map
from hsi.services.delete_pipeline import delete_pipeline
from hsi.services.delete_scene import delete_scene


def picture(address: str, side: int = 64) -> SafeString:
    """A small picture; its address checks who asks."""
    return format_html('<img src="{}" width="{}" height="{}" loading="lazy" alt="">', address, side, side)


def opener(name: str, row: Any) -> SafeString:
    """Link to the page of a thing."""
    return format_html('<a href="{}">{}</a>', reverse(name, args=[row.pk]), _("Open"))


@admin.register(Sensor)
class SensorAdmin(admin.ModelAdmin):
    """Sensors may be changed; deleting one leaves its scenes."""

    list_display = ("name", "owner", "bands", "domain_id", "pixel_size_m", "updated_at")
    list_filter = ("created_at", "bands")
    list_select_related = ("owner",)
    search_fields = ("name", "notes", "owner__username")
    autocomplete_fields = ("owner",)


@admin.register(Scene)
class SceneAdmin(MadeByServices):
    """Name, description, sensor and owner may be changed; deleting frees the files too."""

    date_hierarchy = "created_at"
    list_display = ("name", "preview", "owner", "sensor", "state", "size", "has_mask", "created_at", "page")
    list_filter = ("state", "source", "has_mask", "created_at")
    list_select_related = ("owner", "sensor")
    search_fields = ("name", "description", "fingerprint", "owner__username", "id")
    autocomplete_fields = ("owner", "sensor")
    fields = (
        "name", "description", "owner", "sensor", "source", "state", "preview", "size", "dtype", "fingerprint",
        "anomaly_pixels", "page", "id", "created_at", "updated_at",
    )  # fmt: skip
    readonly_fields = (
        "source", "state", "preview", "size", "dtype", "fingerprint", "anomaly_pixels", "page", "id", "created_at",
        "updated_at",
    )  # fmt: skip
    actions = ("delete_with_files",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Scene]:
        """Without the large fields."""
        return super().get_queryset(request).defer("inspection", "statistics", "findings")

    @admin.display(description=_("preview"))
    def preview(self, obj: Scene) -> SafeString | str:
        """In false colour."""
        return picture(f"{reverse('api-hsi-preview', args=[obj.pk])}?size=320") if obj.state == "ready" else "–"

    @admin.display(description=_("size"))
    def size(self, obj: Scene) -> str:
        """Rows, columns, bands."""
        return " × ".join(map(str, obj.shape)) if obj.shape else "–"

    @admin.display(description=_("page"))
    def page(self, obj: Scene) -> SafeString:
        """Link to the page."""
        return opener("hsi:detail", obj)

    @admin.action(description=_("Delete with all files and maps (only what no run is at work on)"))
    def delete_with_files(self, request: HttpRequest, queryset: QuerySet[Scene]) -> None:
        """Delete what may be deleted, and say what may not."""
        user = current_user(request)
        self.each(request, queryset, lambda scene: delete_scene(scene, user), gettext("Deleted %(name)s."))


@admin.register(AnomalyMap)
class AnomalyMapAdmin(MadeByServices):
    """Maps with their main picture."""

    date_hierarchy = "created_at"
    list_display = (
        "name",
        "preview",
        "owner",
        "scene",
        "state",
        "main_method",
        "scores",
        "seconds",
        "created_at",
        "page",
    )
    list_filter = ("state", "main_method", "created_at")
    search_fields = ("name", "scene__name", "owner__username", "id")
    fields = readonly_fields = (
        "name", "owner", "scene", "state", "preview", "main_method", "asked", "scores", "seconds", "size_bytes",
        "detector", "pipeline", "run", "page", "id", "created_at", "updated_at",
    )  # fmt: skip
    actions = ("delete_with_files",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[AnomalyMap]:
        """With what the list shows."""
        return listed_maps(request.user)

    @admin.display(description=_("preview"))
    def preview(self, obj: AnomalyMap) -> SafeString | str:
        """The main map in colours."""
        return picture(f"{reverse('api-hsi-map-image', args=[obj.pk])}?size=320") if obj.state == "ready" else "–"

    @admin.display(description="AUC / AP")
    def scores(self, obj: AnomalyMap) -> str:
        """Of the main method, where the scene has a mask."""
        metrics = obj.methods.get(obj.main_method, {}).get("metrics")
        return f"{metrics['auc']:.3f} / {metrics['ap']:.3f}" if metrics else "–"

    @admin.display(description=_("page"))
    def page(self, obj: AnomalyMap) -> SafeString:
        """Link to the page."""
        return opener("hsi:detection", obj)

    @admin.action(description=_("Delete with all files (only what is not at work)"))
    def delete_with_files(self, request: HttpRequest, queryset: QuerySet[AnomalyMap]) -> None:
        """Delete what may be deleted, and say what may not."""
        self.each(request, queryset, delete_map, gettext("Deleted %(name)s."))


@admin.register(Pipeline)
class PipelineAdmin(MadeByServices):
    """Chains with the state that follows from their runs."""

    date_hierarchy = "created_at"
    list_display = ("name", "owner", "preset", "stage", "derived_state", "created_at", "page")
    list_filter = ("preset", "stage", "created_at")
    search_fields = ("name", "owner__username", "id")
    fields = readonly_fields = (
        "name", "owner", "preset", "settings", "stage", "derived_state", "fault", "tokenizer_run", "pretrain_run",
        "anomaly_run", "tokenizer", "encoder", "detector", "page", "id", "created_at", "updated_at",
    )  # fmt: skip
    actions = ("stop", "forget")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Pipeline]:
        """With the runs that tell the state."""
        return listed_pipelines(request.user)

    @admin.display(description=_("state"))
    def derived_state(self, obj: Pipeline) -> str:
        """From its runs."""
        return state_of(obj)

    @admin.display(description=_("page"))
    def page(self, obj: Pipeline) -> SafeString:
        """Link to the page."""
        return opener("hsi:pipeline", obj)

    @admin.action(description=_("Stop"))
    def stop(self, request: HttpRequest, queryset: QuerySet[Pipeline]) -> None:
        """Stop the runs of the current stage."""
        self.each(request, queryset, lambda chain: control_pipeline(chain, "stop"), gettext("Stopped %(name)s."))

    @admin.action(description=_("Forget (weights, maps and runs stay)"))
    def forget(self, request: HttpRequest, queryset: QuerySet[Pipeline]) -> None:
        """Delete the chain alone."""
        self.each(request, queryset, delete_pipeline, gettext("Deleted %(name)s."))
