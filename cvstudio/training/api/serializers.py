"""Forms of requests and answers. Meaning is checked by the services."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from cvstudio.runs.curves.read import MAX_POINTS
from cvstudio.runs.models import Artifact, Checkpoint, Run, RunEvent
from cvstudio.runs.selectors import LEVELS, MAX_LOG_LINES, explain_waiting
from cvstudio.runs.services.control_run import ACTIONS
from cvstudio.training.plan import RECIPES

MAX_COMPARED = 12
LARGEST = 2**53 - 1


def parsed(serializer: serializers.BaseSerializer) -> dict[str, Any]:
    """The valid form, or a validation error."""
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


@extend_schema_field(OpenApiTypes.OBJECT)
class ObjectField(serializers.JSONField):
    """A JSON object; services look into it."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Refuse everything but objects."""
        if not isinstance(data, dict):
            raise serializers.ValidationError("This must be a JSON object.")
        return data


class NamesField(serializers.CharField):
    """Names separated by commas."""

    def to_internal_value(self, data: Any) -> list[str]:  # type: ignore[override]
        """The names, without blanks and empty ones."""
        return [part.strip() for part in super().to_internal_value(data).split(",") if part.strip()]


class VersionLinkSerializer(serializers.Serializer):
    """The version of a data set or an architecture that a run uses."""

    id = serializers.UUIDField(help_text="Of the data set or architecture.")
    version_id = serializers.UUIDField()
    name = serializers.CharField()
    number = serializers.IntegerField()


