"""Forms of requests and answers for collections, characters and their images. Meaning is checked by the services."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from anime.models import Character, CharacterImage, Collection, Correction
from cvstudio.datasets.api.serializers import parsed

__all__ = ["ObjectField", "parsed"]


@extend_schema_field(OpenApiTypes.OBJECT)
class ObjectField(serializers.JSONField):
    """A JSON object; services look into it."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Refuse everything but objects."""
        if not isinstance(data, dict):
            raise serializers.ValidationError("This must be a JSON object.")
        return data


class CollectionSerializer(serializers.ModelSerializer):
    """A collection with the state of its data set."""

    name = serializers.CharField(source="dataset.name", read_only=True)
    description = serializers.CharField(source="dataset.description", read_only=True)
    dataset = serializers.UUIDField(source="dataset_id", read_only=True)
    source = serializers.CharField(source="dataset.source", read_only=True)  # type: ignore[assignment]
    owner = serializers.CharField(source="owner.username", read_only=True)
    state = serializers.CharField(read_only=True)
    fault = ObjectField(source="newest.fault", default=dict, read_only=True)
    version = serializers.IntegerField(source="dataset.current_version.number", default=None, read_only=True)
    import_run = serializers.UUIDField(source="newest.import_run_id", default=None, read_only=True)
    progress = ObjectField(source="newest.import_run.progress", default=dict, read_only=True)
    sources = ObjectField(read_only=True)
    recogniser = serializers.UUIDField(source="recogniser_id", read_only=True, allow_null=True)
    recogniser_name = serializers.CharField(source="recogniser", default="", read_only=True)
    waiting = serializers.IntegerField(read_only=True, help_text="Corrections that wait.")

    class Meta:
        model = Collection
        fields = (
            "id", "name", "description", "dataset", "source", "owner", "state", "fault", "version", "import_run",
            "progress", "characters", "images", "sources", "recogniser", "recogniser_name", "waiting", "created_at",
            "updated_at",
        )  # fmt: skip
        read_only_fields = fields


