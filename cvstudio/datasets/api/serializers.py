"""Forms of requests and answers. Meaning is checked by the services."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from cvstudio.accounts.models import User
from cvstudio.datasets.image_filters import SIZES as SHAPE_SIZES
from cvstudio.datasets.models import AugmentationConfig, Dataset, DatasetImage, DatasetVersion
from cvstudio.datasets.services.make_thumbnail import SIZES

OPTIONS_HELP = "use_given_splits, val, test, seed, accept_rejects, format, task, labels: as in the recipe data.import."


@extend_schema_field(OpenApiTypes.OBJECT)
class ObjectField(serializers.JSONField):
    """A JSON object; services look into it."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Refuse everything but objects."""
        if not isinstance(data, dict):
            raise serializers.ValidationError("This must be a JSON object.")
        return data


class OptionsSerializer(serializers.Serializer):
    """How to import. What is left out takes the default of the recipe."""

    use_given_splits = serializers.BooleanField(required=False, help_text="Folders train, val, test decide.")
    val = serializers.FloatField(required=False, min_value=0, max_value=0.9, help_text="Share of validation images.")
    test = serializers.FloatField(required=False, min_value=0, max_value=0.9, help_text="Share of test images.")
    seed = serializers.IntegerField(required=False, min_value=0, max_value=2**31 - 1, help_text="Decides the splits.")
    accept_rejects = serializers.BooleanField(required=False, help_text="Go on however many files cannot be used.")
    format = serializers.CharField(required=False, max_length=30, allow_blank=True, help_text="Empty: recognise it.")
    task = serializers.ChoiceField(choices=["classify", "detect", "auto"], required=False, help_text="Default: auto.")
    labels = serializers.CharField(
        required=False, max_length=1000, allow_blank=True, help_text="Folder or file of labels where there are several."
    )


class VersionSerializer(serializers.ModelSerializer):
    """A version: what it holds, and where its import stands."""

    import_run = serializers.UUIDField(source="import_run_id", read_only=True, allow_null=True)
    statistics_run = serializers.UUIDField(source="statistics_run_id", read_only=True, allow_null=True)

    class Meta:
        model = DatasetVersion
        fields: tuple[str, ...] = (
            "id", "number", "state", "task", "parent", "revision", "fingerprint", "classes", "counts", "evidence",
            "warnings", "rejects", "options", "fault", "import_run", "statistics_run", "created_at",
        )  # fmt: skip
        read_only_fields: tuple[str, ...] = fields


class UnfinishedSerializer(serializers.ModelSerializer):
    """A version whose import goes on or failed."""

    import_run = serializers.UUIDField(source="import_run_id", read_only=True, allow_null=True)
    run_state = serializers.CharField(source="import_run.state", default="", read_only=True)
    progress = ObjectField(source="import_run.progress", default=dict, read_only=True)

    class Meta:
        model = DatasetVersion
        fields = ("id", "number", "state", "fault", "import_run", "run_state", "progress", "created_at")
        read_only_fields = fields


