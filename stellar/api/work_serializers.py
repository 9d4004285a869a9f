"""Forms of requests and answers for predictions, trainings, downloads and classifiers."""

from __future__ import annotations

from rest_framework import serializers

from cvstudio.weights.models import WeightVersion
from stellar.api.action_serializers import ChosenStarsSerializer
from stellar.api.serializers import ObjectField
from stellar.models import Download, Prediction, Training
from stellar.services.start_prediction import MODALITIES


class _RunFacts(serializers.ModelSerializer):
    """What all things that a run makes have in common."""

    owner = serializers.CharField(source="owner.username", read_only=True)
    survey = serializers.UUIDField(source="survey_id", read_only=True, allow_null=True)
    survey_name = serializers.CharField(source="survey.name", default="", read_only=True)
    run = serializers.UUIDField(source="run_id", read_only=True, allow_null=True)
    run_state = serializers.CharField(source="run.state", default="", read_only=True)
    progress = ObjectField(source="run.progress", default=dict, read_only=True)


class SurveyPredictionSerializer(_RunFacts):
    """What a classifier said of a survey."""

    classifier = serializers.UUIDField(source="classifier_id", read_only=True)
    classifier_name = serializers.CharField(source="classifier", read_only=True)
    shown = serializers.SerializerMethodField()
    counts = ObjectField(read_only=True)
    summary = ObjectField(read_only=True)

    class Meta:
        model = Prediction
        fields = (
            "id", "name", "owner", "survey", "survey_name", "classifier", "classifier_name", "state", "fault",
            "modality", "is_partial", "stars", "counts", "disagreements", "summary", "shown", "run", "run_state",
            "progress", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_shown(self, prediction: Prediction) -> bool:
        """Whether the table of stars shows it."""
        return prediction.survey.shown_id == prediction.id


class NewPredictionSerializer(ChosenStarsSerializer):
    """Which classifier looks at which stars."""

    survey = serializers.UUIDField()
    classifier = serializers.UUIDField()
    modality = serializers.ChoiceField(choices=MODALITIES, required=False, default="any")
    name = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class StarTrainingSerializer(_RunFacts):
    """A training of a classifier."""

    classifier = serializers.UUIDField(source="classifier_id", read_only=True, allow_null=True)
    settings = ObjectField(read_only=True)

    class Meta:
        model = Training
        fields = (
            "id", "name", "owner", "survey", "survey_name", "preset", "modality", "settings", "classifier", "run",
            "run_state", "progress", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = fields


class NewTrainingSerializer(serializers.Serializer):
    """What to learn from, and how."""

    survey = serializers.UUIDField()
    preset = serializers.CharField(max_length=40, required=False, default="recommended")
    modality = serializers.CharField(max_length=10, required=False, default="both")
    name = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    settings = ObjectField(required=False, default=dict, help_text="Changes to the preset.")


class ClassifierPresetSerializer(serializers.Serializer):
    """A named set of settings."""

    name = serializers.CharField()
    title = serializers.CharField()
    settings = ObjectField()


class DownloadSerializer(_RunFacts):
    """A download with what came of it."""

    settings = ObjectField(read_only=True)
    counts = ObjectField(read_only=True)

    class Meta:
        model = Download
        fields = (
            "id", "owner", "survey", "survey_name", "kind", "state", "fault", "settings", "counts", "run", "run_state",
            "progress", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = fields


class NewDownloadSerializer(ChosenStarsSerializer):
    """What to fetch for which stars."""

    survey = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Download.Kind.choices)
    settings = ObjectField(required=False, default=dict, help_text="Of the recipe. Addresses: administrators only.")


class DownloadedSerializer(serializers.Serializer):
    """What came of one star."""

    star = serializers.UUIDField(allow_null=True)
    name = serializers.CharField()
    status = serializers.CharField()
    reason = serializers.CharField()
    code = serializers.CharField()


class DownloadedQuerySerializer(serializers.Serializer):
    """Which of them."""

    status = serializers.CharField(max_length=20, required=False, default="")


class ClassifierSerializer(serializers.ModelSerializer):
    """A trained classifier: a weight version of the library."""

    name = serializers.CharField(source="weight.name", read_only=True)
    owner = serializers.CharField(source="weight.owner.username", read_only=True)
    model = serializers.SerializerMethodField()
    modality = serializers.SerializerMethodField()
    metrics = ObjectField(read_only=True)
    run = serializers.UUIDField(source="run_id", read_only=True, allow_null=True)
    training = serializers.SerializerMethodField()
    survey = serializers.SerializerMethodField()
    survey_name = serializers.SerializerMethodField()

    class Meta:
        model = WeightVersion
        fields = (
            "id", "name", "number", "owner", "model", "modality", "classes", "metrics", "size_bytes", "run",
            "training", "survey", "survey_name", "created_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_model(self, version: WeightVersion) -> str:
        """recommended, or fusion_plain."""
        return str(version.preprocessing.get("model", ""))

    def get_modality(self, version: WeightVersion) -> str:
        """What it was trained on."""
        return str(version.preprocessing.get("modality", ""))

    def get_training(self, version: WeightVersion) -> str | None:
        """Id of the training that left it."""
        found = self._training(version)
        return str(found.id) if found else None

    def get_survey(self, version: WeightVersion) -> str | None:
        """Id of the survey that it learnt from, while that is there."""
        found = self._training(version)
        return str(found.survey_id) if found and found.survey_id else None

    def get_survey_name(self, version: WeightVersion) -> str:
        """Its name."""
        found = self._training(version)
        return found.survey.name if found and found.survey else ""

    def _training(self, version: WeightVersion) -> Training | None:
        found: Training | None = self.context.get("trainings", {}).get(version.id)
        return found


class AttributionQuerySerializer(serializers.Serializer):
    """By which classifier; that of the shown prediction when left out."""

    classifier = serializers.UUIDField(required=False, allow_null=True, default=None)


class ClassifySerializer(serializers.Serializer):
    """One star to classify: a spectrum, a picture, or both; magnitudes where they are known."""

    classifier = serializers.UUIDField()
    spectrum = serializers.FileField(required=False)
    image = serializers.FileField(required=False)
    attribution = serializers.BooleanField(required=False, default=True)
    g_mag = serializers.FloatField(required=False, min_value=-5, max_value=40)
    r_mag = serializers.FloatField(required=False, min_value=-5, max_value=40)
    i_mag = serializers.FloatField(required=False, min_value=-5, max_value=40)
    z_mag = serializers.FloatField(required=False, min_value=-5, max_value=40)