class NewCollectionSerializer(serializers.Serializer):
    """A collection from a folder on the server, a data set, or drawn."""

    source = serializers.ChoiceField(choices=["folder", "dataset", "sample"])  # type: ignore[assignment]
    path = serializers.CharField(max_length=1000, required=False, help_text="Folder below an allowed root.")
    dataset = serializers.UUIDField(required=False)
    name = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    accept_rejects = serializers.BooleanField(required=False, default=False)
    seed = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=0, help_text="Decides the sample.")
    per_character = serializers.IntegerField(min_value=2, max_value=200, default=24, help_text="Images of the sample.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Each source needs what it is made from."""
        needs = {"folder": "path", "dataset": "dataset"}.get(attrs["source"])
        if needs is not None and not attrs.get(needs):
            raise serializers.ValidationError({needs: "This is needed."})
        return attrs


class UploadCollectionSerializer(serializers.Serializer):
    """A zip archive with one folder for each character."""

    file = serializers.FileField()
    name = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    accept_rejects = serializers.BooleanField(required=False, default=False)


class ChangeCollectionSerializer(serializers.Serializer):
    """What is not named stays."""

    name = serializers.CharField(max_length=200, required=False)
    description = serializers.CharField(max_length=10_000, required=False, allow_blank=True)
    recogniser = serializers.UUIDField(required=False, allow_null=True)


class DeleteQuerySerializer(serializers.Serializer):
    """What goes."""

    keep_data = serializers.BooleanField(required=False, default=False, help_text="Leave the data set.")


class RetrySerializer(serializers.Serializer):
    """How to go on."""

    accept_rejects = serializers.BooleanField(required=False, default=True)


class FreedSerializer(serializers.Serializer):
    """What a deletion gave back."""

    bytes_freed = serializers.IntegerField()


class CharacterSerializer(serializers.ModelSerializer):
    """A character."""

    collection = serializers.UUIDField(source="collection_id", read_only=True)
    captions = serializers.ListField(child=serializers.CharField(), read_only=True)
    partial = serializers.ListField(child=serializers.CharField(), read_only=True)  # type: ignore[assignment]
    thumbnail = serializers.SerializerMethodField()

    class Meta:
        model = Character
        fields = ("id", "collection", "name", "position", "images", "captions", "partial", "notes", "cover",
                  "thumbnail")  # fmt: skip
        read_only_fields = fields

    def get_thumbnail(self, row: Character) -> str | None:
        """Address of the image that stands for it."""
        if row.cover is None:
            return None
        return reverse("api-datasets-thumbnail", args=[row.collection.dataset_id, row.cover])


class CharacterQuerySerializer(serializers.Serializer):
    """Of which collection."""

    collection = serializers.UUIDField(required=False)


class DescribeSerializer(serializers.Serializer):
    """What is not named stays."""

    captions = serializers.ListField(child=serializers.CharField(max_length=2_000, allow_blank=True), required=False,
                                     max_length=50, help_text="Texts that tell who it is.")  # fmt: skip
    partial = serializers.ListField(  # type: ignore[assignment]
        child=serializers.CharField(max_length=2_000, allow_blank=True), required=False, max_length=50,
        help_text="Texts that fit others as well.",
    )  # fmt: skip
    notes = serializers.CharField(max_length=10_000, required=False, allow_blank=True)


class CharacterImageSerializer(serializers.ModelSerializer):
    """An image of a character."""

    collection = serializers.UUIDField(source="collection_id", read_only=True)
    character = serializers.CharField(source="character.name", read_only=True)
    character_id = serializers.UUIDField(read_only=True)
    flags = serializers.ListField(source="findings", child=serializers.CharField(), read_only=True)
    image = serializers.UUIDField(source="image_id", read_only=True)
    width = serializers.IntegerField(source="image.width", read_only=True)
    height = serializers.IntegerField(source="image.height", read_only=True)
    format = serializers.CharField(source="image.format", read_only=True)
    split = serializers.CharField(source="image.split", read_only=True)
    thumbnail = serializers.SerializerMethodField()
    file = serializers.SerializerMethodField()

    class Meta:
        model = CharacterImage
        fields = (
            "id", "collection", "path", "character", "character_id", "source", "flags", "likely", "width", "height",
            "format", "split", "image", "thumbnail", "file",
        )  # fmt: skip
        read_only_fields = fields

    def get_thumbnail(self, row: CharacterImage) -> str:
        """Address of it, small."""
        return reverse("api-datasets-thumbnail", args=[row.image.version.dataset_id, row.image_id])

    def get_file(self, row: CharacterImage) -> str:
        """Address of the file."""
        return reverse("api-datasets-file", args=[row.image.version.dataset_id, row.image_id])


class ImageQuerySerializer(CharacterQuerySerializer):
    """Which images, in which order."""

    character = serializers.UUIDField(required=False)
    source = serializers.CharField(max_length=200, required=False, default="")  # type: ignore[assignment]
    flag = serializers.CharField(max_length=40, required=False, default="", help_text="any: at least one finding.")
    search = serializers.CharField(max_length=200, required=False, default="")
    sort = serializers.CharField(max_length=40, required=False, default="position")
    cursor = serializers.CharField(max_length=2_000, required=False, default="")
    page_size = serializers.IntegerField(min_value=1, max_value=200, required=False, default=50)


class ImagePageSerializer(serializers.Serializer):
    """A page of images."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = CharacterImageSerializer(many=True)


class CorrectionSerializer(serializers.ModelSerializer):
    """A correction that waits or was applied."""

    version = serializers.IntegerField(source="version.number", default=None, read_only=True)
    recognition = serializers.UUIDField(source="recognition_id", read_only=True, allow_null=True)

    class Meta:
        model = Correction
        fields = ("id", "group", "action", "state", "path", "before", "after", "recognition", "version", "created_at")
        read_only_fields = fields


class NewCorrectionSerializer(serializers.Serializer):
    """Images that show somebody else, or do not belong."""

    do = serializers.ChoiceField(choices=["move", "leave_out"])
    images = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=2_000)
    character = serializers.CharField(max_length=200, required=False, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A move needs a name."""
        if attrs["do"] == "move" and not attrs["character"]:
            raise serializers.ValidationError({"character": "Who is it?"})
        return attrs


class AddImagesSerializer(serializers.Serializer):
    """Images of a character."""

    character = serializers.CharField(max_length=200)
    image = serializers.ListField(child=serializers.FileField(), help_text="Repeat the field for several files.")


class VersionSerializer(serializers.Serializer):
    """A version of a collection's data set."""

    version = serializers.IntegerField(min_value=1)
