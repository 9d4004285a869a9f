"""Forms of requests and answers for detections, maps and chains."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from hsi.api.serializers import ObjectField
from hsi.models import STAGES, AnomalyMap, Pipeline
from hsi.pipeline_state import Stage, stages_of, state_of
from hsi.services.control_pipeline import ACTIONS
from hsi.services.start_pipeline import preset_names
from ml_core.hsi.colour_maps import COLOUR_MAPS

MAX_SCORE = 3e38
"""Scores are 32-bit floats."""


class MapSerializer(serializers.ModelSerializer):
    """The maps of one detection on one scene."""

    owner = serializers.CharField(source="owner.username", read_only=True)
    scene = serializers.UUIDField(source="scene_id", read_only=True)
    scene_name = serializers.CharField(source="scene.name", read_only=True)
    has_mask = serializers.BooleanField(source="scene.has_mask", read_only=True)
    run = serializers.UUIDField(source="run_id", read_only=True, allow_null=True)
    run_state = serializers.CharField(source="run.state", default="", read_only=True)
    progress = ObjectField(source="run.progress", default=dict, read_only=True)
    pipeline = serializers.UUIDField(source="pipeline_id", read_only=True, allow_null=True)
    detector = serializers.UUIDField(source="detector_id", read_only=True, allow_null=True)
    methods = ObjectField(read_only=True)

    class Meta:
        model = AnomalyMap
        fields = (
            "id", "name", "owner", "scene", "scene_name", "has_mask", "state", "fault", "asked", "methods",
            "main_method", "seconds", "size_bytes", "detector", "pipeline", "run", "run_state", "progress",
            "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = fields


class DetectSerializer(serializers.Serializer):
    """Which scenes, by what."""

    scenes = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=100)
    methods = serializers.ListField(
        child=serializers.CharField(max_length=40), required=False, default=list, max_length=20,
        help_text="Classic methods, as /hsi/methods lists them.",
    )  # fmt: skip
    detector = serializers.UUIDField(
        required=False, allow_null=True, default=None, help_text="A weight of hsi.anomaly."
    )
    name = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")


class MethodQuerySerializer(serializers.Serializer):
    """Which method; the main one when left out."""

    method = serializers.CharField(max_length=40, required=False, default="")


class ThresholdQuerySerializer(MethodQuerySerializer):
    """Which method, and from which score on a pixel counts."""

    threshold = serializers.FloatField(
        required=False, allow_null=True, default=None, min_value=-MAX_SCORE, max_value=MAX_SCORE
    )


class MapImageQuerySerializer(ThresholdQuerySerializer):
    """How to draw a map."""

    colours = serializers.ChoiceField(choices=list(COLOUR_MAPS), required=False, default="inferno")
    size = serializers.IntegerField(required=False, min_value=16, max_value=4096, default=2048)


class RegionsQuerySerializer(ThresholdQuerySerializer):
    """Which regions."""

    count = serializers.IntegerField(required=False, min_value=1, max_value=1000, default=20)


class MapNeighbourQuerySerializer(MethodQuerySerializer):
    """Which pixel, judged by which method."""

    row = serializers.IntegerField(min_value=0, max_value=2**31 - 1)
    column = serializers.IntegerField(min_value=0, max_value=2**31 - 1)
    count = serializers.IntegerField(required=False, min_value=1, max_value=50, default=5)


class CompareQuerySerializer(serializers.Serializer):
    """Which maps, by which methods."""

    ids = serializers.CharField(max_length=1000, help_text="Ids with commas between.")
    method = serializers.CharField(max_length=500, required=False, default="", help_text="Names with commas between.")

    def validate_ids(self, value: str) -> list[Any]:
        """Ids of maps."""
        field = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=12)
        return list(field.run_validation([part for part in value.split(",") if part]))


class ComparedSerializer(serializers.Serializer):
    """One method of one map."""

    map = serializers.UUIDField()
    map_name = serializers.CharField()
    scene = serializers.UUIDField()
    scene_name = serializers.CharField()
    method = serializers.CharField()
    title = serializers.CharField()
    kind = serializers.CharField()
    seconds = serializers.FloatField()
    auc = serializers.FloatField(allow_null=True)
    ap = serializers.FloatField(allow_null=True)


class LikenessSerializer(serializers.Serializer):
    """How alike two entries are."""

    first = serializers.IntegerField()
    second = serializers.IntegerField()
    rank = serializers.FloatField(help_text="Spearman's correlation of all pixels.")
    top = serializers.FloatField(help_text="Share of the highest per cent that both have in common.")


class CompareSerializer(serializers.Serializer):
    """Maps side by side."""

    entries = ComparedSerializer(many=True)
    pairs = LikenessSerializer(many=True)


class ExportQuerySerializer(ThresholdQuerySerializer):
    """What to export."""

    colours = serializers.ChoiceField(choices=list(COLOUR_MAPS), required=False, default="inferno")


class MethodSerializer(serializers.Serializer):
    """A way to find anomalies."""

    name = serializers.CharField()
    title = serializers.CharField()
    kind = serializers.CharField()
    summary = serializers.CharField()
    schema = ObjectField()


class StageSerializer(serializers.Serializer):
    """A stage of a chain."""

    stage = serializers.CharField(source="key")
    state = serializers.CharField()
    run = serializers.UUIDField(source="run.id", default=None, allow_null=True)
    progress = ObjectField(source="run.progress", default=dict)
    weight = serializers.UUIDField(source="weight.id", default=None, allow_null=True)
    maps = serializers.SerializerMethodField()

    def get_maps(self, stage: Stage) -> list[str]:
        """Ids of the maps that it makes."""
        return [str(row.id) for row in stage.maps]


class PipelineSerializer(serializers.ModelSerializer):
    """A chain with its stages."""

    owner = serializers.CharField(source="owner.username", read_only=True)
    state = serializers.SerializerMethodField()
    stages = serializers.SerializerMethodField()
    scenes = serializers.SerializerMethodField()
    targets = serializers.SerializerMethodField()
    stage = serializers.CharField(read_only=True)

    class Meta:
        model = Pipeline
        fields = (
            "id", "name", "owner", "preset", "settings", "stage", "state", "fault", "stages", "scenes", "targets",
            "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_state(self, pipeline: Pipeline) -> str:
        """Derived from its runs."""
        return state_of(pipeline)

    @extend_schema_field(StageSerializer(many=True))
    def get_stages(self, pipeline: Pipeline) -> Any:
        """In order."""
        return StageSerializer(stages_of(pipeline), many=True).data

    def get_scenes(self, pipeline: Pipeline) -> list[str]:
        """Ids of the scenes that it learns from."""
        return [str(scene.id) for scene in pipeline.scenes.all()]

    def get_targets(self, pipeline: Pipeline) -> list[str]:
        """Ids of the scenes that it maps."""
        return [str(scene.id) for scene in pipeline.targets.all()]


class EstimateQuerySerializer(serializers.Serializer):
    """A chain to be."""

    preset = serializers.ChoiceField(choices=preset_names())
    scenes = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=200)
    targets = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=200, default=list)


class NewPipelineSerializer(EstimateQuerySerializer):
    """A chain to start."""

    name = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    settings = ObjectField(
        required=False, default=dict,
        help_text="Changes to the preset by stage (tokenizer, pretrain, anomaly), and methods.",
    )  # fmt: skip
    tokenizer = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="Skip the first stage.")
    encoder = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="Skip the first two.")


class StageEstimateSerializer(serializers.Serializer):
    """How long a stage takes."""

    stage = serializers.ChoiceField(choices=STAGES)
    seconds = serializers.FloatField()


class ActionSerializer(serializers.Serializer):
    """What to do with a chain."""

    action = serializers.ChoiceField(choices=ACTIONS)


class PresetSerializer(serializers.Serializer):
    """A named set of settings."""

    name = serializers.CharField()
    settings = ObjectField(help_text="By stage.")
