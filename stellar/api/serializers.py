"""Forms of requests and answers for surveys and stars. Meaning is checked by the services."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ml_core.stellar.spectra.subclass import CLASSES
from stellar.models import Star, Survey
from stellar.services.create_survey import MOST_SIMULATED, SAMPLE_STARS
from stellar.services.read_star import picture_facts

_BANDS = "ugriz"


@extend_schema_field(OpenApiTypes.OBJECT)
class ObjectField(serializers.JSONField):
    """A JSON object; services look into it."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Refuse everything but objects."""
        if not isinstance(data, dict):
            raise serializers.ValidationError("This must be a JSON object.")
        return data


class SurveyListSerializer(serializers.ModelSerializer):
    """A survey in a list."""

    owner = serializers.CharField(source="owner.username", read_only=True)
    import_run = serializers.UUIDField(source="import_run_id", read_only=True, allow_null=True)
    progress = ObjectField(source="import_run.progress", default=dict, read_only=True)
    shown = serializers.UUIDField(source="shown_id", read_only=True, allow_null=True)
    classes = ObjectField(read_only=True)
    sn_groups = ObjectField(read_only=True)

    class Meta:
        model = Survey
        fields: tuple[str, ...] = (
            "id", "name", "description", "source", "state", "fault", "owner", "stars", "complete", "with_spectrum",
            "with_image", "classes", "sn_groups", "size_bytes", "import_run", "progress", "shown", "created_at",
            "updated_at",
        )  # fmt: skip
        read_only_fields: tuple[str, ...] = fields


class SurveySerializer(SurveyListSerializer):
    """A survey with what its import found."""

    class Meta(SurveyListSerializer.Meta):
        fields = (*SurveyListSerializer.Meta.fields, "findings")
        read_only_fields = fields


class NewSurveySerializer(serializers.Serializer):
    """A new survey from a place on the server, or the sample."""

    source = serializers.ChoiceField(choices=["folder", "sample"], default="folder")  # type: ignore[assignment]
    path = serializers.CharField(max_length=1000, required=False, help_text="Folder, zip or catalogue below a root.")
    name = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    files = serializers.ChoiceField(
        choices=["link", "copy"], default="link", help_text="Link to the files of a folder, or copy them."
    )
    stars = serializers.IntegerField(min_value=5, max_value=MOST_SIMULATED, default=SAMPLE_STARS,
                                     help_text="Of the sample.")  # fmt: skip
    seed = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=0, help_text="Decides the sample.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A place needs a path."""
        if attrs["source"] == "folder" and not attrs.get("path"):
            raise serializers.ValidationError({"path": "Give the folder or catalogue to import."})
        return attrs


class SurveyUploadSerializer(serializers.Serializer):
    """The files of one survey: a catalogue with spectra and pictures, or zips of them."""

    file = serializers.ListField(child=serializers.FileField(), help_text="Repeat the field for several files.")
    name = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class ChangeSurveySerializer(serializers.Serializer):
    """What is not named stays."""

    name = serializers.CharField(max_length=200, required=False)
    description = serializers.CharField(max_length=10_000, required=False, allow_blank=True)


class StarRowSerializer(serializers.ModelSerializer):
    """A star in a table. Names are texts: specObjIDs exceed what a JSON number holds."""

    survey = serializers.UUIDField(source="survey_id", read_only=True)
    label = serializers.CharField(source="label_name", read_only=True)  # type: ignore[assignment]
    predicted = serializers.CharField(source="predicted_name", read_only=True)
    confidence = serializers.SerializerMethodField()
    sn = serializers.SerializerMethodField()
    complete = serializers.BooleanField(source="is_complete", read_only=True)
    reason = serializers.CharField(read_only=True)
    spectrum = serializers.SerializerMethodField()
    image = serializers.SerializerMethodField()
    magnitudes = serializers.SerializerMethodField()
    image_flags = serializers.ListField(source="flags", child=serializers.CharField(), read_only=True)
    screening = serializers.CharField(read_only=True)
    disagrees = serializers.BooleanField(read_only=True)
    separation_arcsec = serializers.SerializerMethodField()

    class Meta:
        model = Star
        fields: tuple[str, ...] = (
            "id", "survey", "position", "name", "ra", "dec", "subclass", "label", "label_edited", "predicted",
            "confidence", "type", "type_sd", "novelty", "modalities_differ", "disagrees", "sn", "sn_group",
            "complete", "reason", "spectrum", "image", "magnitudes", "image_flags", "screening", "separation_arcsec",
        )  # fmt: skip
        read_only_fields: tuple[str, ...] = fields

    def get_confidence(self, star: Star) -> float | None:
        """Null where it is not classified."""
        return None if star.predicted is None else star.confidence

    def get_sn(self, star: Star) -> float | None:
        """Null without a spectrum."""
        return star.sn if star.spectrum_file else None

    def get_spectrum(self, star: Star) -> bool:
        """Whether there is one."""
        return bool(star.spectrum_file)

    def get_image(self, star: Star) -> bool:
        """Whether there is one."""
        return bool(star.image_file)

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_magnitudes(self, star: Star) -> Any:
        """By band; null where the catalogue has none."""
        return {band: getattr(star, f"{band}_mag") for band in _BANDS}

    def get_separation_arcsec(self, star: Star) -> float | None:
        """Angle to the middle of the circle that was asked for; null without one."""
        angle = getattr(star, "separation", None)
        return None if angle is None else round(angle * 3600, 4)


