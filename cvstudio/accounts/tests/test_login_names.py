"""People are found by user name and by e-mail address."""

from __future__ import annotations

from django.contrib.auth import authenticate

from conftest import PASSWORD


def test_a_person_logs_in_by_name_or_address_whatever_the_case(alice):
    assert authenticate(username="Alice", password=PASSWORD) == alice
    assert authenticate(username="ALICE@example.org", password=PASSWORD) == alice


def test_a_wrong_password_an_unknown_name_and_an_inactive_person_get_nothing(alice):
    assert authenticate(username="alice", password="wrong") is None
    assert authenticate(username="nobody", password=PASSWORD) is None
    alice.is_active = False
    alice.save()
    assert authenticate(username="alice", password=PASSWORD) is None
