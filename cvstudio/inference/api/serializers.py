"""Forms of the inference endpoints."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from cvstudio.inference.models import InferenceJob, Prediction
from cvstudio.inference.services.read_results import kinds_of
from cvstudio.inference.serving.client import TIMES
from cvstudio.weights.api.fields import VersionField

MAX_TOP_K = 100


class PredictOptionsSerializer(serializers.Serializer):
    """What every prediction may choose."""

    weight = VersionField(help_text=_("A version of a weight, as /api/v1/weights lists them, or name@alias."))
    top_k = serializers.IntegerField(min_value=1, max_value=MAX_TOP_K, required=False)
    keep = serializers.BooleanField(default=False, help_text=_("Keep the answer as a job."))


class PredictImageSerializer(PredictOptionsSerializer):
    """A picture as an upload."""

    image = serializers.FileField(help_text=_("JPEG, PNG, WebP, BMP, GIF, TIFF or PPM"))


class PredictSerializer(PredictOptionsSerializer):
    """A picture of a data set, or as base64."""

    image_id = serializers.UUIDField(required=False, help_text=_("An image of a data set."))
    image_base64 = serializers.CharField(required=False, help_text=_("The file as base64 or as a data: address."))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Exactly one picture."""
        if ("image_id" in attrs) == ("image_base64" in attrs):
            raise serializers.ValidationError({"image_id": _("Send either image_id or image_base64.")})
        return attrs


class ClassProbabilitySerializer(serializers.Serializer):
    """One class of an answer."""

    index = serializers.IntegerField()
    probability = serializers.FloatField()

    def get_fields(self) -> dict[str, Any]:
        """`class` is a word of Python, so it cannot be an attribute here."""
        return {"class": serializers.CharField(), **super().get_fields()}


class FoundBoxSerializer(ClassProbabilitySerializer):
    """An object that was found."""

    box = serializers.ListField(
        child=serializers.FloatField(), min_length=4, max_length=4, help_text=_("Left, top, right, bottom in pixels.")
    )


class MaskSerializer(serializers.Serializer):
    """The pixels of a class."""

    index = serializers.IntegerField()
    share = serializers.FloatField(help_text=_("Of the pixels of the image, 0 to 1."))
    counts = serializers.ListField(
        child=serializers.IntegerField(),
        help_text=_("Pixels outside and inside in turn, column by column, as COCO has it."),
    )

    def get_fields(self) -> dict[str, Any]:
        """`class` is a word of Python, so it cannot be an attribute here."""
        return {"class": serializers.CharField(), **super().get_fields()}


class TimingSerializer(serializers.Serializer):
    """Milliseconds of each part."""

    def get_fields(self) -> dict[str, Any]:
        """One number for each part."""
        return {name: serializers.FloatField() for name in TIMES}


class PredictedSerializer(serializers.Serializer):
    """An answer. Only for the schema: answers are rendered as they are."""

    weight = serializers.UUIDField()
    task = serializers.CharField()
    top = ClassProbabilitySerializer(many=True, required=False, help_text=_("Of a classifier."))
    boxes = FoundBoxSerializer(many=True, required=False, help_text=_("Of a detector, best first."))
    masks = MaskSerializer(many=True, required=False, help_text=_("Of a segmentation, without the background."))
    mask_size = serializers.ListField(
        child=serializers.IntegerField(), required=False, help_text=_("Height and width of the masks.")
    )
    width = serializers.IntegerField(required=False, help_text=_("Of the upright image, in pixels."))
    height = serializers.IntegerField(required=False, help_text=_("Of the upright image, in pixels."))
    threshold = serializers.FloatField(required=False, help_text=_("Probability that served best in validation."))
    timing_ms = TimingSerializer()
    batch = serializers.IntegerField(help_text=_("How many images shared the forward pass."))
    job = serializers.UUIDField(allow_null=True)


class BatchSerializer(serializers.Serializer):
    """Many images at once: a data set version, a folder of the server, a zip, or a video."""

    weight = VersionField(help_text=_("A version of a weight, as /api/v1/weights lists them, or name@alias."))
    dataset_version = serializers.UUIDField(required=False)
    split = serializers.ChoiceField(choices=["train", "val", "test"], required=False)
    folder = serializers.CharField(required=False, max_length=1000, help_text=_("Below an allowed root."))
    file = serializers.FileField(required=False, help_text=_("A zip archive of images and videos, or a video."))
    top_k = serializers.IntegerField(min_value=1, max_value=MAX_TOP_K, required=False)
    every_nth = serializers.IntegerField(
        min_value=1, max_value=10_000, default=1, help_text=_("Of a video, every n-th frame.")
    )
    name = serializers.CharField(required=False, allow_blank=True, max_length=200)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Exactly one source."""
        if sum(key in attrs for key in ("dataset_version", "folder", "file")) != 1:
            raise serializers.ValidationError({"dataset_version": _("Send one of dataset_version, folder and file.")})
        if "split" in attrs and "dataset_version" not in attrs:
            raise serializers.ValidationError({"split": _("A split needs a data set version.")})
        return attrs


class DrawingSerializer(serializers.Serializer):
    """A run that draws."""

    run = serializers.UUIDField(help_text=_("Its artifact is pictures.zip, or pictures.mp4 of a single video."))


class DraftVersionSerializer(serializers.Serializer):
    """A version that is being made."""

    dataset = serializers.UUIDField()
    version = serializers.UUIDField()
    number = serializers.IntegerField()


class PredictionSerializer(serializers.ModelSerializer):
    """What a model said about one picture."""

    image = serializers.UUIDField(source="image_id", allow_null=True)

    class Meta:
        model = Prediction
        fields = ("id", "image", "image_name", "top", "timing_ms", "created_at")


class JobListSerializer(serializers.ModelSerializer):
    """A job as lists show it."""

    owner = serializers.CharField(source="owner.username")
    weight = serializers.UUIDField(source="weight_version_id")
    weight_name = serializers.SerializerMethodField()
    run = serializers.UUIDField(source="run_id", allow_null=True)
    state = serializers.SerializerMethodField()
    progress = serializers.JSONField(source="run.progress", default=None)

    class Meta:
        model = InferenceJob
        fields = ("id", "kind", "owner", "weight", "weight_name", "run", "state", "progress", "options", "created_at")

    def get_weight_name(self, job: InferenceJob) -> str:
        """Name and number of the weight."""
        return str(job.weight_version)

    def get_state(self, job: InferenceJob) -> str:
        """Of the run; a single prediction is completed when it is kept."""
        return job.run.state if job.run else "completed"


class JobDetailSerializer(JobListSerializer):
    """A job with its answers, or with where they are."""

    predictions = PredictionSerializer(many=True)
    result = serializers.JSONField(source="run.result", default=None)
    results = serializers.SerializerMethodField()

    class Meta(JobListSerializer.Meta):
        fields = (*JobListSerializer.Meta.fields, "predictions", "result", "results")  # type: ignore[assignment]

    def get_results(self, job: InferenceJob) -> dict[str, str]:
        """Addresses of the tables of a completed batch."""
        return {kind: f"/api/v1/inference/jobs/{job.id}/results?format={kind}" for kind in kinds_of(job)}
