"""The table of the access matrix: what anonymous people, strangers, owners and administrators get.

Statuses are in this order: anonymous, stranger, owner, administrator. A stranger gets 404 for what belongs to
somebody else, in the address as well as in the body. Add a row with each new endpoint.
"""

from __future__ import annotations

import importlib
import io
import zipfile
from typing import Any

from django.conf import settings
from PIL import Image

from cvstudio.weights.tests.makers import document, safetensors_file
from tests.access_rows import (
    ACTION,
    LIST,
    MEMBERS,
    MINE,
    NO_FORM,
    NOTHING,
    OPEN,
    OWNED,
    SHOWN,
    SIGN_IN,
    THING,
    Page,
    Row,
    row,
    thing,
)

__all__ = ["PAGES", "ROWS", "Row"]


def picture() -> io.BytesIO:
    """A tiny PNG."""
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), (200, 30, 30)).save(stream, "PNG")
    stream.seek(0)
    stream.name = "cat.png"
    return stream


def pictures() -> io.BytesIO:
    """A tiny zip of an image folder."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in ("cat/1.png", "dog/1.png"):
            archive.writestr(name, picture().read())
    stream.seek(0)
    stream.name = "pets.zip"
    return stream


def dataset_of(world: Any) -> str:
    """The id of Alice's data set."""
    return str(world.things["dataset"].pk)


def weight_of(world: Any) -> str:
    """The id of Alice's weight."""
    return str(world.things["weight_version"].pk)


FLIPS = {"name": "Flips", "operations": [{"op": "RandomHorizontalFlip"}]}
LOGIN = {"username": "alice", "password": "wrong"}

