"""Programs log in, refresh and are refused as soon as they should be."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from conftest import PASSWORD

pytestmark = pytest.mark.django_db
LOGIN, REFRESH, ME = "/api/v1/auth/login", "/api/v1/auth/refresh", "/api/v1/auth/me"


def log_in(api, name="alice", password=PASSWORD):
    return api.post(LOGIN, {"username": name, "password": password})


def me(api, access):
    return api.get(ME, headers={"Authorization": f"Bearer {access}"})


def test_login_by_name_or_address_gives_tokens_that_work(alice, anonymous):
    for name in ("alice", "ALICE@example.org"):
        answer = log_in(anonymous, name).json()
        assert answer["user"]["username"] == "alice"
        assert me(anonymous, answer["access"]).json()["id"] == str(alice.id)


def test_a_wrong_password_is_a_401_in_the_common_body(alice, anonymous):
    answer = log_in(anonymous, password="wrong")
    assert answer.status_code == 401
    assert answer.json()["code"] == "authentication_failed"
    assert set(answer.json()) == {"code", "message", "hint", "where"}


def test_a_refresh_token_works_once(alice, anonymous):
    first = log_in(anonymous).json()
    second = anonymous.post(REFRESH, {"refresh": first["refresh"]})
    assert second.status_code == 200
    again = anonymous.post(REFRESH, {"refresh": first["refresh"]})
    assert (again.status_code, again.json()["code"]) == (401, "token_not_valid")
    assert anonymous.post(REFRESH, {"refresh": second.json()["refresh"]}).status_code == 200


def test_tokens_that_expired_leave_no_rows(alice, anonymous):
    first = log_in(anonymous).json()
    anonymous.post(REFRESH, {"refresh": first["refresh"]})
    OutstandingToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    log_in(anonymous)
    assert (OutstandingToken.objects.count(), BlacklistedToken.objects.count()) == (1, 0)


def test_an_access_token_is_no_refresh_token_and_noise_is_neither(alice, anonymous):
    access = log_in(anonymous).json()["access"]
    for raw in (access, "noise", "a.b.c"):
        assert anonymous.post(REFRESH, {"refresh": raw}).status_code == 401
        if raw != access:
            assert me(anonymous, raw).json()["code"] == "token_not_valid"


def test_a_deactivated_person_is_refused_at_once(alice, anonymous):
    tokens = log_in(anonymous).json()
    alice.is_active = False
    alice.save()
    assert me(anonymous, tokens["access"]).status_code == 401
    assert anonymous.post(REFRESH, {"refresh": tokens["refresh"]}).status_code == 401
    assert log_in(anonymous).status_code == 401


def test_a_new_password_ends_the_old_tokens(alice, anonymous):
    tokens = log_in(anonymous).json()
    alice.set_password("another long password")
    alice.save()
    assert me(anonymous, tokens["access"]).status_code == 401
    assert anonymous.post(REFRESH, {"refresh": tokens["refresh"]}).status_code == 401


def test_guessing_is_throttled_per_account_with_the_time_to_wait(alice, anonymous, settings):
    settings.RATES = {**settings.RATES, "login_account": "3/hour"}
    codes = [log_in(anonymous, password="wrong").status_code for _ in range(4)]
    assert codes == [401, 401, 401, 429]
    refused = log_in(anonymous)
    assert refused.json()["code"] == "throttled"
    assert 0 < int(refused.headers["Retry-After"]) <= 3600


def test_guessing_over_many_names_is_throttled_per_address(alice, anonymous, settings):
    settings.RATES = {**settings.RATES, "login": "3/hour"}
    assert [log_in(anonymous, f"name{n}").status_code for n in range(4)] == [401, 401, 401, 429]


def test_a_forwarded_address_of_the_client_does_not_evade_the_throttle(alice, anonymous, settings):
    settings.RATES = {**settings.RATES, "login": "1/hour"}
    log_in(anonymous, "one")
    answer = anonymous.post(LOGIN, {"username": "two", "password": "x"}, headers={"X-Forwarded-For": "10.9.8.7"})
    assert answer.status_code == 429
