"""Whatever is sent to the endpoints of the OpenAPI document, right or wrong, no answer is a server error."""

from __future__ import annotations

import json
from typing import Any

import pytest
import schemathesis
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from hypothesis import HealthCheck, given, settings
from schemathesis.core import NotSet
from schemathesis.generation import GenerationMode

from cvstudio.accounts.services.issue_tokens import issue_tokens
from tests.access_table import ROWS
from tests.access_world import make_world

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

EXAMPLES = {GenerationMode.POSITIVE: 8, GenerationMode.NEGATIVE: 4}
# Each example starts a process that builds a network, so one must do.
EXPENSIVE = {"POST /api/v1/weights/upload": 1}
# Said on purpose while a service is away: these tests have no Redis. Everything else from 500 on is a defect.
AWAY = {"broker.unavailable"}
SKIPPED = {"GET /api/v1/docs", "GET /api/v1/redoc", "GET /api/v1/schema"}  # pages, not in the document


@pytest.fixture(scope="module")
def document() -> Any:
    answer = Client().get("/api/v1/schema")
    return schemathesis.openapi.from_dict(json.loads(answer.content))


@pytest.mark.parametrize("mode", EXAMPLES, ids=["right", "wrong"])
@pytest.mark.parametrize("key", [key for key in ROWS if key not in SKIPPED])
def test_no_answer_is_a_server_error(document, key, mode):
    verb, path = key.split(" ", 1)
    operation = document[path][verb]
    if mode == GenerationMode.NEGATIVE and not (operation.body or operation.query):
        pytest.skip("There is nothing to send wrongly.")
    world = make_world()
    token = issue_tokens(world.alice).access
    client = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {token}"})
    url = world.fill(path)

    @settings(
        max_examples=EXPENSIVE.get(key, EXAMPLES[mode]),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(mode, path_parameters={part.name: "x" for part in operation.path_parameters}))
    def ask(case: Any) -> None:
        before = transaction.savepoint()
        answer = send(client, verb, url, case)
        transaction.savepoint_rollback(before)
        if answer.status_code >= 500:
            assert answer.json()["code"] in AWAY, f"{verb} {url} {case.query} {case.body!r}\n{answer.content[:500]!r}"

    ask()


def send(client: Client, verb: str, url: str, case: Any) -> Any:
    """The case as a request to a thing that exists."""
    query = {name: value for name, value in (case.query or {}).items() if value is not None}
    body, content_type = b"", "application/json"
    if not isinstance(case.body, NotSet):
        if case.media_type == "multipart/form-data" and isinstance(case.body, dict):
            body, content_type = encode_multipart(BOUNDARY, parts(case.body)), MULTIPART_CONTENT
        elif isinstance(case.body, bytes):
            body, content_type = case.body, case.media_type
        else:
            body, content_type = json.dumps(case.body, default=str).encode(), case.media_type
    return client.generic(verb, url, body, content_type, query_params=query)


def parts(values: dict[str, Any]) -> dict[str, Any]:
    """Form fields as Django's encoder takes them."""
    made = {}
    for name, value in values.items():
        if isinstance(value, bytes):
            made[name] = SimpleUploadedFile("file.bin", value)
        elif value is not None:
            made[name] = value if isinstance(value, str | int | float) else json.dumps(value, default=str)
    return made
