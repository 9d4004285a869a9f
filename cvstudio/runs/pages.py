"""Pages of runs: the table, what keeps it fresh, its export, and the comparison."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render

from cvstudio.accounts.current import current_user
from cvstudio.common.keyset import keyset_page
from cvstudio.runs.compare import MAX_RUNS, compare_metrics, compare_settings
from cvstudio.runs.compare_words import compare_in_words, spread_in_words
from cvstudio.runs.export import runs_as_csv
from cvstudio.runs.listing import (
    COLUMNS,
    SORTS,
    STATE_GROUPS,
    Filters,
    chosen_columns,
    metric_names,
)
from cvstudio.runs.models import Run, RunState
from cvstudio.runs.presentation import as_row, known_recipes
from cvstudio.runs.selectors import runs_for

PAGE_SIZES = (25, 50, 100, 200)
MAX_LIVE_ROWS = 200


@login_required
def list_page(request: HttpRequest) -> HttpResponse:
    """Show one table for every recipe."""
    filters = Filters.of(request.GET)
    wanted = request.GET.get("page_size") or str(current_user(request).preference("page_size"))
    size = int(wanted) if wanted.isdecimal() and int(wanted) in PAGE_SIZES else PAGE_SIZES[1]
    found = filters.apply(runs_for(request.user))
    page = keyset_page(found, SORTS, request.GET.get("sort", ""), request.GET.get("cursor", ""), size)
    context = {
        **_table(request, page.rows),
        "keyset": page,
        "total": found.count(),
        "filters": filters,
        "sort": request.GET.get("sort", "-created"),
        "state_groups": [(key, title) for key, (title, _states) in STATE_GROUPS.items()],
        "states": RunState.choices,
        "recipes": known_recipes(),
        "all_columns": COLUMNS,
    }
    return render(request, "runs/list.html", context)


@login_required
def rows_page(request: HttpRequest) -> HttpResponse:
    """Return fresh rows of the runs named in the address, for the page that shows them."""
    runs = runs_for(request.user).filter(id__in=_ids(request.GET.get("ids", ""), MAX_LIVE_ROWS))
    return render(request, "runs/rows.html", _table(request, list(runs)))


@login_required
def export_page(request: HttpRequest) -> StreamingHttpResponse:
    """Send the filtered table as CSV."""
    runs = Filters.of(request.GET).apply(runs_for(request.user)).order_by("-created_at", "-id")
    answer = StreamingHttpResponse(runs_as_csv(runs, metric_names(runs[:500])), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="runs.csv"'
    return answer


@login_required
def compare_page(request: HttpRequest) -> HttpResponse:
    """Show several runs side by side: curves over one another, settings and results in tables."""
    wanted = _ids(request.GET.get("ids", ""), MAX_RUNS)
    found = {run.id: run for run in runs_for(request.user).defer(None).defer("preflight").filter(id__in=wanted)}
    runs = [found[run_id] for run_id in wanted if run_id in found]
    context = {
        "runs": runs,
        "words": compare_in_words(runs) if runs else [],
        "spread": spread_in_words(runs) if runs else [],
        "settings": compare_settings(runs),
        "metrics": compare_metrics(runs),
        "curves": [{"id": str(run.id), "name": run.name, "state": run.state} for run in runs],
    }
    return render(request, "runs/compare.html", context)


def in_flight_page(request: HttpRequest) -> HttpResponse:
    """Return the count of runs in flight for the top bar; nothing for people who are not signed in."""
    if not request.user.is_authenticated:
        return HttpResponse(status=204)
    states = STATE_GROUPS["active"][1]
    mine = Run.objects.visible_to(request.user).filter(owner_id=request.user.pk, state__in=states)
    found = list(mine.values_list("state", flat=True))
    waiting = found.count(RunState.QUEUED)
    return render(request, "runs/in_flight.html", {"working": len(found) - waiting, "waiting": waiting})


def _table(request: HttpRequest, runs: Sequence[Run]) -> dict[str, Any]:
    columns, metrics = chosen_columns(request.GET, request.COOKIES.get("runs-columns", ""))
    return {
        "rows": [as_row(run, metrics) for run in runs],
        "columns": columns,
        "column_keys": [column.key for column in columns],
        "metric_columns": metrics,
        "known_metrics": metric_names(runs),
    }


def _ids(text: str, most: int) -> list[UUID]:
    """Read ids separated by commas; what is no id is left out, and each is taken once."""
    found: dict[UUID, None] = {}
    for part in text.split(",")[: 4 * most]:
        try:
            found[UUID(part.strip())] = None
        except ValueError:
            continue
    return list(found)[:most]
