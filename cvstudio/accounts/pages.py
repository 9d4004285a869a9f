"""Account pages: sign in and out, register, profile, password."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, views
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cvstudio.accounts.current import current_user
from cvstudio.accounts.errors import AccountError, ThrottledError
from cvstudio.accounts.forms import LoginForm, PreferencesForm, ProfileForm, RegisterForm
from cvstudio.accounts.models import User
from cvstudio.accounts.preferences import Preferences
from cvstudio.accounts.services.register_account import register_account
from cvstudio.accounts.services.set_preferences import set_preferences
from cvstudio.common.client_address import client_address

YEAR_S = 365 * 24 * 3600


def remember(response: HttpResponse, preferences: Preferences) -> HttpResponse:
    """Put language and looks into cookies, where the pages and the language middleware read them."""
    choices: dict[str, str] = {"theme": preferences.theme, "density": preferences.density}
    if preferences.language:
        choices[settings.LANGUAGE_COOKIE_NAME] = preferences.language
    for name, value in choices.items():
        response.set_cookie(name, value, max_age=YEAR_S, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
    return response


class LoginPage(views.LoginView):
    """Sign in by user name or e-mail address."""

    form_class = LoginForm
    template_name = "accounts/login.html"
    redirect_authenticated_user = True

    def form_valid(self, form: Any) -> HttpResponse:
        """Sign in and bring the person's own settings along."""
        response = super().form_valid(form)
        user: User = form.get_user()
        return remember(response, Preferences.of(user.preferences)) if user.preferences else response


class PasswordPage(views.PasswordChangeView):
    """Set a new password; other sessions and tokens end."""

    template_name = "accounts/password.html"
    success_url = reverse_lazy("accounts:profile")

    def form_valid(self, form: Any) -> HttpResponse:
        """Say that it is done."""
        messages.success(self.request, _("The new password is set. Other sessions and tokens have ended."))
        return super().form_valid(form)


@require_http_methods(["GET", "POST"])
def register_page(request: HttpRequest) -> HttpResponse:
    """Make an account, where the studio is open to newcomers."""
    if not settings.REGISTRATION_OPEN:
        raise Http404
    form = RegisterForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = register_account(**form.cleaned_data, address=client_address(request.META))
        except (AccountError, ThrottledError) as error:
            form.add_error(error.where if error.where in form.fields else None, error.message)
        else:
            login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
            return redirect("/")
    return render(request, "accounts/register.html", {"form": form}, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def profile_page(request: HttpRequest) -> HttpResponse:
    """Name, address and personal settings."""
    user = current_user(request)
    data = request.POST or None
    initial = PreferencesForm.initial_of(Preferences.of(user.preferences))
    profile, preferences = ProfileForm(data, instance=user), PreferencesForm(data, initial=initial)
    if data is not None and profile.is_valid() and preferences.is_valid():
        profile.save()
        stored = set_preferences(user, preferences.values())
        messages.success(request, _("Saved."))
        return remember(redirect("accounts:profile"), stored)
    context = {"profile": profile, "preferences": preferences}
    return render(request, "accounts/profile.html", context, status=422 if data is not None else 200)
