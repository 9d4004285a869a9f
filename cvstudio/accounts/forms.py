"""Forms of the account pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from cvstudio.accounts.errors import LoginError, ThrottledError
from cvstudio.accounts.models import User
from cvstudio.accounts.preferences import Preferences
from cvstudio.accounts.services.check_login import check_login
from cvstudio.common.client_address import client_address


class LoginForm(AuthenticationForm):
    """User name or e-mail address, and the password; throttled like the API."""

    username = forms.CharField(
        label=_("User name or e-mail"),
        max_length=254,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "username"}),
    )

    def clean(self) -> dict[str, Any]:
        """Find the person, or say why not."""
        login, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if not login or not password:
            return self.cleaned_data
        address = client_address(self.request.META) if self.request else ""
        try:
            self.user_cache = check_login(login, password, address=address)
        except LoginError as error:
            raise ValidationError(_("The name or the password is wrong, or the account is not active.")) from error
        except ThrottledError as error:
            raise ValidationError(
                _("Too many attempts. Try again in %(seconds)s seconds."), params={"seconds": error.wait_s}
            ) from error
        return self.cleaned_data


class RegisterForm(forms.Form):
    """A new account. The service checks what the fields mean."""

    username = forms.CharField(
        label=_("User name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "username"})
    )
    email = forms.EmailField(
        label=_("E-mail"), required=False, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=256,
        strip=False,
        help_text=_("At least 8 characters, not only digits, not a common word."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    """Name and address of a person."""

    class Meta:
        model = User
        fields = ["first_name", "last_name", "email"]


class PreferencesForm(forms.Form):
    """A person's settings."""

    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=[("", _("As the browser says")), ("en", "English"), ("zh-hans", "简体中文")],
    )
    theme = forms.ChoiceField(
        label=_("Appearance"), choices=[("auto", _("As the system")), ("light", _("Light")), ("dark", _("Dark"))]
    )
    density = forms.ChoiceField(
        label=_("Density"), choices=[("comfortable", _("Comfortable")), ("compact", _("Compact"))]
    )
    page_size = forms.TypedChoiceField(
        label=_("Rows per page"), coerce=int, choices=[(number, str(number)) for number in (25, 50, 100, 200)]
    )
    run_completed = forms.BooleanField(label=_("Tell me when a run is completed"), required=False)
    run_failed = forms.BooleanField(label=_("Tell me when a run fails"), required=False)
    sound = forms.BooleanField(label=_("With a sound"), required=False)

    @staticmethod
    def initial_of(preferences: Preferences) -> dict[str, Any]:
        """The settings as the form's flat fields."""
        values = preferences.model_dump()
        return {**values, **values.pop("notifications")}

    def values(self) -> dict[str, Any]:
        """The cleaned fields as the settings' tree."""
        flat = self.cleaned_data
        notifications = {name: flat[name] for name in ("run_completed", "run_failed", "sound")}
        return {name: flat[name] for name in ("language", "theme", "density", "page_size")} | {
            "notifications": notifications
        }
