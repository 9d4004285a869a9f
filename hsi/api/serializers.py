"""Forms of requests and answers for sensors and scenes. Meaning is checked by the services."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from hsi.models import Scene, Sensor
from hsi.services.sensors import MAX_BANDS

BAND_LIST: dict[str, Any] = {"max_length": MAX_BANDS, "required": False}


@extend_schema_field(OpenApiTypes.OBJECT)
class ObjectField(serializers.JSONField):
    """A JSON object; services look into it."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Refuse everything but objects."""
        if not isinstance(data, dict):
            raise serializers.ValidationError("This must be a JSON object.")
        return data


class SensorSerializer(serializers.ModelSerializer):
    """A sensor."""

    owner = serializers.CharField(source="owner.username", read_only=True)
    scene_count = serializers.IntegerField(read_only=True, default=0)
    wavelengths = serializers.ListField(child=serializers.FloatField(), **BAND_LIST)
    fwhm = serializers.ListField(child=serializers.FloatField(), **BAND_LIST)
    bad_bands = serializers.ListField(child=serializers.IntegerField(min_value=0), **BAND_LIST)
    name = serializers.CharField(max_length=200)
    bands = serializers.IntegerField(min_value=1, max_value=MAX_BANDS, required=False, allow_null=True)
    pixel_size_m = serializers.FloatField(min_value=0, required=False, allow_null=True)
    domain_id = serializers.IntegerField(min_value=0, max_value=65_535, required=False)
    notes = serializers.CharField(max_length=10_000, required=False, allow_blank=True)

    class Meta:
        model = Sensor
        fields = (
            "id", "name", "bands", "wavelengths", "fwhm", "bad_bands", "pixel_size_m", "domain_id", "notes", "owner",
            "scene_count", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = ("id", "created_at", "updated_at")


class SceneListSerializer(serializers.ModelSerializer):
    """A scene in a list."""

    owner = serializers.CharField(source="owner.username", read_only=True)
    sensor = serializers.UUIDField(source="sensor_id", read_only=True, allow_null=True)
    sensor_name = serializers.CharField(source="sensor.name", default="", read_only=True)
    shape = serializers.ListField(child=serializers.IntegerField(), read_only=True, allow_null=True)
    import_run = serializers.UUIDField(source="import_run_id", read_only=True, allow_null=True)
    progress = ObjectField(source="import_run.progress", default=dict, read_only=True)
    map_count = serializers.IntegerField(read_only=True, default=0)

    class Meta:
        model = Scene
        fields: tuple[str, ...] = (
            "id", "name", "description", "source", "state", "fault", "owner", "sensor", "sensor_name", "shape", "dtype",
            "size_bytes", "fingerprint", "has_mask", "anomaly_pixels", "domain_id", "import_run", "progress",
            "map_count", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields: tuple[str, ...] = fields


class SceneSerializer(SceneListSerializer):
    """A scene with everything that is known of it."""

    class Meta(SceneListSerializer.Meta):
        fields = (
            *SceneListSerializer.Meta.fields, "wavelengths", "bad_bands", "georeference", "findings", "statistics",
            "inspection", "choice",
        )  # fmt: skip
        read_only_fields = fields


class NewSceneSerializer(serializers.Serializer):
    """A new scene from a place on the server, or the sample."""

    source = serializers.ChoiceField(choices=["folder", "sample"], default="folder")  # type: ignore[assignment]
    path = serializers.CharField(max_length=1000, required=False, help_text="File or folder below an allowed root.")
    name = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A place needs a path."""
        if attrs["source"] == "folder" and not attrs.get("path"):
            raise serializers.ValidationError({"path": "Give the file or folder to look into."})
        return attrs


class UploadSerializer(serializers.Serializer):
    """The files of one scene: a cube, its mask, a header with its data, or a zip of them."""

    file = serializers.ListField(child=serializers.FileField(), help_text="Repeat the field for several files.")
    name = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class ChoiceSerializer(serializers.Serializer):
    """Which array is what. What is left out follows from the evidence."""

    cube_file = serializers.CharField(max_length=500, required=False, allow_blank=True)
    cube_key = serializers.CharField(max_length=500, required=False, allow_blank=True)
    axis_order = serializers.CharField(max_length=3, required=False, allow_blank=True, help_text="Such as HWB or BHW.")
    mask_file = serializers.CharField(max_length=500, required=False, allow_blank=True)
    mask_key = serializers.CharField(max_length=500, required=False, allow_blank=True)
    mask_order = serializers.CharField(max_length=2, required=False, allow_blank=True, help_text="HW or WH.")
    use_mask = serializers.BooleanField(required=False, help_text="Off: the scene gets no mask.")


class ConfirmSerializer(ChoiceSerializer):
    """What a person confirms or corrects before the import."""

    name = serializers.CharField(max_length=200, required=False)
    sensor = serializers.UUIDField(required=False, allow_null=True)
    wavelengths = serializers.ListField(child=serializers.FloatField(), **BAND_LIST)
    bad_bands = serializers.ListField(child=serializers.IntegerField(min_value=0), **BAND_LIST)
    domain_id = serializers.IntegerField(min_value=0, max_value=65_535, required=False)


class ChangeSceneSerializer(serializers.Serializer):
    """What is not named stays."""

    name = serializers.CharField(max_length=200, required=False)
    description = serializers.CharField(max_length=10_000, required=False, allow_blank=True)
    sensor = serializers.UUIDField(required=False, allow_null=True)
    wavelengths = serializers.ListField(child=serializers.FloatField(), **BAND_LIST)
    bad_bands = serializers.ListField(child=serializers.IntegerField(min_value=0), **BAND_LIST)
    domain_id = serializers.IntegerField(min_value=0, max_value=65_535, required=False)


class MaskUploadSerializer(serializers.Serializer):
    """A mask brought afterwards."""

    file = serializers.FileField(help_text="A file in any format that scenes have.")
    key = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class PreviewQuerySerializer(serializers.Serializer):
    """How to draw a scene."""

    bands = serializers.RegexField(
        r"^\d{1,5}(,\d{1,5},\d{1,5})?$", required=False, help_text="One or three bands; without, the import's preview."
    )
    low = serializers.FloatField(required=False, default=2, help_text="Percentile that becomes black.")
    high = serializers.FloatField(required=False, default=98, help_text="Percentile that becomes white.")
    gamma = serializers.FloatField(required=False, default=1)
    size = serializers.IntegerField(required=False, min_value=16, max_value=4096, default=2048)


class PixelQuerySerializer(serializers.Serializer):
    """Which pixel."""

    row = serializers.IntegerField(min_value=0, max_value=2**31 - 1)
    column = serializers.IntegerField(min_value=0, max_value=2**31 - 1)


class NeighbourQuerySerializer(PixelQuerySerializer):
    """Which pixel, and how many neighbours."""

    count = serializers.IntegerField(required=False, min_value=1, max_value=50, default=5)


class PixelsQuerySerializer(serializers.Serializer):
    """Which pixels."""

    pixels = serializers.CharField(max_length=2000, help_text="row,column;row,column")
    background = serializers.BooleanField(required=False, default=False, help_text="Mean and spread around them.")


class BandQuerySerializer(serializers.Serializer):
    """Which band."""

    band = serializers.IntegerField(min_value=0, max_value=MAX_BANDS)


class SpectrumSerializer(serializers.Serializer):
    """A spectrum; null where nothing was measured."""

    row = serializers.IntegerField()
    column = serializers.IntegerField()
    values = serializers.ListField(child=serializers.FloatField(allow_null=True))


class BackgroundSerializer(serializers.Serializer):
    """Mean and standard deviation around pixels."""

    mean = serializers.ListField(child=serializers.FloatField(allow_null=True))
    std = serializers.ListField(child=serializers.FloatField(allow_null=True))
    pixels = serializers.IntegerField()


class SurroundedSpectrumSerializer(SpectrumSerializer):
    """A spectrum and its surroundings."""

    background = BackgroundSerializer(required=False)


class SpectraSerializer(serializers.Serializer):
    """Spectra of several pixels."""

    spectra = SurroundedSpectrumSerializer(many=True)
    background = BackgroundSerializer(required=False)


class NeighbourSerializer(SpectrumSerializer):
    """A background pixel and how far its spectrum is."""

    distance = serializers.FloatField(help_text="Angle between the spectra in degrees.")


class NeighboursSerializer(serializers.Serializer):
    """The nearest background spectra of a pixel, the nearest first."""

    row = serializers.IntegerField()
    column = serializers.IntegerField()
    neighbours = NeighbourSerializer(many=True)


class HistogramSerializer(serializers.Serializer):
    """Counts of the values of a band."""

    band = serializers.IntegerField()
    edges = serializers.ListField(child=serializers.FloatField())
    counts = serializers.ListField(child=serializers.IntegerField())
    pixels = serializers.IntegerField(help_text="How many pixels were counted.")


class FreedSerializer(serializers.Serializer):
    """What a deletion brought back."""

    bytes_freed = serializers.IntegerField()


def parsed(serializer: serializers.BaseSerializer[Any]) -> dict[str, Any]:
    """The validated data, or a 400 that names the field."""
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)
