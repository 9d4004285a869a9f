"""Signing in on the page, and the API's own pages, in a real browser under the content policy."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from conftest import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_person_signs_in_changes_the_language_and_signs_out(live_server, browser, alice):
    page = browser.new_context(locale="en-GB").new_page()
    page.goto(f"{live_server.url}/accounts/")
    page.get_by_label("User name or e-mail").fill("alice@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="alice")).to_be_visible()
    page.get_by_label("Language", exact=True).select_option("zh-hans")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    expect(page.get_by_role("button", name="保存")).to_be_visible()
    page.context.close()


def test_swagger_works_without_foreign_hosts(open_page, alice):
    page = open_page(alice, "/api/v1/docs")
    expect(page.get_by_text("/api/v1/auth/login").first).to_be_visible(timeout=40_000)


def test_redoc_works_and_its_foreign_logo_is_blocked(live_server, browser):
    page = browser.new_context().new_page()
    hosts = set()
    page.on("requestfinished", lambda request: hosts.add(request.url.split("/")[2]))
    page.goto(f"{live_server.url}/api/v1/redoc")
    expect(page.get_by_role("heading", name="CV Studio").first).to_be_visible(timeout=40_000)
    assert {host.split(":")[0] for host in hosts if host} == {"localhost"}
    page.context.close()


def test_swagger_sends_requests_with_the_session(open_page, alice):
    page = open_page(alice, "/api/v1/docs")
    page.locator("#operations-auth-auth_me_retrieve").get_by_role("button").first.click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table").get_by_text('"alice"').first).to_be_visible()
