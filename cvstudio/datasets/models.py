"""Data sets, their immutable versions, the images in them, and what was exported."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from cvstudio.common.models import OwnedManager, OwnedModel, PublicIdModel


class Dataset(OwnedModel):
    """Registered or uploaded data in a recognised format."""

    class Source(models.TextChoices):
        UPLOAD = "upload", _("Uploaded")
        FOLDER = "folder", _("Registered folder")
        SAMPLE = "sample", _("Sample")

    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    source = models.CharField(max_length=10, choices=Source.choices)
    format = models.CharField(max_length=30, blank=True)
    root = models.CharField(max_length=1000, blank=True, help_text=_("Folder that a person registered."))
    current_version = models.ForeignKey(
        "DatasetVersion", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        db_table = "datasets"
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["owner", "-created_at"], name="dataset_owner_created")]

    def __str__(self) -> str:
        return self.name


class DatasetVersion(PublicIdModel):
    """What a data set held at one moment. Never changes once ready."""

    owner_path = "dataset__owner"

    class State(models.TextChoices):
        IMPORTING = "importing", _("Importing")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")

    class Task(models.TextChoices):
        CLASSIFY = "classify", _("One class an image")
        DETECT = "detect", _("Boxes and shapes")

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.IMPORTING)
    source = models.CharField(max_length=1000, blank=True, help_text=_("Archive or folder that it is made from."))
    folder = models.CharField(max_length=1000, help_text=_("Holds version.json, items.jsonl and rejects.csv."))
    root = models.CharField(max_length=1000, blank=True, help_text=_("Folder that holds its images."))
    options = models.JSONField(default=dict, blank=True, help_text=_("How it is imported: splits, seed, rejects."))
    task = models.CharField(max_length=10, choices=Task.choices, default=Task.CLASSIFY)
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="corrected",
        help_text=_("Version that it was corrected from."),
    )  # fmt: skip
    revision = models.JSONField(default=dict, blank=True, help_text=_("What was corrected, and why."))
    fingerprint = models.CharField(max_length=80, blank=True)
    classes = models.JSONField(default=list, blank=True)
    counts = models.JSONField(default=dict, blank=True, help_text=_("Images by split and class, rejects, bytes."))
    evidence = models.JSONField(default=list, blank=True, help_text=_("Why the format was recognised."))
    warnings = models.JSONField(default=list, blank=True, help_text=_("What is likely not meant."))
    rejects = models.JSONField(default=dict, blank=True, help_text=_("Reason to number of files."))
    cover = models.JSONField(default=list, blank=True, help_text=_("Ids of a few images that show what it is about."))
    statistics = models.JSONField(default=dict, blank=True)
    fault = models.JSONField(default=dict, blank=True, help_text=_("Why the import failed."))
    import_run = models.ForeignKey("runs.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    statistics_run = models.ForeignKey("runs.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    doubts = models.JSONField(default=dict, blank=True, help_text=_("Labels that are likely wrong."))
    doubts_run = models.ForeignKey("runs.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    objects = OwnedManager()

    class Meta:
        db_table = "dataset_versions"
        ordering = ["dataset_id", "-number"]
        constraints = [models.UniqueConstraint(fields=["dataset", "number"], name="dataset_version_number")]

    def __str__(self) -> str:
        return f"{self.dataset} v{self.number}"


class DatasetImage(PublicIdModel):
    """One image of one version."""

    owner_path = "version__dataset__owner"

    version = models.ForeignKey(DatasetVersion, on_delete=models.CASCADE, related_name="images")
    position = models.PositiveIntegerField(help_text=_("Index in items.jsonl."))
    path = models.CharField(max_length=1000)
    label = models.PositiveIntegerField(null=True)
    split = models.CharField(max_length=5)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    format = models.CharField(max_length=10)
    mode = models.CharField(max_length=10)
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)

    objects = OwnedManager()

    class Meta:
        db_table = "dataset_images"
        ordering = ["version_id", "position"]
        constraints = [models.UniqueConstraint(fields=["version", "position"], name="dataset_image_position")]
        indexes = [
            models.Index(fields=["version", "split", "label", "position"], name="image_split_label"),
            models.Index(fields=["version", "label", "position"], name="image_label"),
            models.Index(fields=["sha256"], name="image_sha256"),
        ]

    def __str__(self) -> str:
        return self.path


class DatasetExport(PublicIdModel):
    """A version written in a format, as a run with a file at its end."""

    owner_path = "version__dataset__owner"

    version = models.ForeignKey(DatasetVersion, on_delete=models.CASCADE, related_name="exports")
    run = models.ForeignKey("runs.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    format = models.CharField(max_length=30)
    boxes_only = models.BooleanField(default=False)
    report = models.JSONField(default=dict, blank=True, help_text=_("Counts, and what the format cannot hold."))

    objects = OwnedManager()

    class Meta:
        db_table = "dataset_exports"
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"{self.version} ({self.format})"


class AugmentationConfig(OwnedModel):
    """A saved list of augmentation operations."""

    name = models.CharField(max_length=200)
    operations = models.JSONField(default=list)

    class Meta:
        db_table = "augmentation_configs"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
