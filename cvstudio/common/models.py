"""What every owned object of the platform has in common."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, TypeVar

from django.conf import settings
from django.db import models

if TYPE_CHECKING:
    from cvstudio.accounts.models import User

M = TypeVar("M", bound=models.Model)


class OwnedQuerySet(models.QuerySet[M]):
    """Where every query of owned objects starts.

    ``owner_path`` on the model names the lookup that leads to the owner; children of an owned object set it.
    """

    def visible_to(self, user: User | Any) -> OwnedQuerySet[M]:
        """Rows that ``user`` may see: their own, and all for staff. Nothing for the anonymous."""
        if not user.is_authenticated:
            return self.none()
        if user.is_staff:
            return self.all()
        return self.filter(**{getattr(self.model, "owner_path", "owner"): user})


# Made this way, rather than by `as_manager()`, the type checker knows the model of each manager.
OwnedManager = models.Manager.from_queryset(OwnedQuerySet)


class PublicIdModel(models.Model):
    """A row with a public id that says nothing about the number of rows."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True


class OwnedModel(PublicIdModel):
    """A thing that a person made. Rows go with nobody: an account with things cannot be deleted."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    objects = OwnedManager()

    class Meta:
        abstract = True
