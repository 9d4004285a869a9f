"""Pages of a search for settings: what may vary, and the trials it made."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from cvstudio.accounts.current import current_user
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Run
from cvstudio.runs.search_space import read_space, searchable_settings
from cvstudio.runs.selectors import run_details
from cvstudio.runs.services.start_search import can_be_searched, result_metrics, start_search
from ml_core.errors import CodedError

UNPROCESSABLE = 422
MAX_TABLE_BYTES = 32 * 2**20
TRIALS, TRIALS_DEFAULT = (2, 1000), 20


@login_required
@require_http_methods(["GET", "POST"])
def search_page(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Ask what may vary; start the search when it is posted."""
    run = get_object_or_404(run_details(request.user), id=run_id)
    fault = None
    if request.method == "POST":
        try:
            return redirect("runs:detail", _start(request, run).id)
        except CodedError as error:
            fault = error.as_dict()
    context = {
        "run": run,
        "possible": can_be_searched(run),
        "settings": searchable_settings(run) if can_be_searched(run) else [],
        "metrics": result_metrics(run),
        "varied": {key.removeprefix("vary.") for key in request.POST if key.startswith("vary.")},
        "trials": request.POST.get("trials", TRIALS_DEFAULT),
        "fault": fault,
    }
    return render(request, "runs/search.html", context, status=UNPROCESSABLE if fault else 200)


def _start(request: HttpRequest, run: Run) -> Run:
    posted = request.POST
    return start_search(
        run,
        current_user(request),
        space=read_space(run, posted),
        metric=posted.get("metric", ""),
        direction=posted.get("direction", "auto"),
        method=posted.get("method", "tpe"),
        trials=posted.get("trials", TRIALS_DEFAULT),
    )


def trials_of(run: Run) -> dict[str, Any]:
    """Return the table that a search has written so far, with what the page's plot and its links need."""
    path = run_folder(run.id) / "artifacts" / "trials.json"
    try:
        table = json.loads(path.read_text(encoding="utf-8")) if path.stat().st_size <= MAX_TABLE_BYTES else None
    except (OSError, ValueError):
        table = None
    if not isinstance(table, dict):
        return {"search": None}
    for trial in table["trials"]:
        trial["settings_json"] = json.dumps(trial["values"])
        trial["is_best"] = trial["number"] == table["best"]
        trial["cells"] = [trial["values"].get(key) for key in table["space"]]
    return {"search": table, "importance": sorted(table["importance"].items(), key=lambda share: -share[1])}
