"""What a person may set for themselves, with types and defaults."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class Notifications(BaseModel):
    """What the pages speak up about."""

    model_config = ConfigDict(extra="forbid")

    run_completed: bool = True
    run_failed: bool = True
    sound: bool = False


class Preferences(BaseModel):
    """A person's settings. Stored as JSON; values that a later version no longer knows fall back to defaults."""

    model_config = ConfigDict(extra="forbid")

    language: Literal["", "en", "zh-hans"] = ""  # empty: as the browser says
    theme: Literal["auto", "light", "dark"] = "auto"
    density: Literal["comfortable", "compact"] = "comfortable"
    page_size: Literal[25, 50, 100, 200] = 50
    notifications: Notifications = Field(default_factory=Notifications)

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Self:
        """Preferences from stored JSON."""
        try:
            return cls.model_validate(stored)
        except ValidationError:
            return cls()