class RunSummarySerializer(serializers.ModelSerializer):
    """A run in a list."""

    owner = serializers.CharField(source="owner.username")
    dataset = serializers.SerializerMethodField()
    architecture = serializers.SerializerMethodField()
    cause = ObjectField()
    progress = ObjectField()
    summary = ObjectField()

    class Meta:
        model = Run
        fields: tuple[str, ...] = (
            "id", "name", "recipe", "queue", "owner", "state", "cause_class", "cause", "progress", "summary", "dataset",
            "architecture", "parent", "last_seq", "attempts", "active_s", "created_at", "started_at", "ended_at",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(VersionLinkSerializer(allow_null=True))
    def get_dataset(self, run: Run) -> dict[str, Any] | None:
        """What it learns from."""
        version = run.dataset_version
        if version is None:
            return None
        return _link(version.dataset_id, version.id, version.dataset.name, version.number)

    @extend_schema_field(VersionLinkSerializer(allow_null=True))
    def get_architecture(self, run: Run) -> dict[str, Any] | None:
        """What it trains."""
        version = run.architecture_version
        if version is None:
            return None
        return _link(version.architecture_id, version.id, version.architecture.name, version.number)


def _link(whole: Any, version: Any, name: str, number: int) -> dict[str, Any]:
    return {"id": str(whole), "version_id": str(version), "name": name, "number": number}


class RunSerializer(RunSummarySerializer):
    """A run with everything."""

    config = ObjectField()
    result = ObjectField()
    preflight = ObjectField()
    waiting = serializers.SerializerMethodField()

    class Meta(RunSummarySerializer.Meta):
        fields = (
            *RunSummarySerializer.Meta.fields, "notes", "seed", "config", "result", "preflight", "command", "worker",
            "waiting",
        )  # fmt: skip
        read_only_fields = fields

    def get_waiting(self, run: Run) -> str:
        """Why it does not start yet."""
        return explain_waiting(run)


class PlanSerializer(serializers.Serializer):
    """What to train: data, a network, settings."""

    recipe = serializers.ChoiceField(
        choices=[(name, name) for name in RECIPES], required=False,
        help_text="What to learn, where the data allow more than one: polygons and masks train detectors and "
        "segmentations. Default: the first that they allow.",
    )  # fmt: skip
    dataset = serializers.UUIDField(required=False, help_text="A data set; its current version is used.")
    dataset_version = serializers.UUIDField(required=False, help_text="Or one of its versions.")
    architecture = serializers.UUIDField(required=False, help_text="An architecture; its current version is used.")
    architecture_version = serializers.UUIDField(required=False, help_text="Or one of its versions.")
    initial_weights = serializers.UUIDField(required=False, allow_null=True, help_text="A weight to start from.")
    config = ObjectField(
        required=False, default=dict,
        help_text='Settings of the recipe, such as {"fit": {"epochs": 5}}. Data and graph are filled in.',
    )  # fmt: skip


class PreflightSerializer(PlanSerializer):
    """A plan to check."""

    measure = serializers.BooleanField(default=False, help_text="Have some steps measured; takes seconds.")


class CreateSerializer(PlanSerializer):
    """A training to start."""

    name = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    notes = serializers.CharField(max_length=10_000, required=False, default="", allow_blank=True)
    acknowledge = serializers.ListField(
        child=serializers.CharField(max_length=100), max_length=50, required=False, default=list,
        help_text="Codes of yellow findings that you accept.",
    )  # fmt: skip


class ChangeSerializer(serializers.Serializer):
    """What may be changed of a run."""

    name = serializers.CharField(max_length=200, required=False)
    notes = serializers.CharField(max_length=10_000, required=False, allow_blank=True)


class ControlSerializer(serializers.Serializer):
    """What to ask a run for."""

    action = serializers.ChoiceField(choices=[(action, action) for action in ACTIONS])


class CloneSerializer(serializers.Serializer):
    """How the clone differs."""

    name = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    config = ObjectField(required=False, default=dict, help_text="Merged into the settings of the run.")
    acknowledge = serializers.ListField(
        child=serializers.CharField(max_length=100), max_length=50, required=False, default=list
    )


class SearchSerializer(serializers.Serializer):
    """What may vary, and what counts."""

    space = ObjectField(
        help_text='Dotted settings with {"low", "high", "log", "integer"} or {"values": [..]}, such as '
        '{"fit.learning_rate": {"low": 0.0001, "high": 0.1, "log": true}}.'
    )
    metric = serializers.CharField(max_length=80, help_text="Number of the result that counts.")
    direction = serializers.ChoiceField(choices=["auto", "maximize", "minimize"], required=False, default="auto")
    method = serializers.ChoiceField(choices=["tpe", "random"], required=False, default="tpe")
    trials = serializers.IntegerField(min_value=2, max_value=1000, required=False, default=20)
    seed = serializers.IntegerField(min_value=0, required=False, default=0)
    name = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class CheckSerializer(serializers.Serializer):
    """One finding."""

    code = serializers.CharField()
    level = serializers.ChoiceField(choices=[("ok", "ok"), ("yellow", "yellow"), ("red", "red")])
    message = serializers.CharField()
    hint = serializers.CharField()
    where = serializers.CharField()
    facts = ObjectField()


class ReportSerializer(serializers.Serializer):
    """What the checks found."""

    checks = CheckSerializer(many=True)
    blocked = serializers.BooleanField(help_text="A red finding is among them.")
    asks = serializers.ListField(child=serializers.CharField(), help_text="Codes of the yellow findings.")
    estimate = ObjectField(allow_null=True)


class MetricsQuerySerializer(serializers.Serializer):
    """Which part of which curves."""

    names = NamesField(required=False, default="", max_length=4_000, help_text="phase/name, separated by commas.")
    scope = serializers.ChoiceField(choices=[("step", "step"), ("epoch", "epoch")], required=False, default="")
    points = serializers.IntegerField(min_value=10, max_value=MAX_POINTS, default=1_000)

    def get_fields(self) -> dict[str, Any]:
        """``from`` is a word of Python."""
        bound: dict[str, Any] = {"min_value": 0, "max_value": LARGEST, "required": False}
        return {
            **super().get_fields(),
            "from": serializers.IntegerField(help_text="Lowest step.", **bound),
            "to": serializers.IntegerField(help_text="Highest step.", **bound),
        }


class CurveSerializer(serializers.Serializer):
    """One curve. A thinned one has the last, the smallest and the largest value of each bucket."""

    name = serializers.CharField()
    phase = serializers.CharField()
    scope = serializers.CharField()
    count = serializers.IntegerField(help_text="Points in the window before thinning.")
    bucketed = serializers.BooleanField()
    steps = serializers.ListField(child=serializers.IntegerField())
    values = serializers.ListField(child=serializers.FloatField(allow_null=True))
    min = serializers.ListField(child=serializers.FloatField(allow_null=True))
    max = serializers.ListField(child=serializers.FloatField(allow_null=True))


class MetricsSerializer(serializers.Serializer):
    """Curves of a run."""

    run = serializers.UUIDField()
    curves = CurveSerializer(many=True)


class LogQuerySerializer(serializers.Serializer):
    """Which lines."""

    after = serializers.IntegerField(min_value=0, max_value=LARGEST, default=0)
    before = serializers.IntegerField(min_value=0, max_value=LARGEST, required=False, help_text="The newest below it.")
    level = serializers.ChoiceField(choices=[(level, level) for level in LEVELS], default="debug")
    search = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    page_size = serializers.IntegerField(min_value=1, max_value=MAX_LOG_LINES, default=200)


class LogLineSerializer(serializers.ModelSerializer):
    """One line."""

    level = serializers.CharField(source="data.level", default="info")
    message = serializers.CharField(source="data.message", default="")

    class Meta:
        model = RunEvent
        fields = ("seq", "time", "level", "message")


class LogPageSerializer(serializers.Serializer):
    """Lines in order, and where to go on."""

    results = LogLineSerializer(many=True)
    next_after = serializers.IntegerField(allow_null=True, help_text="Send as `after` for the next lines.")
    next_before = serializers.IntegerField(allow_null=True, help_text="Send as `before` for the lines above.")


class CheckpointSerializer(serializers.ModelSerializer):
    """A state from which the run can go on."""

    name = serializers.SerializerMethodField()
    tags = serializers.ListField(child=serializers.CharField())
    metrics = ObjectField()

    class Meta:
        model = Checkpoint
        fields = (
            "id", "name", "path", "step", "epoch", "size_bytes", "sha256", "tags", "metrics", "created_at",
            "deleted_at",
        )  # fmt: skip

    def get_name(self, checkpoint: Checkpoint) -> str:
        """The folder's name."""
        return checkpoint.path.rpartition("/")[2]


class ArtifactSerializer(serializers.ModelSerializer):
    """A file that the run made."""

    class Meta:
        model = Artifact
        fields = ("id", "name", "path", "media_type", "size_bytes", "sha256", "created_at")


class FileQuerySerializer(serializers.Serializer):
    """How to send a file."""

    show = serializers.BooleanField(default=False, help_text="Show an image in place instead of saving it.")


class CompareQuerySerializer(serializers.Serializer):
    """Which runs, and which curves of them."""

    ids = NamesField(max_length=1_000, help_text=f"Up to {MAX_COMPARED} ids, separated by commas.")
    names = NamesField(required=False, default="", max_length=4_000, help_text="Curves to return: phase/name, ...")
    points = serializers.IntegerField(min_value=10, max_value=MAX_POINTS, default=500)

    def validate_ids(self, ids: list[str]) -> list[Any]:
        """All of them ids, two or more."""
        if not 2 <= len(ids) <= MAX_COMPARED:
            raise serializers.ValidationError(f"Name 2 to {MAX_COMPARED} runs.")
        field = serializers.UUIDField()
        return [field.run_validation(text) for text in ids]


class DifferenceSerializer(serializers.Serializer):
    """A setting in which the runs differ."""

    key = serializers.CharField()
    values = serializers.ListField(child=serializers.CharField())


class ComparedMetricSerializer(serializers.Serializer):
    """A metric of each run."""

    name = serializers.CharField()
    values = serializers.ListField(child=serializers.JSONField(allow_null=True))


class ComparisonSerializer(serializers.Serializer):
    """Runs side by side, in the order in which they were named."""

    runs = RunSummarySerializer(many=True)
    differences = DifferenceSerializer(many=True)
    metrics = ComparedMetricSerializer(many=True)
    curves = ObjectField(help_text="Curves by the id of the run.")
