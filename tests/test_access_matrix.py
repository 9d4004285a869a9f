"""Who may do what: every address x {anonymous, stranger, owner, administrator} x every verb.

The addresses come from the router. An address without a row, or a row without an address, fails.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from conftest import client_of
from tests.access_table import PAGES, ROWS, Row
from tests.access_world import NOTHING, World, make_world
from tests.router import Endpoint, endpoints

ROLES = ("anonymous", "stranger", "owner", "admin")
API = {endpoint.path: endpoint for endpoint in endpoints() if endpoint.is_api or endpoint.path == "/health"}
SITE = {endpoint.path: endpoint for endpoint in endpoints() if endpoint.path not in API}
VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def api_client(world: World, role: str) -> Any:
    people = {"anonymous": None, "stranger": world.bob, "owner": world.alice, "admin": world.admin}
    return client_of(people[role])


def send(client: Any, verb: str, url: str, row: Row | None, world: World) -> Any:
    client.raise_request_exception = False
    values = row.body(world) if row and row.body else None
    form = row.form if row and values is not None else "json"
    return getattr(client, verb.lower())(url + (row.query if row else ""), values, format=form)


def test_every_endpoint_and_verb_has_a_row():
    offered = {f"{verb} {endpoint.path}" for endpoint in API.values() for verb in endpoint.verbs}
    assert sorted(offered - set(ROWS)) == [], "add these to tests/access_table.py"
    assert sorted(set(ROWS) - offered) == [], "these no longer exist"


@pytest.mark.parametrize("key", ROWS)
def test_each_role_gets_what_the_table_says(world, key):
    verb, path = key.split(" ", 1)
    row = ROWS[key]
    for role, expected in zip(ROLES, row.statuses, strict=True):
        before = transaction.savepoint()
        answer = send(api_client(world, role), verb, world.fill(path), row, world)
        transaction.savepoint_rollback(before)  # the next role meets the same world
        shown = b"" if answer.streaming else answer.content[:300]
        assert answer.status_code == expected, f"{role} got {answer.status_code}: {shown!r}"
        if expected >= 400:
            assert set(answer.json()) >= {"code", "message", "hint", "where"}


@pytest.mark.parametrize("path", API)
def test_verbs_that_an_endpoint_does_not_take_change_nothing(world, path):
    endpoint: Endpoint = API[path]
    for verb in set(VERBS) - endpoint.verbs:
        for role in ROLES:
            answer = send(api_client(world, role), verb, world.fill(path), None, world)
            assert answer.status_code in ({401, 405} if role == "anonymous" else {405}), f"{role} {verb} {path}"


@pytest.mark.parametrize("path", [path for path, end in API.items() if not end.parts and "GET" in end.verbs])
def test_lists_show_strangers_nothing_of_anybody_else(world, path):
    text = send(api_client(world, "stranger"), "GET", path, ROWS[f"GET {path}"], world).content.decode()
    assert [mark for mark in world.marks() if mark in text] == []


@pytest.mark.parametrize("path", [path for path, endpoint in API.items() if endpoint.parts])
def test_an_id_of_nothing_is_a_404_for_everybody_who_is_logged_in(world, path):
    url = world.fill(path, NOTHING)
    for verb in API[path].verbs:
        row = ROWS[f"{verb} {path}"]
        for role in ("owner", "admin"):
            assert send(api_client(world, role), verb, url, row, world).status_code == 404, f"{role} {verb} {url}"


def test_every_page_has_a_row():
    assert sorted(set(SITE) - set(PAGES)) == [], "add these to tests/access_table.py"
    assert sorted(set(PAGES) - set(SITE)) == [], "these no longer exist"


@pytest.mark.parametrize("path", PAGES)
def test_each_role_sees_the_pages_that_the_table_says(world, path):
    for verb, statuses in (("get", PAGES[path].get), ("post", PAGES[path].post)):
        for role, expected in zip(ROLES, statuses, strict=True):
            browser = browser_of(world, role)
            before = transaction.savepoint()
            answer = getattr(browser, verb)(world.fill(path))
            transaction.savepoint_rollback(before)
            assert answer.status_code == expected, f"{role} {verb} {path}"
            if answer.status_code == 302 and role == "anonymous" and path != "/accounts/logout/":
                assert answer.url.startswith("/accounts/login/")


def browser_of(world: World, role: str) -> Client:
    browser = Client(raise_request_exception=False)
    people = {"stranger": world.bob, "owner": world.alice, "admin": world.admin}
    if role in people:
        browser.force_login(people[role], "cvstudio.accounts.backends.UsernameOrEmailBackend")
    return browser


@pytest.mark.parametrize("path", [path for path, endpoint in SITE.items() if not endpoint.parts])
def test_pages_show_strangers_nothing_of_anybody_else(world, path):
    answer = browser_of(world, "stranger").get(world.fill(path))
    text = (answer.getvalue() if answer.streaming else answer.content).decode()
    assert [mark for mark in world.marks() if mark in text] == []
