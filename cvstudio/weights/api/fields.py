"""A field that other apps use to take a version of a weight."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from cvstudio.common.api.parsers import unstorable
from cvstudio.weights.references import version_filter

_MOST_LETTERS = 250


class VersionField(serializers.CharField):
    """A version of a weight in a request; gives the condition that finds it."""

    default_error_messages = {"unreadable": _("Give the id of a version, or name@alias.")}

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> Q:  # type: ignore[override]
        """The condition. The validators of the class would be given it, so the text is checked before."""
        text = super().to_internal_value(data)
        found = None if len(text) > _MOST_LETTERS or unstorable(text) else version_filter(text)
        if found is None:
            self.fail("unreadable")
        return found
