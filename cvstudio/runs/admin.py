"""Runs in the admin: found, read, and asked to pause, go on or stop. What they are is written by services alone."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from cvstudio.common.admin_bases import FactsAdmin, pretty
from cvstudio.runs.models import Artifact, Checkpoint, CurveBlock, Run, RunEvent
from cvstudio.runs.services.control_run import control_run
from cvstudio.runs.services.delete_run import delete_run
from cvstudio.runs.states import ACTIVE
from ml_core.errors import CodedError


class UncountedPaginator(Paginator):
    """Pages of a table with millions of rows, which takes seconds to count."""

    @cached_property
    def count(self) -> int:
        """More than anybody turns pages."""
        return 100_000


class FileInline(admin.TabularInline):
    """Files of a run."""

    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Made by the run."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Facts."""
        return False


class CheckpointInline(FileInline):
    """Checkpoints of a run."""

    model = Checkpoint
    fields = readonly_fields = ("step", "epoch", "tags", "size_bytes", "path", "deleted_at")


class ArtifactInline(FileInline):
    """Artifacts of a run."""

    model = Artifact
    fields = readonly_fields = ("name", "media_type", "size_bytes", "path")


@admin.register(Run)
class RunAdmin(admin.ModelAdmin):
    """Name and notes may be changed; the state has actions."""

    list_display = ("name", "owner", "recipe", "state", "cause_class", "queue", "worker", "created_at", "open_page")
    list_filter = ("state", "recipe", "queue", "cause_class", "created_at")
    list_select_related = ("owner",)
    search_fields = ("name", "notes", "recipe", "owner__username", "id")
    date_hierarchy = "created_at"
    inlines = (CheckpointInline, ArtifactInline)
    actions = ("pause_runs", "resume_runs", "stop_runs")
    fieldsets = (
        (None, {"fields": ("name", "notes", "owner", "open_page")}),
        (_("State"), {"fields": ("state", "cause_class", "cause_text", "progress_text", "summary_text", "attempts")}),
        (
            _("Worker"),
            {
                "classes": ("collapse",),
                "fields": ("queue", "worker", "process", "fence", "lease_expires_at", "enqueued_at", "command"),
            },
        ),
        (
            _("Events"),
            {"classes": ("collapse",), "fields": ("last_seq", "source_seq", "source_offset", "folded_seq")},
        ),
        (
            _("Made of"),
            {
                "fields": (
                    "recipe",
                    "seed",
                    "dataset_version",
                    "architecture_version",
                    "parent",
                    "config_text",
                    "preflight_text",
                )
            },
        ),
        (_("Result"), {"fields": ("result_text", "created_at", "started_at", "ended_at", "active_s")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        """The list shows none of the large fields."""
        runs = super().get_queryset(request)
        is_list = request.resolver_match and request.resolver_match.url_name == "runs_run_changelist"
        return runs.defer("config", "result", "preflight", "summary") if is_list else runs

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Everything but name and notes."""
        shown = [field for _title, part in self.fieldsets for field in part["fields"]]
        return [str(field) for field in shown if field not in ("name", "notes")]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Without the bulk deletion, which would leave files behind."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Runs are started on the pages, after checks."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Run | None = None) -> bool:
        """Not while a worker holds it."""
        return super().has_delete_permission(request, obj) and not (obj and obj.state in ACTIVE)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Named, not listed: a run may have millions of events."""
        return [str(run) for run in objs], {str(Run._meta.verbose_name_plural): len(objs)}, set(), []

    def delete_model(self, request: HttpRequest, obj: Run) -> None:
        """Delete with all files, unless the run is at work."""
        try:
            delete_run(obj)
        except CodedError as error:
            self.message_user(request, f"{error.message} {error.hint}", messages.ERROR)

    @admin.action(description=_("Pause the chosen runs"), permissions=["change"])
    def pause_runs(self, request: HttpRequest, queryset: QuerySet[Run]) -> None:
        """Pause."""
        self._control(request, queryset, "pause")

    @admin.action(description=_("Resume the chosen runs"), permissions=["change"])
    def resume_runs(self, request: HttpRequest, queryset: QuerySet[Run]) -> None:
        """Resume."""
        self._control(request, queryset, "resume")

    @admin.action(description=_("Stop the chosen runs"), permissions=["change"])
    def stop_runs(self, request: HttpRequest, queryset: QuerySet[Run]) -> None:
        """Stop."""
        self._control(request, queryset, "stop")

    def _control(self, request: HttpRequest, runs: QuerySet[Run], action: str) -> None:
        done = 0
        for run in runs:
            try:
                control_run(run, action)
                done += 1
            except CodedError as error:
                self.message_user(request, f"{run.name}: {error.message} {error.hint}", messages.WARNING)
        text = ngettext("%(n)d run was asked.", "%(n)d runs were asked.", done) % {"n": done}
        self.message_user(request, text, messages.SUCCESS if done else messages.INFO)

    @admin.display(description=_("page"))
    def open_page(self, obj: Run) -> SafeString:
        """Its page with live curves."""
        return format_html('<a href="{}">{}</a>', reverse("runs:detail", args=[obj.id]), _("Open"))

    @admin.display(description=_("cause"))
    def cause_text(self, obj: Run) -> SafeString:
        """Why it ended."""
        return pretty(obj.cause)

    @admin.display(description=_("progress"))
    def progress_text(self, obj: Run) -> SafeString:
        """How far it is."""
        return pretty(obj.progress)

    @admin.display(description=_("metrics"))
    def summary_text(self, obj: Run) -> SafeString:
        """Latest and best."""
        return pretty(obj.summary)

    @admin.display(description=_("configuration"))
    def config_text(self, obj: Run) -> SafeString:
        """All settings."""
        return pretty(obj.config)

    @admin.display(description=_("checks before the start"))
    def preflight_text(self, obj: Run) -> SafeString:
        """The report."""
        return pretty(obj.preflight)

    @admin.display(description=_("result"))
    def result_text(self, obj: Run) -> SafeString:
        """What it gave."""
        return pretty(obj.result)


@admin.register(RunEvent)
class RunEventAdmin(FactsAdmin):
    """The event log, a page at a time."""

    list_display = ("run", "seq", "kind", "time", "text")
    list_filter = ("kind",)
    search_fields = ("run__id",)
    search_help_text = _("Id of a run")
    list_select_related = ("run",)
    ordering = ("-id",)
    paginator = UncountedPaginator
    show_full_result_count = False

    @admin.display(description=_("data"))
    def text(self, obj: RunEvent) -> str:
        """The beginning of the data."""
        return json.dumps(obj.data, ensure_ascii=False)[:200]


@admin.register(Checkpoint)
class CheckpointAdmin(FactsAdmin):
    """Checkpoints."""

    list_display = ("run", "step", "epoch", "tags", "size_bytes", "created_at", "deleted_at")
    list_filter = ("created_at", ("deleted_at", admin.EmptyFieldListFilter))
    search_fields = ("run__name", "run__id", "path", "sha256")
    list_select_related = ("run",)
    date_hierarchy = "created_at"


@admin.register(Artifact)
class ArtifactAdmin(FactsAdmin):
    """Artifacts."""

    list_display = ("name", "run", "media_type", "size_bytes", "created_at")
    list_filter = ("media_type", "created_at")
    search_fields = ("name", "run__name", "run__id", "sha256")
    list_select_related = ("run",)
    date_hierarchy = "created_at"


@admin.register(CurveBlock)
class CurveBlockAdmin(FactsAdmin):
    """Packed points of curves."""

    list_display = ("run", "scope", "phase", "name", "first_step", "last_step", "count")
    list_filter = ("scope", "phase")
    search_fields = ("run__id", "name")
    list_select_related = ("run",)
    ordering = ("-id",)
    paginator = UncountedPaginator
    show_full_result_count = False
