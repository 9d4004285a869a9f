"""Forms of the weights endpoints."""

from __future__ import annotations

import json
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from cvstudio.architectures.models import Architecture, ArchitectureVersion
from cvstudio.common.api.parsers import unstorable
from cvstudio.weights.models import Weight, WeightVersion


class ReferenceSerializer(serializers.Serializer):
    """A thing of another app: its id, name and, where it has versions, the number."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    version = serializers.IntegerField(allow_null=True)


def reference(version: Any, parent: Any) -> dict[str, Any] | None:
    """A version's reference by its parent's name."""
    return None if version is None else {"id": version.id, "name": parent.name, "version": version.number}


class WeightListSerializer(serializers.ModelSerializer):
    """One version as lists show it."""

    name = serializers.CharField(source="weight.name")
    weight = serializers.UUIDField(source="weight_id")
    task = serializers.CharField(source="weight.task")
    owner = serializers.CharField(source="weight.owner.username")
    run = serializers.UUIDField(source="run_id", allow_null=True)
    parent = serializers.UUIDField(source="parent_id", allow_null=True)  # type: ignore[assignment]
    aliases: Any = serializers.SlugRelatedField(slug_field="name", many=True, read_only=True)
    class_count = serializers.SerializerMethodField()
    dataset = serializers.SerializerMethodField()
    architecture = serializers.SerializerMethodField()

    class Meta:
        model = WeightVersion
        fields = (
            "id", "name", "weight", "number", "aliases", "task", "owner", "source", "size_bytes", "sha256",
            "class_count", "metrics", "dataset", "architecture", "run", "parent", "created_at",
        )  # fmt: skip

    def get_class_count(self, version: WeightVersion) -> int:
        """Number of classes."""
        return len(version.classes)

    @extend_schema_field(ReferenceSerializer(allow_null=True))
    def get_dataset(self, version: WeightVersion) -> dict[str, Any] | None:
        """The data set version that it was trained on."""
        found = version.dataset_version
        return reference(found, found and found.dataset)

    @extend_schema_field(ReferenceSerializer(allow_null=True))
    def get_architecture(self, version: WeightVersion) -> dict[str, Any] | None:
        """The architecture version that it belongs to."""
        found = version.architecture_version
        return reference(found, found and found.architecture)


class WeightDetailSerializer(WeightListSerializer):
    """One version with its facts."""

    description = serializers.CharField(source="weight.description")

    class Meta(WeightListSerializer.Meta):
        fields = (  # type: ignore[assignment]
            *WeightListSerializer.Meta.fields,
            "description",
            "notes",
            "classes",
            "preprocessing",
            "facts",
        )


class TreeVersionSerializer(serializers.ModelSerializer):
    """A leaf of the tree."""

    aliases: Any = serializers.SlugRelatedField(slug_field="name", many=True, read_only=True)

    class Meta:
        model = WeightVersion
        fields = ("id", "number", "aliases", "source", "size_bytes", "metrics", "created_at")


class TreeWeightSerializer(serializers.Serializer):
    """A weight with its versions, newest first."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    task = serializers.CharField()
    versions = TreeVersionSerializer(many=True)


class TreeDatasetSerializer(serializers.Serializer):
    """A data set; without an id for uploads."""

    id = serializers.UUIDField(allow_null=True)
    name = serializers.CharField(allow_blank=True)
    weights = TreeWeightSerializer(many=True)


class TreeArchitectureSerializer(serializers.Serializer):
    """An architecture; without an id when it was deleted."""

    id = serializers.UUIDField(allow_null=True)
    name = serializers.CharField(allow_blank=True)
    datasets = TreeDatasetSerializer(many=True)


class TreeSerializer(serializers.Serializer):
    """Architecture, data set, weight, versions."""

    architectures = TreeArchitectureSerializer(many=True)
    versions = serializers.IntegerField()
    truncated = serializers.BooleanField()


class NamesField(serializers.CharField):
    """Names as a JSON list, or one a line."""

    def to_internal_value(self, data: Any) -> list[str]:  # type: ignore[override]
        """A list of texts."""
        text = super().to_internal_value(data).strip()
        if not text.startswith("["):
            return [line.strip() for line in text.splitlines() if line.strip()]
        names: list[str] = read_json(text, list, str)
        return names


class JSONTextField(serializers.CharField):
    """A JSON object as text, as forms send it."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:  # type: ignore[override]
        """A mapping."""
        text = super().to_internal_value(data).strip()
        return read_json(text, dict) if text else {}


def read_json(text: str, kind: type[Any], of: type | None = None) -> Any:
    """JSON of the wanted kind, or a validation error."""
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise serializers.ValidationError(_("This is not valid JSON.")) from error
    if not isinstance(value, kind) or (of is not None and not all(isinstance(item, of) for item in value)):
        raise serializers.ValidationError(_("This JSON has the wrong form."))
    if unstorable(value):
        raise serializers.ValidationError(_("This is not valid JSON."))
    return value


class VisibleField(serializers.PrimaryKeyRelatedField):
    """An id of something that the person may see; others' ids do not exist."""

    def __init__(self, model: Any, *, related: tuple[str, ...] = (), **options: Any) -> None:
        self.model, self.related = model, related
        super().__init__(queryset=model.objects.none(), pk_field=serializers.UUIDField(), **options)

    def get_queryset(self) -> Any:
        """Rows of this person."""
        return self.model.objects.visible_to(self.context["request"].user).select_related(*self.related)


class UploadSerializer(serializers.Serializer):
    """A file of weights with what it belongs to."""

    file = serializers.FileField(help_text=_("model.safetensors, or a .pth with a plain state dict"))
    architecture_version = VisibleField(
        ArchitectureVersion, related=("architecture",), required=False, help_text=_("The exact version.")
    )
    architecture = VisibleField(
        Architecture, related=("current_version",), required=False, help_text=_("Its current version is taken.")
    )
    name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    classes = NamesField(required=False, allow_blank=True, max_length=1_000_000, help_text=_("JSON list or one a line"))
    preprocessing = JSONTextField(required=False, allow_blank=True, max_length=10_000)
    notes = serializers.CharField(required=False, allow_blank=True, max_length=10_000)
    weight = VisibleField(Weight, required=False, allow_null=True, help_text=_("Add a version to this weight."))
    parent = VisibleField(WeightVersion, required=False, allow_null=True)  # type: ignore[assignment]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One of the two ways to name an architecture."""
        architecture = attrs.pop("architecture", None)
        if "architecture_version" not in attrs:
            if architecture is None or architecture.current_version is None:
                message = _("Name the architecture that these weights belong to.")
                raise serializers.ValidationError({"architecture_version": message})
            attrs["architecture_version"] = architecture.current_version
        return attrs


class DeletionSerializer(serializers.Serializer):
    """What went."""

    bytes_freed = serializers.IntegerField()
    dependants = serializers.IntegerField()
    weight_deleted = serializers.BooleanField()


class ExportSerializer(serializers.Serializer):
    """The run that writes the formats."""

    run = serializers.UUIDField()
