"""A person changes their settings."""

from __future__ import annotations

from typing import Any

from cvstudio.accounts.models import User
from cvstudio.accounts.preferences import Preferences


def set_preferences(user: User, values: dict[str, Any]) -> Preferences:
    """Replace the settings; what is not named goes back to its default."""
    preferences = Preferences.model_validate(values)
    user.preferences = preferences.model_dump()
    user.save(update_fields=["preferences"])
    return preferences