class DatasetSummarySerializer(serializers.ModelSerializer):
    """A data set in a list."""

    owner = serializers.CharField(source="owner.username", read_only=True)
    version = serializers.IntegerField(source="current_version.number", default=None, allow_null=True, read_only=True)
    version_id = serializers.UUIDField(source="current_version.id", default=None, allow_null=True, read_only=True)
    classes = serializers.ListField(
        child=serializers.CharField(), source="current_version.classes", default=list, read_only=True
    )
    counts = ObjectField(source="current_version.counts", default=dict, read_only=True)
    fingerprint = serializers.CharField(source="current_version.fingerprint", default="", read_only=True)
    task = serializers.CharField(source="current_version.task", default="", read_only=True)
    unfinished = UnfinishedSerializer(many=True, read_only=True)
    cover = serializers.SerializerMethodField()

    class Meta:
        model = Dataset
        fields: tuple[str, ...] = (
            "id", "name", "description", "source", "format", "owner", "version", "version_id", "task", "classes",
            "counts", "fingerprint", "cover", "unfinished", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields: tuple[str, ...] = fields

    def get_cover(self, dataset: Dataset) -> list[str]:
        """Addresses of a few thumbnails."""
        ids = dataset.current_version.cover if dataset.current_version else []
        return [reverse("api-datasets-thumbnail", args=[dataset.id, image_id]) for image_id in ids]


class DatasetSerializer(DatasetSummarySerializer):
    """A data set with its current version."""

    current_version = VersionSerializer(read_only=True, allow_null=True)

    class Meta(DatasetSummarySerializer.Meta):
        fields = (*DatasetSummarySerializer.Meta.fields, "current_version")
        read_only_fields = fields


class RegisterSerializer(serializers.Serializer):
    """A new data set from a folder of the server, or the sample."""

    source = serializers.ChoiceField(choices=["folder", "sample"], default="folder")  # type: ignore[assignment]
    path = serializers.CharField(max_length=1000, required=False, help_text="Folder below an allowed root.")
    name = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    description = serializers.CharField(max_length=10_000, required=False, allow_blank=True, default="")
    options = OptionsSerializer(required=False, help_text=OPTIONS_HELP)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A folder needs a path."""
        if attrs["source"] == "folder" and not attrs.get("path"):
            raise serializers.ValidationError({"path": "Give the folder to register."})
        return attrs


class UploadSerializer(OptionsSerializer):
    """The fields of an upload beside its file; options stand next to them."""

    dataset = serializers.UUIDField(required=False, help_text="Make the next version of this data set instead.")
    name = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    description = serializers.CharField(max_length=10_000, required=False, allow_blank=True, default="")


class UploadFormSerializer(UploadSerializer):
    """A multipart upload, for the API document."""

    file = serializers.FileField(help_text="A zip archive.")


class ChangeSerializer(serializers.Serializer):
    """Name and description; what is not named stays."""

    name = serializers.CharField(max_length=200, required=False)
    description = serializers.CharField(max_length=10_000, required=False, allow_blank=True)


class NewVersionSerializer(serializers.Serializer):
    """A new version from the same images."""

    options = OptionsSerializer(required=False, help_text=OPTIONS_HELP)


class ImageQuerySerializer(serializers.Serializer):
    """Which images of which version."""

    version = serializers.IntegerField(required=False, min_value=1, max_value=2**31 - 1, help_text="Default: current.")
    split = serializers.ChoiceField(choices=["train", "val", "test"], required=False)
    q = serializers.CharField(required=False, max_length=200, help_text="Part of the path.")
    finding = serializers.CharField(required=False, max_length=50, help_text="Code of a finding of detailed-stats.")
    size = serializers.ChoiceField(choices=list(SHAPE_SIZES), required=False, help_text="Images with a box of it.")

    def get_fields(self) -> dict[str, Any]:
        """`class` is a word of Python, so this field cannot be declared as the others."""
        named = serializers.CharField(required=False, max_length=1000, help_text="Name of a class.")
        return {**super().get_fields(), "class": named}


class ImageSerializer(serializers.ModelSerializer):
    """One image. ``width`` and ``height`` are upright, as people see it."""

    class_name = serializers.SerializerMethodField()
    thumbnail = serializers.SerializerMethodField()
    file = serializers.SerializerMethodField()

    class Meta:
        model = DatasetImage
        fields = (
            "id", "position", "path", "label", "class_name", "split", "width", "height", "format", "mode",
            "size_bytes", "sha256", "thumbnail", "file",
        )  # fmt: skip
        read_only_fields = fields

    def get_class_name(self, image: DatasetImage) -> str | None:
        """The name of the class."""
        classes = self.context["version"].classes
        return classes[image.label] if image.label is not None and image.label < len(classes) else None

    def get_thumbnail(self, image: DatasetImage) -> str:
        """Address of the thumbnail; `?size=320` and `?size=1280` for larger ones."""
        return reverse("api-datasets-thumbnail", args=[self.context["version"].dataset_id, image.id])

    def get_file(self, image: DatasetImage) -> str:
        """Address of the file itself."""
        return reverse("api-datasets-file", args=[self.context["version"].dataset_id, image.id])


class ThumbnailQuerySerializer(serializers.Serializer):
    """How large."""

    size = serializers.ChoiceField(choices=SIZES, default=SIZES[0], help_text="Longest side in pixels.")


class VersionQuerySerializer(serializers.Serializer):
    """Which version."""

    version = serializers.IntegerField(required=False, min_value=1, max_value=2**31 - 1, help_text="Default: current.")


class FolderEntrySerializer(serializers.Serializer):
    """A folder of the server."""

    name = serializers.CharField()
    path = serializers.CharField()


class FolderViewSerializer(serializers.Serializer):
    """What lies in a folder of the server."""

    path = serializers.CharField()
    parent = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    folders = FolderEntrySerializer(many=True)
    files = serializers.IntegerField()


class FolderQuerySerializer(serializers.Serializer):
    """Which folder; without one, the allowed roots."""

    path = serializers.CharField(required=False, max_length=1000, default="")


class RunIdSerializer(serializers.Serializer):
    """The run that does the work."""

    run = serializers.UUIDField()


class AugmentationSerializer(serializers.ModelSerializer):
    """A saved list of augmentation operations."""

    owner = serializers.CharField(source="owner.username", read_only=True)
    operations = serializers.ListField(child=ObjectField(), max_length=20)

    class Meta:
        model = AugmentationConfig
        fields = ("id", "name", "operations", "owner", "created_at", "updated_at")
        read_only_fields = ("id", "owner", "created_at", "updated_at")


def person(request: Request) -> User:
    """Who asks; the default permissions have refused the anonymous."""
    assert isinstance(request.user, User)
    return request.user


def parsed(serializer: serializers.BaseSerializer[Any]) -> dict[str, Any]:
    """The validated data, or a 400 that names the field."""
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)
