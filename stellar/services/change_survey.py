"""Rename or describe a survey."""

from __future__ import annotations

from stellar.models import Survey
from stellar.services.create_survey import titled


def change_survey(survey: Survey, **facts: str) -> Survey:
    """Change what is given: name, description.

    Raises:
        StellarError: The name is empty.
    """
    if "name" in facts:
        facts["name"] = titled(facts["name"])
    for name, value in facts.items():
        setattr(survey, name, value)
    survey.save(update_fields=[*facts, "updated_at"])
    return survey