ROWS: dict[str, Row] = {
    "GET /health": row(*OPEN),
    "GET /api/v1/schema": row(*OPEN),
    "GET /api/v1/docs": row(*OPEN),
    "GET /api/v1/redoc": row(*OPEN),
    # accounts
    "POST /api/v1/auth/register": row(
        201, 201, 201, 201, body={"username": "carol", "password": "a fine long password"}
    ),
    "POST /api/v1/auth/login": row(401, 401, 401, 401, body=LOGIN),
    "POST /api/v1/auth/refresh": row(401, 401, 401, 401, body={"refresh": "noise"}),
    "GET /api/v1/auth/me": row(*MEMBERS),
    "GET /api/v1/auth/config": row(*MEMBERS),
    "PUT /api/v1/auth/config": row(*MEMBERS, body={"theme": "dark"}),
    # architectures
    "GET /api/v1/models": row(*MEMBERS),
    "POST /api/v1/models": row(401, 201, 201, 201, body={"name": "Mine", "document": document()}),
    "POST /api/v1/models/validate": row(*OWNED, body=thing(id="architecture")),
    "POST /api/v1/models/analyze": row(*OWNED, body=thing(id="architecture")),
    "POST /api/v1/models/infer-shapes": row(*OWNED, body=thing(id="architecture")),
    "POST /api/v1/models/generate": row(*OWNED, body=thing(id="architecture")),
    "GET /api/v1/models/operators": row(*MEMBERS),
    "GET /api/v1/models/templates": row(*MEMBERS),
    "GET /api/v1/models/{id}": row(*OWNED),
    "PUT /api/v1/models/{id}": row(*OWNED, body={"name": "Renamed"}),
    "DELETE /api/v1/models/{id}": row(401, 404, 204, 204),
    "PUT /api/v1/models/{id}/view": row(401, 404, 204, 204, body={"view": {"zoom": 1}}),
    "GET /api/v1/models/{id}/versions": row(*OWNED),
    "GET /api/v1/models/{id}/versions/diff": row(*OWNED, query="?from=1&to=1"),
    "POST /api/v1/models/{id}/versions/diff": row(*OWNED, body={"from": 1, "document": document()}),
    "GET /api/v1/models/{id}/versions/{number}": row(*OWNED),
    # data sets
    "GET /api/v1/datasets": row(*MEMBERS),
    "POST /api/v1/datasets": row(401, 201, 201, 201, body={"source": "sample"}),
    "POST /api/v1/datasets/upload": row(
        401, 404, 201, 201, form="multipart", body=lambda world: {"file": pictures(), "dataset": dataset_of(world)}
    ),
    "GET /api/v1/datasets/folders": row(*MEMBERS),
    "GET /api/v1/datasets/{id}": row(*OWNED),
    "PATCH /api/v1/datasets/{id}": row(*OWNED, body={"name": "Renamed"}),
    "DELETE /api/v1/datasets/{id}": row(401, 404, 409, 409),
    "GET /api/v1/datasets/{id}/images": row(*OWNED),
    "GET /api/v1/datasets/{id}/images/{image_id}": row(*OWNED),
    "GET /api/v1/datasets/{id}/images/{image_id}/annotations": row(*OWNED),
    "GET /api/v1/datasets/{id}/images/{image_id}/file": row(*OWNED),
    "GET /api/v1/datasets/{id}/images/{image_id}/thumbnail": row(*OWNED),
    "POST /api/v1/datasets/{id}/augment": row(401, 404, 503, 503, body={}),
    "GET /api/v1/datasets/{id}/detailed-stats": row(*OWNED),
    "POST /api/v1/datasets/{id}/detailed-stats": row(401, 404, 202, 202),
    "GET /api/v1/datasets/{id}/versions": row(*OWNED),
    "POST /api/v1/datasets/{id}/versions": row(401, 404, 201, 201, body={}),
    "GET /api/v1/datasets/{id}/versions/{number}": row(*OWNED),
    "GET /api/v1/datasets/{id}/versions/{number}/rejects": row(*OWNED),
    "POST /api/v1/datasets/{id}/versions/{number}/revisions": row(401, 404, 400, 400, body={}),
    "GET /api/v1/datasets/{id}/versions/{number}/doubts": row(*OWNED),
    "POST /api/v1/datasets/{id}/versions/{number}/doubts": row(401, 404, 202, 202, body={}),
    "GET /api/v1/datasets/{id}/versions/{number}/exports": row(*OWNED),
    "POST /api/v1/datasets/{id}/versions/{number}/exports": row(401, 404, 202, 202, body={"format": "classification"}),
    "POST /api/v1/datasets/{id}/versions/{number}/current": row(*OWNED),
    "GET /api/v1/datasets/{id}/versions/{number}/difference": row(401, 404, 400, 400),
    "POST /api/v1/datasets/{id}/versions/{number}/retry": row(401, 404, 400, 400, body={}),
    "GET /api/v1/augmentations": row(*MEMBERS),
    "POST /api/v1/augmentations": row(401, 201, 201, 201, body=FLIPS),
    "GET /api/v1/augmentations/operations": row(*MEMBERS),
    "GET /api/v1/augmentations/{id}": row(*OWNED),
    "PUT /api/v1/augmentations/{id}": row(*OWNED, body=FLIPS),
    "DELETE /api/v1/augmentations/{id}": row(401, 404, 204, 204),
    # runs
    "GET /api/v1/training": row(*MEMBERS),
    "POST /api/v1/training": row(401, 404, 409, 409, body=thing("dataset", "architecture")),
    "POST /api/v1/training/preflight": row(*OWNED, body=thing("dataset", "architecture")),
    "GET /api/v1/training/compare": row(*MEMBERS, query=f"?ids={NOTHING},{NOTHING[:-1]}8"),
    "GET /api/v1/training/{id}": row(*OWNED),
    "PATCH /api/v1/training/{id}": row(*OWNED, body={"name": "Renamed"}),
    "DELETE /api/v1/training/{id}": row(401, 404, 409, 409),
    "POST /api/v1/training/{id}/control": row(*OWNED, body={"action": "pause"}),
    "POST /api/v1/training/{id}/clone": row(401, 404, 409, 409, body={}),
    "POST /api/v1/training/{id}/repeat": row(401, 404, 409, 409),
    "POST /api/v1/training/{id}/search": row(
        401, 404, 409, 409, body={"space": {"fit.epochs": {"low": 1, "high": 3}}, "metric": "accuracy"}
    ),
    "POST /api/v1/training/{id}/checkpoint": row(401, 404, 202, 202),
    "GET /api/v1/training/{id}/metrics": row(*OWNED),
    "GET /api/v1/training/{id}/logs": row(*OWNED),
    "GET /api/v1/training/{id}/checkpoints": row(*OWNED),
    "GET /api/v1/training/{id}/checkpoints/{file_id}/download": row(*OWNED),
    "GET /api/v1/training/{id}/artifacts": row(*OWNED),
    "GET /api/v1/training/{id}/artifacts/{file_id}/download": row(*OWNED),
    # weights
    "GET /api/v1/weights": row(*MEMBERS),
    "GET /api/v1/weights/tree": row(*MEMBERS),
    "GET /api/v1/weights/seen": row(*MEMBERS, query=f"?sha256={64 * '0'}"),
    "GET /api/v1/weights/{weight_id}/images": row(*OWNED),
    "POST /api/v1/weights/{weight_id}/compare": row(
        401, 404, 400, 400, body=thing("dataset_version", second="weight_version")
    ),
    "POST /api/v1/weights/upload": row(
        401, 400, 201, 201, form="multipart", body=lambda world: {
            "file": safetensors_file(), "name": "Brought",
            "architecture_version": world.things["architecture_version"].pk,
        },
    ),
    "GET /api/v1/weights/{weight_id}": row(*OWNED),
    "DELETE /api/v1/weights/{weight_id}": row(401, 404, 409, 409),
    "GET /api/v1/weights/{weight_id}/aliases": row(*OWNED),
    "PUT /api/v1/weights/{weight_id}/aliases/{alias}": row(*OWNED),
    "DELETE /api/v1/weights/{weight_id}/aliases/{alias}": row(401, 404, 404, 404),
    "GET /api/v1/weights/{weight_id}/download": row(*OWNED),
    "POST /api/v1/weights/{weight_id}/export": row(401, 404, 202, 202),
    # system
    "GET /api/v1/system/disk": row(*MEMBERS),
    "POST /api/v1/system/disk": row(
        401, 404, 200, 200, body=lambda world: {"keys": [f"weights:{weight_of(world)}"], "dry_run": True}
    ),
    # inference; without a worker the owner's request ends as 503 and nothing is lost
    "POST /api/v1/inference/predict": row(401, 404, 503, 503, body=thing(weight="weight_version", image_id="image")),
    "POST /api/v1/inference/predict-image": row(
        401, 404, 503, 503, form="multipart", body=lambda world: {"weight": weight_of(world), "image": picture()}
    ),
    "POST /api/v1/inference/batch": row(
        401, 404, 201, 201, body=thing(weight="weight_version", dataset_version="dataset_version")
    ),
    "GET /api/v1/inference/jobs": row(*MEMBERS),
    "GET /api/v1/inference/jobs/{job_id}": row(*OWNED),
    "DELETE /api/v1/inference/jobs/{job_id}": row(401, 404, 204, 204),
    "GET /api/v1/inference/jobs/{job_id}/answers": row(401, 404, 404, 404),
    "GET /api/v1/inference/jobs/{job_id}/answers/{number}/picture": row(401, 404, 404, 404),
    "POST /api/v1/inference/jobs/{job_id}/pictures": row(401, 404, 404, 404),
    "GET /api/v1/inference/jobs/{job_id}/timeline": row(401, 404, 404, 404),
    "GET /api/v1/inference/jobs/{job_id}/videos/{position}": row(401, 404, 404, 404),
    "POST /api/v1/inference/jobs/{job_id}/draft-labels": row(401, 404, 400, 400),
    "GET /api/v1/inference/jobs/{job_id}/results": row(401, 404, 404, 404),
}  # fmt: skip


