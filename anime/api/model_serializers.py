"""Forms of requests and answers for trainings, recognisers, generators, and characters that are added to them."""

from __future__ import annotations

from rest_framework import serializers

from anime.api.serializers import ObjectField
from anime.models import Enrolment, Training
from cvstudio.weights.models import WeightVersion


class _RunFacts(serializers.ModelSerializer):
    """What all things that a run makes have in common."""

    owner = serializers.CharField(source="owner.username", read_only=True)
    collection = serializers.UUIDField(source="collection_id", read_only=True, allow_null=True)
    collection_name = serializers.CharField(source="collection.name", default="", read_only=True)
    run = serializers.UUIDField(source="run_id", read_only=True, allow_null=True)
    run_state = serializers.CharField(source="run.state", default="", read_only=True)
    progress = ObjectField(source="run.progress", default=dict, read_only=True)
    weight = serializers.UUIDField(source="weight_id", read_only=True, allow_null=True)


class CharacterTrainingSerializer(_RunFacts):
    """A training on a collection."""

    teacher = serializers.UUIDField(source="teacher_id", read_only=True, allow_null=True)
    settings = ObjectField(read_only=True)

    class Meta:
        model = Training
        fields = (
            "id", "name", "owner", "kind", "collection", "collection_name", "preset", "settings", "character",
            "teacher", "weight", "run", "run_state", "progress", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = fields


class NewCharacterTrainingSerializer(serializers.Serializer):
    """What to train, on what."""

    collection = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Training.Kind.choices, default=Training.Kind.RECOGNISER)
    preset = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")
    name = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    settings = ObjectField(required=False, default=dict, help_text="Changes to the preset.")
    recogniser = serializers.UUIDField(required=False, help_text="Teacher of a small one, judge of a generator.")
    character = serializers.CharField(max_length=255, required=False, allow_blank=True, default="",
                                      help_text="Whom a generator draws.")  # fmt: skip


class RecogniserSerializer(serializers.ModelSerializer):
    """A recogniser or a generator: one version of a weight."""

    name = serializers.CharField(source="weight.name", read_only=True)
    task = serializers.CharField(source="weight.task", read_only=True)
    owner = serializers.CharField(source="weight.owner.username", read_only=True)
    characters = serializers.ListField(source="classes", child=serializers.CharField(), read_only=True)
    metrics = ObjectField(read_only=True)
    run = serializers.UUIDField(source="run_id", read_only=True, allow_null=True)
    before = serializers.UUIDField(source="parent_id", read_only=True, allow_null=True)
    training = serializers.SerializerMethodField()

    class Meta:
        model = WeightVersion
        fields = ("id", "name", "task", "owner", "number", "characters", "metrics", "size_bytes", "run", "before",
                  "training", "created_at")  # fmt: skip
        read_only_fields = fields

    def get_training(self, version: WeightVersion) -> str | None:
        """Id of the training that left it."""
        found = self.context.get("trainings", {}).get(version.id)
        return None if found is None else str(found.id)


class EnrolmentSerializer(_RunFacts):
    """A character that was added to a recogniser, or removed."""

    recogniser = serializers.UUIDField(source="recogniser_id", read_only=True, allow_null=True)
    fault = ObjectField(read_only=True)
    report = ObjectField(read_only=True)

    class Meta:
        model = Enrolment
        fields = (
            "id", "action", "name", "owner", "collection", "collection_name", "recogniser", "weight", "state", "fault",
            "images", "report", "run", "run_state", "progress", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = fields


class EnrolSerializer(serializers.Serializer):
    """A new character, or more images of a known one."""

    name = serializers.CharField(max_length=200)
    image = serializers.ListField(child=serializers.FileField(), help_text="Repeat the field for several files.")
    collection = serializers.UUIDField(required=False, help_text="Will use the new version.")


class RemoveSerializer(serializers.Serializer):
    """Whom to forget."""

    name = serializers.CharField(max_length=255)
    collection = serializers.UUIDField(required=False, help_text="Will use the new version.")


class UseSerializer(serializers.Serializer):
    """Who uses it."""

    collection = serializers.UUIDField()


class ActivationQuerySerializer(serializers.Serializer):
    """On which image."""

    image = serializers.UUIDField(help_text="Id of a character's image.")


class CompareQuerySerializer(serializers.Serializer):
    """Which small recogniser."""

    student = serializers.UUIDField()
