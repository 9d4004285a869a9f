"""Forms of requests and answers about boxes: what is said of an image, corrections, differences, exports."""

from __future__ import annotations

import uuid

from django.urls import reverse
from rest_framework import serializers

from cvstudio.datasets.api.serializers import ObjectField
from cvstudio.datasets.models import DatasetExport


class RevisionSerializer(serializers.Serializer):
    """What to correct."""

    fixes = serializers.ListField(
        child=serializers.CharField(max_length=50), default=list, max_length=50, help_text="Names of fixes of findings."
    )
    changes = serializers.ListField(
        child=ObjectField(), default=list, max_length=100_000,
        help_text='{"do": "add", "image": 0, "label": 1, "box": [left, top, right, bottom]}; also remove, relabel and '
        "move (row), reshape (row, polygons), leave_out, mark_empty, set_class, set_split (image), rename (classes).",
    )  # fmt: skip


class DifferenceQuerySerializer(serializers.Serializer):
    """From which version."""

    old = serializers.IntegerField(required=False, min_value=1, max_value=2**31 - 1)


class NewDoubtsSerializer(serializers.Serializer):
    """By what labels are judged."""

    by = serializers.ChoiceField(
        choices=["description", "weight", "training"], default="description",
        help_text="description: classes by what the images are made of; weight: by the weight of a training; "
        "training: by trainings that each leave a part out.",
    )  # fmt: skip
    judge = serializers.UUIDField(
        required=False, format="hex_verbose", help_text="The training. Boxes need none for `training`."
    )
    folds = serializers.IntegerField(default=3, min_value=2, max_value=10, help_text="Parts for `training`.")

    def validate_judge(self, value: uuid.UUID) -> str:
        """As services take it."""
        return str(value)


class DoubtsSerializer(serializers.Serializer):
    """What was found."""

    run = serializers.UUIDField(allow_null=True)
    judged = serializers.IntegerField(required=False, help_text="Images that were predicted.")
    agreement = serializers.FloatField(required=False, help_text="Share that is recognised when left out.")
    recall = serializers.FloatField(required=False, help_text="Share of the boxes that is found when left out.")
    findings = serializers.ListField(
        child=ObjectField(),
        help_text="As in detailed-stats; suggestions name image, row, likely, box, certainty and the change.",
    )


class NewExportSerializer(serializers.Serializer):
    """In which layout to write."""

    format = serializers.ChoiceField(choices=["classification", "coco", "voc", "yolo"])
    boxes_only = serializers.BooleanField(default=False, help_text="Write polygons and masks as boxes.")


class ExportSerializer(serializers.ModelSerializer):
    """An export: its run, what was lost, and where its file is."""

    state = serializers.CharField(source="run.state", default="", read_only=True)
    report = ObjectField(read_only=True, help_text="Counts, losses; empty until the run has ended.")
    files = serializers.SerializerMethodField()

    class Meta:
        model = DatasetExport
        fields = ("id", "format", "boxes_only", "run", "state", "report", "files", "created_at")
        read_only_fields = fields

    def get_files(self, export: DatasetExport) -> list[str]:
        """Addresses of what was written."""
        archives = getattr(export.run, "archives", ())
        return [reverse("api-training-artifact-download", args=[export.run_id, archive.id]) for archive in archives]


class AnnotationSerializer(serializers.Serializer):
    """One box with its shape."""

    row = serializers.IntegerField(help_text="Its number in the version; corrections name it.")
    label = serializers.IntegerField(help_text="Index into classes; -1 where the file names no such class.")  # type: ignore[assignment]
    category = serializers.IntegerField(help_text="Number of the class in the file.")
    box = serializers.ListField(child=serializers.FloatField(), help_text="Left, top, right, bottom in pixels.")
    kind = serializers.ChoiceField(choices=["box", "polygons", "mask"])
    polygons = serializers.ListField(child=serializers.ListField(child=serializers.FloatField()))
    mask = ObjectField(allow_null=True, help_text="height, width, and counts of pixels outside and inside in turn.")
    flags = serializers.ListField(child=serializers.CharField())
    attributes = ObjectField(help_text="What else the file says.")


class AnnotationsSerializer(serializers.Serializer):
    """What is said of an image."""

    width = serializers.IntegerField()
    height = serializers.IntegerField()
    classes = serializers.ListField(child=serializers.CharField())
    annotations = AnnotationSerializer(many=True)
