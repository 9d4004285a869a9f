"""Forms of requests and answers of the augmentation preview."""

from __future__ import annotations

from rest_framework import serializers

from cvstudio.datasets.api.serializers import ObjectField


class CornersField(serializers.ListField):
    """Boxes: left, top, right, bottom of each in pixels."""

    child = serializers.ListField(child=serializers.FloatField())


class AugmentSerializer(serializers.Serializer):
    """What to preview; see the recipe's schema for the operations."""

    version = serializers.IntegerField(required=False, min_value=1, max_value=2**31 - 1, help_text="Default: current.")
    operations = serializers.ListField(child=ObjectField(), required=False, max_length=20)
    image = serializers.UUIDField(required=False, allow_null=True, help_text="Empty: the first training images.")
    size = serializers.IntegerField(required=False, min_value=8, max_value=512)
    resize = serializers.IntegerField(required=False, min_value=8, max_value=1024, allow_null=True)
    mode = serializers.ChoiceField(choices=["RGB", "L"], required=False)
    seed = serializers.IntegerField(required=False, min_value=0, max_value=2**31 - 1)
    epoch = serializers.IntegerField(required=False, min_value=0, max_value=1_000_000)
    count = serializers.IntegerField(required=False, min_value=1, max_value=16)


class PreviewSampleSerializer(serializers.Serializer):
    """One image as training would see it."""

    url = serializers.CharField(help_text="Data URL of a PNG.")
    original = serializers.CharField(help_text="Data URL of the picture before the operations.")
    image = serializers.UUIDField()
    path = serializers.CharField()
    index = serializers.IntegerField(help_text="Position in the training list.")
    epoch = serializers.IntegerField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    boxes = serializers.ListField(
        required=False, help_text="Left, top, right, bottom of what is left; with boxes only."
    )
    labels = serializers.ListField(required=False, help_text="The classes of these boxes.")
    original_boxes = serializers.ListField(required=False)
    original_labels = serializers.ListField(required=False)


class PreviewSerializer(serializers.Serializer):
    """A preview: the pictures, and the transform as Python text."""

    seed = serializers.IntegerField()
    source = serializers.CharField()  # type: ignore[assignment]
    samples = PreviewSampleSerializer(many=True)
    losses = serializers.ListField(child=ObjectField(), required=False, help_text="Boxes that each operation loses.")
    boxes = serializers.IntegerField(required=False, help_text="Boxes on these images before the operations.")
