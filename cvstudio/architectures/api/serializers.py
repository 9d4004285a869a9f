"""Forms of requests and answers. Meaning is checked by the services."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from cvstudio.architectures.models import Architecture, ArchitectureVersion

DOCUMENT_HELP = "A graph document: {format, name, nodes, edges}."


@extend_schema_field(OpenApiTypes.OBJECT)
class ObjectField(serializers.JSONField):
    """A JSON object; services look into it."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Refuse everything but objects."""
        if not isinstance(data, dict):
            raise serializers.ValidationError("This must be a JSON object.")
        return data


class VersionSummarySerializer(serializers.ModelSerializer):
    """A version without its document."""

    class Meta:
        model = ArchitectureVersion
        fields: tuple[str, ...] = ("id", "number", "fingerprint", "valid", "facts", "created_at")


class VersionSerializer(VersionSummarySerializer):
    """A version with its document."""

    document = ObjectField()

    class Meta(VersionSummarySerializer.Meta):
        fields: tuple[str, ...] = (*VersionSummarySerializer.Meta.fields, "document")


class ArchitectureSummarySerializer(serializers.ModelSerializer):
    """An architecture in a list."""

    owner = serializers.CharField(source="owner.username")
    version = serializers.IntegerField(source="current_version.number", default=0)
    version_id = serializers.UUIDField(source="current_version.id", allow_null=True, default=None)
    fingerprint = serializers.CharField(source="current_version.fingerprint", default="")
    valid = serializers.BooleanField(source="current_version.valid", default=False)
    facts = ObjectField(source="current_version.facts", default=dict)

    class Meta:
        model = Architecture
        fields: tuple[str, ...] = (
            "id", "name", "description", "owner", "version", "version_id", "fingerprint", "valid", "facts",
            "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields: tuple[str, ...] = fields


class ArchitectureSerializer(ArchitectureSummarySerializer):
    """An architecture with its current document and view."""

    document = ObjectField(source="current_version.document", default=None)
    view = ObjectField()

    class Meta(ArchitectureSummarySerializer.Meta):
        fields = (*ArchitectureSummarySerializer.Meta.fields, "document", "view")
        read_only_fields = fields


class CreateSerializer(serializers.Serializer):
    """A new architecture: from a document, or from a template."""

    name = serializers.CharField(max_length=200, required=False, default="")
    description = serializers.CharField(max_length=10_000, required=False, allow_blank=True, default="")
    document = ObjectField(required=False, help_text=DOCUMENT_HELP)
    template = serializers.CharField(max_length=60, required=False, help_text="See /api/v1/models/templates.")
    input_shape = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=8192), min_length=3, max_length=3, default=[3, 64, 64],
        help_text="Channels, height, width; for a template.",
    )  # fmt: skip
    classes = serializers.IntegerField(min_value=1, max_value=100_000, default=10, help_text="For a template.")
    view = ObjectField(required=False, help_text="Places of nodes and zoom; never part of the model.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One of document and template."""
        if ("document" in attrs) == ("template" in attrs):
            raise serializers.ValidationError("Send either a document or the name of a template.")
        return attrs


class UpdateSerializer(serializers.Serializer):
    """Changes; what is not named stays."""

    name = serializers.CharField(max_length=200, required=False)
    description = serializers.CharField(max_length=10_000, required=False, allow_blank=True)
    document = ObjectField(required=False, help_text=DOCUMENT_HELP)
    base_version = serializers.IntegerField(
        min_value=0, max_value=2**31 - 1, required=False,
        help_text="The version that the changes started from; 409 when another one is current by now.",
    )  # fmt: skip
    view = ObjectField(required=False)


class ViewSerializer(serializers.Serializer):
    """Places of nodes and zoom."""

    view = ObjectField()


class SubjectSerializer(serializers.Serializer):
    """Which graph: a document, or a stored architecture (its current version without a number)."""

    document = ObjectField(required=False, help_text=DOCUMENT_HELP)
    id = serializers.UUIDField(required=False, help_text="An architecture instead of a document.")
    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One of document and id."""
        if ("document" in attrs) == ("id" in attrs):
            raise serializers.ValidationError("Send either a document or the id of an architecture.")
        return attrs


class AnalyzeSerializer(SubjectSerializer):
    """What to analyse, and under which conditions."""

    input_shape = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=65_536), min_length=1, max_length=4, required=False,
        help_text="Replaces the shape of the first Input, without the batch axis.",
    )  # fmt: skip
    batch = serializers.IntegerField(min_value=1, max_value=65_536, required=False, allow_null=True)


class GenerateSerializer(SubjectSerializer):
    """What to write, and with which settings."""

    settings = ObjectField(required=False, help_text="Settings of the training script.")


class FindingSerializer(serializers.Serializer):
    """One fault or warning, with its cure."""

    code = serializers.CharField()
    message = serializers.CharField()
    hint = serializers.CharField(allow_blank=True)
    node = serializers.CharField(allow_blank=True)
    port = serializers.CharField(allow_blank=True)
    param = serializers.CharField(allow_blank=True)
    severity = serializers.ChoiceField(choices=["error", "warning"])


class ValidationAnswerSerializer(serializers.Serializer):
    """The answer of validate."""

    valid = serializers.BooleanField()
    findings = FindingSerializer(many=True)


class AnalysisAnswerSerializer(ValidationAnswerSerializer):
    """The answer of analyze: shapes and costs; partial when there are faults."""

    nodes = ObjectField()
    edges = serializers.ListField(child=ObjectField())
    totals = ObjectField()
    not_counted = serializers.ListField(child=serializers.CharField())
    input_shapes = ObjectField()
    output_shape = serializers.JSONField(allow_null=True)
    batch = serializers.IntegerField(allow_null=True)


class ShapesAnswerSerializer(ValidationAnswerSerializer):
    """The answer of infer-shapes."""

    nodes = ObjectField(help_text="For each node its inputs by port and its output.")
    edges = serializers.ListField(child=ObjectField())
    input_shapes = ObjectField()
    output_shape = serializers.JSONField(allow_null=True)


class CodeAnswerSerializer(serializers.Serializer):
    """The answer of generate."""

    files = serializers.DictField(child=serializers.CharField())
    sha256 = serializers.CharField()
    source_map = ObjectField(help_text="For each file, the nodes behind its lines, numbered from 1.")
    id = serializers.UUIDField(allow_null=True, help_text="The stored code, when an architecture was named.")


class DiffQuerySerializer(serializers.Serializer):
    """Two stored versions."""

    to = serializers.IntegerField(min_value=1, max_value=2**31 - 1)

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python and cannot be an attribute."""
        number = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
        return {"from": number, **super().get_fields()}


class DiffSerializer(DiffQuerySerializer):
    """Two stored versions, or a stored version and a document."""

    to = serializers.IntegerField(min_value=1, max_value=2**31 - 1, required=False)
    document = ObjectField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One of `to` and `document`."""
        if ("document" in attrs) == ("to" in attrs):
            raise serializers.ValidationError("Send either a second version (to) or a document.")
        return attrs


class DiffAnswerSerializer(serializers.Serializer):
    """A unified diff of the canonical texts; empty when they are equal."""

    diff = serializers.CharField(allow_blank=True)


class TemplateQuerySerializer(serializers.Serializer):
    """What the starter documents are for."""

    channels = serializers.IntegerField(min_value=1, max_value=8192, default=3)
    height = serializers.IntegerField(min_value=1, max_value=8192, default=64)
    width = serializers.IntegerField(min_value=1, max_value=8192, default=64)
    classes = serializers.IntegerField(min_value=1, max_value=100_000, default=10)


class TemplateSerializer(serializers.Serializer):
    """A starter document."""

    name = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    document = ObjectField()


class OperatorSerializer(serializers.Serializer):
    """An operator of the catalogue."""

    name = serializers.CharField()
    title = serializers.CharField()
    category = serializers.CharField()
    description = serializers.CharField()
    variadic = serializers.BooleanField()
    ranks = serializers.ListField(
        child=serializers.IntegerField(), help_text="Accepted ranks of the inputs, the batch axis included; empty: any."
    )
    inputs = serializers.ListField(child=ObjectField())
    outputs = serializers.ListField(child=ObjectField())
    params = serializers.ListField(child=ObjectField())


def parsed(serializer: serializers.BaseSerializer) -> dict[str, Any]:
    """The valid form, or a validation error."""
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)
