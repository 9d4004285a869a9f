"""The OpenAPI document offers what was promised, and nothing that is sent by it brings a server error."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

ENDPOINTS = """
POST /api/v1/auth/register
POST /api/v1/auth/login
POST /api/v1/auth/refresh
GET /api/v1/auth/me
GET /api/v1/auth/config
PUT /api/v1/auth/config
GET /api/v1/datasets
POST /api/v1/datasets
GET /api/v1/datasets/{}
GET /api/v1/datasets/{}/images
POST /api/v1/datasets/{}/augment
GET /api/v1/datasets/{}/detailed-stats
POST /api/v1/datasets/upload
GET /api/v1/models
POST /api/v1/models
GET /api/v1/models/{}
PUT /api/v1/models/{}
DELETE /api/v1/models/{}
POST /api/v1/models/validate
POST /api/v1/models/analyze
POST /api/v1/models/infer-shapes
POST /api/v1/models/generate
GET /api/v1/training
POST /api/v1/training
GET /api/v1/training/{}
POST /api/v1/training/{}/control
GET /api/v1/training/{}/metrics
GET /api/v1/training/{}/logs
POST /api/v1/training/{}/checkpoint
GET /api/v1/training/{}/checkpoints
POST /api/v1/inference/predict
POST /api/v1/inference/predict-image
POST /api/v1/inference/batch
GET /api/v1/weights
GET /api/v1/weights/tree
POST /api/v1/weights/upload
GET /api/v1/weights/{}
DELETE /api/v1/weights/{}
GET /api/v1/weights/{}/download
GET /health
"""


def shape(path: str) -> str:
    """The path with its parameters unnamed."""
    return re.sub(r"\{[^}]*\}", "{}", path)


@pytest.fixture(scope="module")
def document(django_db_setup) -> dict:
    return json.loads(Client().get("/api/v1/schema?format=json").content)


def test_every_endpoint_of_the_specification_is_offered_word_for_word(document):
    offered = {f"{verb.upper()} {shape(path)}" for path, verbs in document["paths"].items() for verb in verbs}
    wanted = set(ENDPOINTS.split("\n")) - {""}
    assert sorted(wanted - offered) == []


def test_no_path_of_the_api_ends_with_a_slash(document):
    assert [path for path in document["paths"] if path.endswith("/")] == []


def test_every_operation_says_what_it_does_and_how_it_fails(document):
    for path, verbs in document["paths"].items():
        for verb, operation in verbs.items():
            assert operation.get("description") or operation.get("summary"), f"{verb} {path} says nothing"
            assert "Error" in json.dumps(operation["responses"]["default"])


def test_the_document_is_complete_without_warnings(capsys):
    from drf_spectacular.drainage import GENERATOR_STATS, reset_generator_stats
    from drf_spectacular.generators import SchemaGenerator

    reset_generator_stats()
    SchemaGenerator().get_schema(request=None, public=True)
    faults = [*GENERATOR_STATS._error_cache, *GENERATOR_STATS._warn_cache]
    capsys.readouterr()
    assert faults == []


def test_the_readers_load_nothing_from_elsewhere():
    for page in ("docs", "redoc"):
        html = Client().get(f"/api/v1/{page}").content.decode()
        assert not re.search(r"(src|href)=\"(https?:)?//", html)
        for asset in re.findall(r"(?:src|href)=\"(/static/[^\"]+)\"", html):
            name = asset.removeprefix(settings.STATIC_URL)
            from django.contrib.staticfiles import finders

            found = finders.find(name)
            assert found and Path(found).is_file(), asset
