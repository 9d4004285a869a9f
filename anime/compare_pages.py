"""Teacher, student and the same student alone, side by side."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from anime import selectors
from anime.compare_view import compared_rows, like_with_like, source_table, verdict_on
from anime.model_presentation import API, chosen_of
from anime.services.read_report import comparison_of

MOST = 100


@login_required
@require_GET
def compare_page(request: HttpRequest) -> HttpResponse:
    """Choose a student; what it, its teacher, and the same network without a teacher are worth."""
    students = list(selectors.listed_recognisers(request.user).filter(weight__task=selectors.STUDENT)[:MOST])
    student = chosen_of(students, request.GET.get("student", ""))
    found = comparison_of(student) if student is not None else {}
    context: dict[str, Any] = {
        "students": students, "student": student,
        "training": selectors.trainings_of(request.user, [student]).get(student.id) if student else None,
        "api_path": f"{API}/compare?student={student.id}" if student else "",
        "has_recognisers": selectors.listed_recognisers(request.user).exists(),
    }  # fmt: skip
    if found:
        context |= {"rows": compared_rows(found), "verdict": verdict_on(found), "sources": source_table(found),
                    "like_with_like": like_with_like(found)}  # fmt: skip
    return render(request, "anime/compare.html", context)