class StarSerializer(StarRowSerializer):
    """A star with everything that is known of it."""

    survey_name = serializers.CharField(source="survey.name", read_only=True)
    spectrum_file = serializers.CharField(read_only=True)
    image_facts = serializers.SerializerMethodField()
    previous = serializers.SerializerMethodField()
    next = serializers.SerializerMethodField()

    class Meta(StarRowSerializer.Meta):
        fields = (
            *StarRowSerializer.Meta.fields, "survey_name", "plate", "mjd", "fiber", "redshift", "coverage",
            "spectrum_subclass", "spectrum_file", "image_file", "image_facts", "previous", "next",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_image_facts(self, star: Star) -> Any:
        """Size, scale on the sky and provenance of the picture; empty without one."""
        return picture_facts(star)

    def get_previous(self, star: Star) -> str | None:
        """The star before it in the table; null for the first."""
        return _text(self.context.get("beside", (None, None))[0])

    def get_next(self, star: Star) -> str | None:
        """The star behind it in the table; null for the last."""
        return _text(self.context.get("beside", (None, None))[1])


class StarPageSerializer(serializers.Serializer):
    """A page of the table."""

    next = serializers.CharField(allow_null=True, help_text="Address of the page behind.")
    previous = serializers.CharField(allow_null=True, help_text="Address of the page before.")
    count = serializers.IntegerField(allow_null=True, help_text="Only with count=1.")
    results = StarRowSerializer(many=True)


_FILTERS = {
    "search": "Part of a name or sub-class, or plate-mjd-fiber.",
    "cone": "ra,dec,radius: degrees, or sexagesimal; the radius also as 30\" or 2'.",
    "class": "M0 to M4 and unknown, with commas.",
    "predicted": "M0 to M4, none and unclassified, with commas.",
    "sn_min": "Lowest S/N.",
    "sn_max": "Highest S/N.",
    "sn_group": "low or high.",
    "complete": "yes or no: trains on both modalities.",
    "has": "spectrum, image or both with a comma.",
    "lacks": "The same.",
    "disagrees": "label, modality or any.",
    "screening": "undecided, accepted or rejected.",
    "flag": "any, several_sources, off_centre, noisy, saturated or cut_off.",
    "novel": "yes or no: none of M0 to M4.",
    "names": "Names with commas.",
    "stars": "Ids with commas.",
    "sort": "position, name, sn, confidence, type, novelty, class, predicted, ra, dec, u_mag to z_mag, separation.",
}


class StarFilterSerializer(serializers.Serializer):
    """Filters of the table of stars; `StarQuery` reads and checks them."""

    survey = serializers.UUIDField(required=False)

    def get_fields(self) -> dict[str, Any]:
        """One text for each filter."""
        texts = {name: serializers.CharField(required=False, max_length=100_000, help_text=hint)
                 for name, hint in _FILTERS.items()}  # fmt: skip
        return {**super().get_fields(), **texts}


class StarListQuerySerializer(StarFilterSerializer):
    """Which page of the table."""

    cursor = serializers.CharField(required=False, max_length=1000)
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=200, default=50)
    count = serializers.BooleanField(required=False, default=False, help_text="Count what passes the filters.")


class SpectrumQuerySerializer(serializers.Serializer):
    """In which form."""

    form = serializers.ChoiceField(choices=["json", "binary"], required=False, default="json")


class PictureQuerySerializer(serializers.Serializer):
    """How large."""

    size = serializers.IntegerField(required=False, min_value=16, max_value=1024, allow_null=True, default=None)


class ClassSerializer(serializers.Serializer):
    """A class, or none."""

    def get_fields(self) -> dict[str, Any]:
        """``class`` is a word of Python."""
        return {"class": serializers.ChoiceField(choices=list(CLASSES), allow_blank=True)}


class FeatureSerializer(serializers.Serializer):
    """A line or band; vacuum and air wavelengths in Angstrom."""

    name = serializers.CharField()
    kind = serializers.CharField()
    start = serializers.FloatField()
    end = serializers.FloatField()
    start_air = serializers.FloatField()
    end_air = serializers.FloatField()


class FreedSerializer(serializers.Serializer):
    """What a deletion brought back."""

    bytes_freed = serializers.IntegerField()


class ChangedSerializer(serializers.Serializer):
    """How many stars an action changed."""

    changed = serializers.IntegerField()


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def parsed(serializer: serializers.BaseSerializer[Any]) -> dict[str, Any]:
    """The validated data, or a 400 that names the field."""
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)
