"""Pages."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, path

from cvstudio.accounts import pages

app_name = "accounts"
urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/", pages.profile_page, name="profile"),
    path("accounts/login/", pages.LoginPage.as_view(), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("accounts/password/", pages.PasswordPage.as_view(), name="password"),
    path("accounts/register/", pages.register_page, name="register"),
]
