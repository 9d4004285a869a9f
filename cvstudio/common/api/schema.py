"""What the OpenAPI document says about every endpoint at once."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework.serializers import Serializer


class StudioSchema(AutoSchema):
    """Names components after their app, because several apps have a version, a change, a new thing."""

    def get_serializer_name(self, serializer: Serializer[Any], direction: str) -> str:
        """`DatasetsVersion` for the version of a data set."""
        name = type(serializer).__name__
        parts = type(serializer).__module__.split(".")
        app = parts[1] if parts[0] == "cvstudio" else parts[0]
        return name if name.lower().startswith(app.rstrip("s")) else f"{app.capitalize()}{name}"


ERROR_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "The body of every error.",
    "properties": {
        "code": {"type": "string", "description": "Stable name for programs."},
        "message": {"type": "string", "description": "What is wrong, as a sentence."},
        "hint": {"type": "string", "description": "How to cure it. May be empty."},
        "where": {"type": "string", "description": "Field, node or file it concerns. May be empty."},
    },
    "required": ["code", "message", "hint", "where"],
}
METHODS = {"get", "put", "post", "delete", "patch"}


def describe_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the error body as the default response of every operation: it is the same everywhere."""
    result.setdefault("components", {}).setdefault("schemas", {})["Error"] = ERROR_SCHEMA
    response = {
        "description": "An error",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
    for operations in result.get("paths", {}).values():
        for method, operation in operations.items():
            if method in METHODS:
                operation.setdefault("responses", {}).setdefault("default", response)
    return result
