"""Sensors, scenes, the chains that train detectors on them, and the anomaly maps that come out."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from cvstudio.common.models import OwnedModel

STAGES = ("tokenizer", "pretrain", "anomaly", "maps")
"""What a pipeline does, in order. The first three are runs of the recipes of the same names."""


class Sensor(OwnedModel):
    """A camera: what its scenes have in common."""

    name = models.CharField(max_length=200)
    bands = models.PositiveIntegerField(null=True, blank=True)
    wavelengths = models.JSONField(default=list, blank=True, help_text=_("Centre of each band in nanometres."))
    fwhm = models.JSONField(default=list, blank=True, help_text=_("Width of each band in nanometres."))
    bad_bands = models.JSONField(default=list, blank=True, help_text=_("Indices from 0."))
    pixel_size_m = models.FloatField(null=True, blank=True, help_text=_("Metres on the ground."))
    domain_id = models.PositiveIntegerField(default=0, help_text=_("Number for the domain embedding."))
    notes = models.TextField(blank=True)

    class Meta:
        db_table = "hsi_sensors"
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="hsi_sensor_owner_name")]

    def __str__(self) -> str:
        return self.name


class Scene(OwnedModel):
    """One hyperspectral image. Its pixels lie in a scene folder and are only ever mapped."""

    class State(models.TextChoices):
        INSPECTED = "inspected", _("To confirm")
        IMPORTING = "importing", _("Importing")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")

    class Source(models.TextChoices):
        UPLOAD = "upload", _("Uploaded")
        FOLDER = "folder", _("Registered folder")
        SAMPLE = "sample", _("Sample")

    sensor = models.ForeignKey(Sensor, null=True, blank=True, on_delete=models.SET_NULL, related_name="scenes")
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    source = models.CharField(max_length=10, choices=Source.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.INSPECTED)
    fault = models.JSONField(default=dict, blank=True, help_text=_("Why the import failed."))
    origin = models.CharField(max_length=1000, blank=True, help_text=_("Folder of the files that it is made from."))
    inspection = models.JSONField(default=dict, blank=True, help_text=_("Cubes and masks found, with evidence."))
    choice = models.JSONField(default=dict, blank=True, help_text=_("What a person confirmed of them."))

    height = models.PositiveIntegerField(null=True, blank=True)
    width = models.PositiveIntegerField(null=True, blank=True)
    bands = models.PositiveIntegerField(null=True, blank=True)
    dtype = models.CharField(max_length=20, blank=True)
    size_bytes = models.BigIntegerField(default=0)
    fingerprint = models.CharField(max_length=80, blank=True)
    wavelengths = models.JSONField(default=list, blank=True, help_text=_("In nanometres; empty when unknown."))
    bad_bands = models.JSONField(default=list, blank=True, help_text=_("Indices from 0."))
    has_mask = models.BooleanField(default=False)
    anomaly_pixels = models.PositiveIntegerField(default=0)
    georeference = models.JSONField(default=dict, blank=True, help_text=_("transform and crs; empty when unknown."))
    domain_id = models.PositiveIntegerField(default=0, help_text=_("Number for the domain embedding."))
    findings = models.JSONField(default=list, blank=True, help_text=_("Repairs and warnings of the import."))
    statistics = models.JSONField(default=dict, blank=True, help_text=_("Summary; the file has the bands."))
    import_run = models.ForeignKey("runs.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        db_table = "hsi_scenes"
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["owner", "-created_at"], name="hsi_scene_owner_created")]

    def __str__(self) -> str:
        return self.name

    @property
    def shape(self) -> tuple[int, int, int] | None:
        """Rows, columns, bands; None until the import has ended."""
        if self.height is None or self.width is None or self.bands is None:
            return None
        return self.height, self.width, self.bands


class Pipeline(OwnedModel):
    """A chain tokenizer -> pre-training -> detector -> maps, each stage a run."""

    name = models.CharField(max_length=200)
    preset = models.CharField(max_length=30)
    settings = models.JSONField(default=dict, blank=True, help_text=_("Changes to the preset, by stage."))
    stage = models.CharField(max_length=10, choices=[(name, name) for name in STAGES], default=STAGES[0])
    fault = models.JSONField(default=dict, blank=True, help_text=_("Why the next stage could not begin."))
    scenes = models.ManyToManyField(Scene, related_name="pipelines", help_text=_("Learnt from, without masks."))
    targets = models.ManyToManyField(Scene, related_name="+", help_text=_("Mapped at the end."))
    tokenizer_run = models.ForeignKey("runs.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    pretrain_run = models.ForeignKey("runs.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    anomaly_run = models.ForeignKey("runs.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    tokenizer = models.ForeignKey(
        "weights.WeightVersion", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    encoder = models.ForeignKey(
        "weights.WeightVersion", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    detector = models.ForeignKey(
        "weights.WeightVersion", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        db_table = "hsi_pipelines"
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["owner", "-created_at"], name="hsi_pipeline_owner_created")]

    def __str__(self) -> str:
        return self.name


class AnomalyMap(OwnedModel):
    """The maps that one detection made of one scene: one of each head or classic method, and their combination."""

    class State(models.TextChoices):
        WAITING = "waiting", _("In progress")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")

    name = models.CharField(max_length=200)
    scene = models.ForeignKey(Scene, on_delete=models.CASCADE, related_name="maps")
    run = models.OneToOneField("runs.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    pipeline = models.ForeignKey(Pipeline, null=True, blank=True, on_delete=models.SET_NULL, related_name="maps")
    detector = models.ForeignKey(
        "weights.WeightVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    fault = models.JSONField(default=dict, blank=True, help_text=_("Why there is no map."))
    asked = models.JSONField(default=list, blank=True, help_text=_("Names of the methods that were asked for."))
    methods = models.JSONField(
        default=dict, blank=True, help_text=_("Method to title, kind, seconds, range, and scores where a mask exists.")
    )
    main_method = models.CharField(max_length=40, blank=True, help_text=_("Shown first."))
    seconds = models.FloatField(null=True, blank=True)
    size_bytes = models.BigIntegerField(default=0)

    class Meta:
        db_table = "hsi_maps"
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["owner", "-created_at"], name="hsi_map_owner_created"),
            models.Index(fields=["scene", "-created_at"], name="hsi_map_scene_created"),
        ]

    def __str__(self) -> str:
        return self.name
