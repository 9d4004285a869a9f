"""The weight library: named models with versions, facts and lineage."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from cvstudio.common.models import OwnedManager, OwnedModel, PublicIdModel
from cvstudio.weights.uses import use_address

#: Which number says most about a model: the first one that it has.
MAIN_METRICS = ("test_accuracy", "accuracy", "val_accuracy", "test_f1", "f1", "test_map", "map")


class Weight(OwnedModel):
    """A named model. The API's ``/weights/{id}`` is one of its versions."""

    name = models.CharField(max_length=200)
    task = models.CharField(max_length=60, help_text=_("Names the predictor, for example vision.classify."))
    description = models.TextField(blank=True)
    architecture = models.ForeignKey(
        "architectures.Architecture", null=True, blank=True, on_delete=models.SET_NULL, related_name="weights"
    )

    dataset = models.ForeignKey(
        "datasets.Dataset", null=True, blank=True, on_delete=models.SET_NULL, related_name="weights"
    )

    class Meta:
        db_table = "weight_libraries"
        ordering = ["name", "id"]
        # Where the next version of the same architecture on the same data set belongs.
        indexes = [models.Index(fields=["owner", "architecture", "dataset"], name="weight_owner_arch_data")]

    def __str__(self) -> str:
        return self.name


class WeightVersion(PublicIdModel):
    """One set of weights: a folder with weight.json and the files that it names."""

    owner_path = "weight__owner"

    class Source(models.TextChoices):
        RUN = "run", _("Training run")
        UPLOAD = "upload", _("Uploaded")

    weight = models.ForeignKey(Weight, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    source = models.CharField(max_length=10, choices=Source.choices)
    folder = models.CharField(max_length=1000, help_text=_("Name of its folder in the library."))
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    classes = models.JSONField(default=list)
    preprocessing = models.JSONField(default=dict)
    metrics = models.JSONField(default=dict)
    facts = models.JSONField(default=dict)
    notes = models.TextField(blank=True)
    run = models.ForeignKey("runs.Run", null=True, blank=True, on_delete=models.PROTECT, related_name="weights")
    dataset_version = models.ForeignKey(
        "datasets.DatasetVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="weights"
    )
    architecture_version = models.ForeignKey(
        "architectures.ArchitectureVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="weights"
    )
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="children")

    objects = OwnedManager()

    class Meta:
        db_table = "weight_versions"
        ordering = ["weight_id", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["weight", "number"], name="weight_version_number"),
            # A run ends once, even when its end is reported twice.
            models.UniqueConstraint(fields=["run"], name="weight_version_once_a_run"),
        ]
        indexes = [models.Index(fields=["-created_at", "-id"], name="weight_version_created")]

    def __str__(self) -> str:
        return f"{self.weight} v{self.number}"

    @property
    def use_url(self) -> str:
        """The page on which it is used; empty when its task has none."""
        return use_address(self.weight.task, self.id)

    @property
    def main_metric(self) -> tuple[str, float] | None:
        """Name and value of the number that stands for this version; None without metrics."""
        numbers = {name: value for name, value in self.metrics.items() if isinstance(value, int | float)}
        names = (*MAIN_METRICS, *sorted(numbers))
        return next(((name, float(numbers[name])) for name in names if name in numbers), None)


class WeightAlias(PublicIdModel):
    """A word that stands for one version of a weight, such as ``production``, and can be moved to another."""

    owner_path = "weight__owner"

    weight = models.ForeignKey(Weight, on_delete=models.CASCADE, related_name="aliases")
    name = models.CharField(max_length=40)
    version = models.ForeignKey(WeightVersion, on_delete=models.CASCADE, related_name="aliases")

    objects = OwnedManager()

    class Meta:
        db_table = "weight_aliases"
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["weight", "name"], name="weight_alias_once")]

    def __str__(self) -> str:
        return self.name


class AliasMove(PublicIdModel):
    """One move of an alias; without a number it was taken away. Stays when the version is deleted."""

    owner_path = "weight__owner"

    weight = models.ForeignKey(Weight, on_delete=models.CASCADE, related_name="alias_moves")
    name = models.CharField(max_length=40)
    number = models.PositiveIntegerField(null=True, help_text=_("Of the version that it stands for from now on."))
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = OwnedManager()

    class Meta:
        db_table = "weight_alias_moves"
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["weight", "-created_at"], name="alias_move_created")]

    def __str__(self) -> str:
        return f"{self.name} → v{self.number}" if self.number else f"{self.name} → –"
