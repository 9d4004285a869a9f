"""Staff cannot lift itself to superuser, by the admin or by the API."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from conftest import client_of, make_user
from cvstudio.accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff():
    person = make_user("staff", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(content_type__app_label="accounts"))
    return person


@pytest.fixture
def staff_browser(staff):
    browser = Client()
    browser.force_login(staff)
    return browser


def test_the_admin_ignores_rights_in_a_form_of_staff(staff, staff_browser):
    url = reverse("admin:accounts_user_change", args=[staff.pk])
    form = {"username": "staff", "email": "s@example.org", "preferences": "{}", "is_active": "on", "is_superuser": "on"}
    assert staff_browser.post(url, form).status_code == 302
    staff.refresh_from_db()
    assert staff.email == "s@example.org"
    assert not staff.is_superuser


def test_staff_cannot_take_over_a_superuser(admin_user, staff_browser):
    for name in ("user_change", "user_delete"):
        url = reverse(f"admin:accounts_{name}", args=[admin_user.pk])
        assert staff_browser.post(url, {"email": "mine@example.org"}).status_code == 403
    url = reverse("admin:auth_user_password_change", args=[admin_user.pk])
    form = {"password1": "a fine long password", "password2": "a fine long password"}
    assert staff_browser.post(url, form).status_code == 403


def test_staff_cannot_deactivate_a_superuser_or_itself_by_the_action(admin_user, alice, staff, staff_browser):
    form = {"action": "deactivate", "_selected_action": [str(p.pk) for p in (admin_user, alice, staff)]}
    staff_browser.post(reverse("admin:accounts_user_changelist"), form)
    assert set(User.objects.filter(is_active=False)) == {alice}


def test_the_api_has_no_way_to_change_rights(staff):
    api = client_of(staff)
    api.put("/api/v1/auth/config", {"is_superuser": True, "theme": "dark"})
    for method in (api.put, api.patch, api.post):
        assert method("/api/v1/auth/me", {"is_superuser": True}).status_code == 405
    staff.refresh_from_db()
    assert not staff.is_superuser
