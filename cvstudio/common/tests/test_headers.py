"""Every answer carries the headers that keep browsers from running what is not ours."""

from __future__ import annotations

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("url", ["/accounts/login/", "/no/such/page/", "/api/v1/schema", "/health", "/admin/login/"])
def test_every_answer_has_the_policy(url):
    headers = Client().get(url).headers
    policy = headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy and "style-src 'self';" in policy and "unsafe" not in policy
    assert "connect-src 'self' ws://testserver;" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert "Access-Control-Allow-Origin" not in headers


def test_the_api_readers_relax_styles_only():
    policy = Client().get("/api/v1/docs").headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy and "style-src 'self' 'unsafe-inline'" in policy


def test_a_forged_host_is_refused_and_not_echoed():
    answer = Client().get("/health", headers={"Host": "evil.example; script-src *"})
    assert answer.status_code == 400
    assert "evil" not in answer.headers["Content-Security-Policy"]
