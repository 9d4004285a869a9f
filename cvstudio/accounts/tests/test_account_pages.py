"""People sign in, register, change their settings and their password on pages."""

from __future__ import annotations

import pytest
from django.test import Client

from conftest import PASSWORD
from cvstudio.accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser():
    return Client()


@pytest.fixture
def alices_browser(alice, browser):
    browser.force_login(alice)
    return browser


def test_a_person_signs_in_with_the_address_and_comes_back_where_they_wanted(alice, browser):
    form = {"username": "alice@example.org", "password": PASSWORD, "next": "/accounts/"}
    answer = browser.post("/accounts/login/", form)
    assert (answer.status_code, answer.url) == (302, "/accounts/")
    assert b"alice@example.org" in browser.get("/accounts/").content


def test_sign_in_never_leads_to_another_site(alice, browser):
    form = {"username": "alice", "password": PASSWORD, "next": "https://evil.example/"}
    assert browser.post("/accounts/login/", form).url == "/"


def test_guessing_on_the_page_is_throttled_too(alice, browser, settings):
    settings.RATES = {**settings.RATES, "login_account": "1/hour"}
    for _ in range(2):
        page = browser.post("/accounts/login/", {"username": "alice", "password": "wrong"})
    assert b"Too many attempts" in page.content
    assert "_auth_user_id" not in browser.session


def test_a_newcomer_registers_and_is_signed_in(browser):
    form = {"username": "carol", "email": "", "password": "a fine long password"}
    assert browser.post("/accounts/register/", form).status_code == 302
    assert browser.session["_auth_user_id"] == str(User.objects.get(username="carol").pk)


def test_a_fault_stands_beside_its_field(alice, browser):
    page = browser.post("/accounts/register/", {"username": "ALICE", "password": "a fine long password"})
    assert page.status_code == 422
    assert "username" in page.context["form"].errors


def test_a_closed_studio_has_no_register_page(browser, settings):
    settings.REGISTRATION_OPEN = False
    assert browser.get("/accounts/register/").status_code == 404


def test_settings_are_saved_and_reach_the_cookies(alice, alices_browser):
    form = {"email": "new@example.org", "language": "zh-hans", "theme": "dark", "density": "compact", "page_size": 100}
    answer = alices_browser.post("/accounts/", form)
    assert answer.status_code == 302
    assert (answer.cookies["django_language"].value, answer.cookies["theme"].value) == ("zh-hans", "dark")
    alice.refresh_from_db()
    assert (alice.email, alice.preference("page_size")) == ("new@example.org", 100)
    assert 'lang="zh-hans"' in alices_browser.get("/accounts/").content.decode()


def test_signing_out_needs_a_post(alices_browser):
    assert alices_browser.get("/accounts/logout/").status_code == 405
    assert alices_browser.post("/accounts/logout/").status_code == 302
    assert alices_browser.get("/accounts/").status_code == 302


def test_a_new_password_keeps_this_session_and_ends_others(alice, alices_browser):
    other = Client()
    other.force_login(alice)
    form = {"old_password": PASSWORD, "new_password1": "even longer words", "new_password2": "even longer words"}
    assert alices_browser.post("/accounts/password/", form).status_code == 302
    assert alices_browser.get("/accounts/").status_code == 200
    assert other.get("/accounts/").status_code == 302


def test_forms_without_the_csrf_token_are_refused(alice):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/accounts/login/", {"username": "alice", "password": PASSWORD}).status_code == 403