PAGES: dict[str, Page] = {
    # Pages that ignore the method answer a POST like a GET; they change nothing.
    "/": Page(SHOWN, SHOWN),
    "/search": Page(SHOWN, SHOWN),
    "/system/": Page(SHOWN, SHOWN),
    "/system/disk": Page(SHOWN, (SIGN_IN, 302, 302, 302)),
    "/accounts/": Page(SHOWN, SHOWN),
    "/accounts/login/": Page((200, 302, 302, 302), (200, 302, 302, 302)),
    "/accounts/logout/": Page((405, 405, 405, 405), (302, 302, 302, 302)),
    "/accounts/password/": Page(SHOWN, SHOWN),
    "/accounts/register/": Page((200, 200, 200, 200), (200, 200, 200, 200)),
    "/architectures/": LIST,
    "/architectures/imported/{run_id}": Page((SIGN_IN, 404, 302, 302), NO_FORM),
    "/architectures/new": Page(SHOWN, SHOWN),
    "/architectures/{id}": THING,
    "/architectures/{id}/delete": ACTION,
    "/architectures/{id}/duplicate": ACTION,
    "/datasets/": LIST,
    "/datasets/augmentations": LIST,
    "/datasets/augmentations/{id}/delete": ACTION,
    "/datasets/folders": LIST,
    "/datasets/new": LIST,
    "/datasets/register": Page(NO_FORM, (SIGN_IN, 422, 422, 422)),
    "/datasets/sample": Page(NO_FORM, (SIGN_IN, 302, 302, 302)),
    "/datasets/{id}": THING,
    "/datasets/{id}/augmentation": THING,
    "/datasets/{id}/do/{action}": ACTION,
    "/datasets/{id}/difference": THING,
    "/datasets/{id}/health": THING,
    "/datasets/{id}/doubts": THING,
    "/datasets/{id}/export-list": THING,
    "/datasets/{id}/exports": THING,
    "/datasets/{id}/find-image": Page((SIGN_IN, 404, 302, 302), NO_FORM),
    "/datasets/{id}/images": THING,
    "/datasets/{id}/images/{image_id}": THING,
    "/datasets/{id}/import": THING,
    "/datasets/{id}/measuring": THING,
    "/datasets/{id}/statistics": THING,
    "/datasets/{id}/versions": THING,
    "/inference/": LIST,
    "/inference/batch": LIST,
    "/inference/jobs": LIST,
    "/inference/jobs/{job_id}": THING,
    "/inference/jobs/{job_id}/draft-labels": ACTION,
    "/inference/jobs/{job_id}/control": Page(NO_FORM, (SIGN_IN, 404, 404, 404)),
    "/inference/jobs/{job_id}/delete": ACTION,
    "/inference/jobs/{job_id}/pictures": Page(MINE, (SIGN_IN, 404, 302, 302)),
    "/weights/": LIST,
    "/weights/compare": Page(SHOWN, (SIGN_IN, 404, 404, 404)),
    "/weights/comparisons/{run_id}": Page((SIGN_IN, 404, 404, 404), NO_FORM),
    "/weights/seen": Page(SHOWN, (SIGN_IN, 302, 302, 302)),
    "/weights/upload": LIST,
    "/weights/{weight_id}": THING,
    "/weights/{weight_id}/aliases": ACTION,
    "/weights/{weight_id}/card": THING,
    "/weights/{weight_id}/change": ACTION,
    "/weights/{weight_id}/export": ACTION,
    "/weights/{weight_id}/images": THING,
    "/weights/{weight_id}/delete": Page(NO_FORM, (SIGN_IN, 404, 302, 302)),
    "/runs/": Page(SHOWN, SHOWN),
    "/runs/compare": Page(SHOWN, SHOWN),
    "/runs/export.csv": Page(SHOWN, SHOWN),
    "/runs/in-flight": Page((204, 200, 200, 200), (204, 200, 200, 200)),
    "/runs/new": Page(SHOWN, (SIGN_IN, 422, 422, 422)),
    "/runs/new/check": Page(NO_FORM, SHOWN),
    "/runs/overview": Page((SIGN_IN, 204, 200, 204), (SIGN_IN, 204, 200, 204)),
    "/runs/rows": Page(SHOWN, SHOWN),
    "/runs/{run_id}": Page(MINE, MINE),
    "/runs/{run_id}/control": ACTION,
    "/runs/{run_id}/delete": ACTION,
    "/runs/{run_id}/head": Page(MINE, MINE),
    "/runs/{run_id}/notes": ACTION,
    "/runs/{run_id}/repeat": ACTION,
    "/runs/{run_id}/resources.json": Page(MINE, MINE),
    "/runs/{run_id}/search": Page(MINE, (SIGN_IN, 404, 422, 422)),
    "/runs/{run_id}/{tab}": Page(MINE, MINE),
}

# A domain that is installed brings its own rows, so that these tests pass without it.
for _domain in settings.DOMAIN_APPS:
    _own = importlib.import_module(f"{_domain}.tests.access")
    ROWS |= _own.ROWS
    PAGES |= _own.PAGES
