"""People."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _


class AccountManager(UserManager["User"]):
    """Finds people by what they type at login."""

    def by_login(self, login: str) -> User | None:
        """The person with this user name or e-mail address, whatever the case. At most two queries."""
        if "@" in login:
            return self.filter(email__iexact=login).first() or self.filter(username__iexact=login).first()
        return self.filter(username__iexact=login).first()


class User(AbstractUser):
    """A person who uses the studio. The id says nothing about how many there are."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    preferences = models.JSONField(_("preferences"), default=dict, blank=True)

    objects: ClassVar[AccountManager] = AccountManager()  # type: ignore[assignment]

    class Meta:
        db_table = "users"
        ordering = ["username"]
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.UniqueConstraint(
                Lower("username"), name="user_username_once", violation_error_message=_("This user name is taken.")
            ),
            models.UniqueConstraint(
                Lower("email"),
                name="user_email_once",
                condition=~Q(email=""),
                violation_error_message=_("This e-mail address is taken."),
            ),
        ]

    def __str__(self) -> str:
        return self.username

    def preference(self, name: str) -> Any:
        """One preference, or its default."""
        from cvstudio.accounts.preferences import Preferences

        return getattr(Preferences.of(self.preferences), name)
