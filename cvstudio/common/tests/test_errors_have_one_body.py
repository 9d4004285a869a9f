"""Every failure of the API has the same body and the right status; pages get pages."""

from __future__ import annotations

import base64
import json

import pytest
from django.http import Http404
from django.test import Client
from rest_framework import exceptions, serializers

from cvstudio.common.api.errors import handle
from ml_core.errors import CodedError, GraphError

KEYS = {"code", "message", "hint", "where"}


def test_known_failures_keep_their_status():
    assert handle(Http404(), {}).status_code == 404
    assert handle(GraphError("No."), {}).status_code == 400
    assert handle(exceptions.Throttled(wait=3), {}).headers["Retry-After"] == "3"


def test_a_typed_failure_brings_its_own_status_and_words():
    class Busy(CodedError):
        status = 409

    answer = handle(Busy("It is busy.", code="run.busy", hint="Wait.", where="run"), {})
    assert answer.status_code == 409
    assert answer.data == {"code": "run.busy", "message": "It is busy.", "hint": "Wait.", "where": "run"}


def test_a_validation_error_names_the_path_of_its_field():
    class Node(serializers.Serializer):
        id = serializers.CharField()

    class Graph(serializers.Serializer):
        nodes = Node(many=True)

    form = Graph(data={"nodes": [{"id": "a"}, {}]})
    with pytest.raises(exceptions.ValidationError) as caught:
        form.is_valid(raise_exception=True)
    assert handle(caught.value, {}).data["where"] == "nodes[1].id"


def test_a_defect_shows_a_trace_id_and_nothing_else(caplog):
    answer = handle(RuntimeError("password=hunter2 /srv/secret"), {})
    assert answer.status_code == 500
    assert "hunter2" not in json.dumps(answer.data)
    trace = answer.data["where"].removeprefix("trace:")
    assert len(trace) == 32 and trace in caplog.text and "hunter2" in caplog.text


@pytest.mark.django_db
def test_every_refusal_below_api_is_json(anonymous, alice_api):
    answers = {
        404: anonymous.get("/api/v1/nothing"),
        401: anonymous.get("/api/v1/auth/me"),
        405: alice_api.delete("/api/v1/auth/me"),
        415: anonymous.post("/api/v1/auth/login", "<x/>", content_type="application/xml"),
        400: anonymous.post("/api/v1/auth/login", "{", content_type="application/json"),
        406: alice_api.get("/api/v1/auth/me", headers={"Accept": "image/png"}),
    }
    for status, answer in answers.items():
        assert answer.status_code == status
        assert set(answer.json()) == KEYS and answer.json()["message"].endswith(".")


@pytest.mark.django_db
def test_a_trailing_slash_is_another_address(alice_api):
    assert alice_api.get("/api/v1/auth/me/").status_code == 404


@pytest.mark.django_db
def test_json_that_is_too_deep_too_large_or_has_nul_is_the_clients_error(anonymous, settings):
    url = "/api/v1/auth/login"
    deep = "[" * 5000 + "]" * 5000
    assert anonymous.post(url, deep, content_type="application/json").status_code == 400
    assert anonymous.post(url, '{"username": "a\\u0000b"}', content_type="application/json").status_code == 400
    settings.MAX_JSON_SIZE = 100
    large = anonymous.post(url, {"username": "x" * 200, "password": "y"})
    assert (large.status_code, large.json()["code"]) == (413, "too_large")


@pytest.mark.django_db
def test_pages_that_do_not_exist_are_pages():
    answer = Client().get("/no/such/page/")
    assert answer.status_code == 404
    assert b"</html>" in answer.content


@pytest.mark.django_db
def test_an_error_in_a_page_shows_the_trace_id(monkeypatch, caplog):
    from cvstudio.accounts import pages

    monkeypatch.setattr(pages.PreferencesForm, "initial_of", lambda _: 1 / 0)
    browser = Client(raise_request_exception=False)
    from conftest import make_user

    browser.force_login(make_user("alice"))
    answer = browser.get("/accounts/")
    assert answer.status_code == 500
    assert b"trace:" in answer.content and b"ZeroDivision" not in answer.content


@pytest.mark.django_db
@pytest.mark.parametrize("place", ["p=abc", "p=", "p=nan", "p=2020-13-45", "p=" + "9" * 40, "r=1&p=x\0"])
@pytest.mark.parametrize("url", ["/api/v1/training", "/api/v1/weights", "/api/v1/inference/jobs"])
def test_a_made_up_cursor_is_no_defect(alice_api, url, place):
    answer = alice_api.get(url, {"cursor": base64.b64encode(place.encode()).decode()})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.django_db
def test_a_malformed_authorization_header_is_answered_with_a_sentence(anonymous):
    answer = anonymous.get("/api/v1/auth/me", headers={"authorization": "Bearer"})
    assert answer.status_code == 401
    assert answer.json()["message"].startswith("Authorization header must")


@pytest.mark.django_db
@pytest.mark.parametrize("text", ['"\\ud800"', '{"a\\udfff": 1}', "1e400", "[-1e999]"])
def test_json_that_no_answer_could_hold_is_refused(alice_api, text):
    answer = alice_api.post("/api/v1/models/validate", f'{{"document": {text}}}', content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")


def test_a_missing_csrf_token_is_told_from_a_missing_right(alice):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    answer = client.post("/api/v1/models/validate", {}, content_type="application/json")
    assert answer.status_code == 403
    assert answer.json()["code"] == "csrf_failed"
    assert "Reload the page" in answer.json()["hint"]
