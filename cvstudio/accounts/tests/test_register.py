"""People register where the studio is open."""

from __future__ import annotations

import pytest

from cvstudio.accounts.models import User

pytestmark = pytest.mark.django_db
URL = "/api/v1/auth/register"
GOOD = {"username": "carol", "email": "carol@example.org", "password": "a fine long password"}


def test_a_newcomer_gets_an_ordinary_account_and_tokens(anonymous):
    answer = anonymous.post(URL, {**GOOD, "is_staff": True, "is_superuser": True})
    assert answer.status_code == 201
    assert answer.json()["access"]
    carol = User.objects.get(username="carol")
    assert not carol.is_staff and not carol.is_superuser


def test_a_closed_studio_says_so(anonymous, settings):
    settings.REGISTRATION_OPEN = False
    answer = anonymous.post(URL, GOOD)
    assert (answer.status_code, answer.json()["code"]) == (403, "account.registration_closed")
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"username": "ALICE"}, "username"),
        ({"username": "x@example.org"}, "username"),
        ({"username": "bad name"}, "username"),
        ({"email": "Alice@EXAMPLE.org"}, "email"),
        ({"email": "no address"}, "email"),
        ({"password": "123"}, "password"),
        ({"password": "carolcarol", "username": "carolcarol"}, "password"),
    ],
)
def test_an_unacceptable_field_is_named(alice, anonymous, change, where):
    answer = anonymous.post(URL, {**GOOD, **change})
    assert (answer.status_code, answer.json()["where"]) == (400, where)
    assert answer.json()["message"].endswith((".", ". "))


def test_a_flood_of_accounts_is_throttled(anonymous, settings):
    settings.RATES = {**settings.RATES, "register": "2/hour"}
    codes = [anonymous.post(URL, {**GOOD, "username": f"c{n}", "email": ""}).status_code for n in range(3)]
    assert codes == [201, 201, 429]
