"""The import in a real process, as a worker runs it, with what follows in the database."""

from __future__ import annotations

from typing import Any

import pytest

from cvstudio.runs.models import Run
from cvstudio.runs.supervisor.execute import execute_run
from stellar.models import Survey
from stellar.services.create_survey import create_sample

pytestmark = [pytest.mark.process, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_a_worker_simulates_a_survey_and_its_stars_are_there(alice: Any) -> None:
    survey = create_sample(alice, stars=10)
    assert survey.import_run_id is not None
    execute_run(survey.import_run_id)
    survey = Survey.objects.get(id=survey.id)
    assert (survey.state, Run.objects.get(id=survey.import_run_id).state) == ("ready", "completed"), survey.fault
    assert (survey.stars, survey.complete, survey.star_rows.count()) == (10, 10, 10)
    names = set(Run.objects.get(id=survey.import_run_id).artifacts.values_list("name", flat=True))
    assert {"report.json", "measurements.csv"} <= names
