"""Inference: single predictions and batch jobs."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from cvstudio.common.models import OwnedManager, OwnedModel, PublicIdModel


class InferenceJob(OwnedModel):
    """Predictions asked for at once: one image, or a whole data set, folder or zip as a run."""

    class Kind(models.TextChoices):
        SINGLE = "single", _("Single image")
        BATCH = "batch", _("Batch")

    kind = models.CharField(max_length=10, choices=Kind.choices)
    weight_version = models.ForeignKey("weights.WeightVersion", on_delete=models.PROTECT, related_name="jobs")
    run = models.OneToOneField(
        "runs.Run", null=True, blank=True, on_delete=models.CASCADE, related_name="inference_job"
    )
    options = models.JSONField(default=dict, blank=True)

    class Meta:
        db_table = "inference_jobs"
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.id}"


class Prediction(PublicIdModel):
    """What a model said about one image, with the time it took."""

    owner_path = "job__owner"

    job = models.ForeignKey(InferenceJob, on_delete=models.CASCADE, related_name="predictions")
    image = models.ForeignKey("datasets.DatasetImage", null=True, blank=True, on_delete=models.SET_NULL)
    image_name = models.CharField(max_length=300, blank=True)
    top = models.JSONField(help_text=_("Classes with probabilities, best first."))
    timing_ms = models.JSONField(default=dict, help_text=_("queue, preprocess, forward, postprocess"))

    objects = OwnedManager()

    class Meta:
        db_table = "predictions"
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"{self.image_name}: {self.top[:1]}"
