"""Runs: one execution of a recipe, its numbered events, checkpoints and artifacts."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from cvstudio.common.models import OwnedManager, OwnedModel, PublicIdModel


class RunState(models.TextChoices):
    """Where a run stands. Transitions are listed once, in ``states.py``."""

    QUEUED = "queued", _("Queued")
    STARTING = "starting", _("Starting")
    RUNNING = "running", _("Running")
    PAUSING = "pausing", _("Pausing")
    PAUSED = "paused", _("Paused")
    STOPPING = "stopping", _("Stopping")
    STOPPED = "stopped", _("Stopped")
    COMPLETED = "completed", _("Completed")
    FAILED = "failed", _("Failed")
    LOST = "lost", _("Lost")


class CauseClass(models.TextChoices):
    """Why a run ended or moved: whose turn it is to act."""

    NONE = "", _("None")
    CODE = "code", _("Code")
    DATA = "data", _("Data")
    MEMORY = "memory", _("Out of memory")
    KILLED = "killed", _("Killed")
    WORKER_LOST = "worker_lost", _("Worker lost")
    USER = "user", _("User")
    CONFIG = "config", _("Configuration")


class Run(OwnedModel):
    """One execution of a recipe, from the queue to its result.

    The database row is the truth about the state; it moves only by compare-and-swap
    (``services/transition.py``). ``fence`` rises with each claim and every write of a worker carries it, so
    that a worker which lost its lease can no longer change anything.
    """

    name = models.CharField(max_length=200)
    recipe = models.CharField(max_length=100)
    queue = models.CharField(max_length=20, default="train")
    config = models.JSONField(default=dict)
    seed = models.BigIntegerField(default=0)
    notes = models.TextField(blank=True)

    state = models.CharField(max_length=12, choices=RunState.choices, default=RunState.QUEUED)
    cause_class = models.CharField(max_length=20, choices=CauseClass.choices, blank=True)
    cause = models.JSONField(default=dict, blank=True, help_text=_("code, message, hint, where"))

    fence = models.PositiveIntegerField(default=0)
    worker = models.CharField(max_length=200, blank=True)
    process = models.JSONField(
        default=dict, blank=True, help_text=_("Host, and process id with start time of the supervisor and the trainer.")
    )
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    enqueued_at = models.DateTimeField(null=True, blank=True, help_text=_("When the broker was last told."))
    attempts = models.PositiveIntegerField(default=0, help_text=_("Starts since the last progress."))
    command = models.CharField(max_length=12, blank=True, help_text=_("pause, stop or checkpoint, not yet done."))
    command_id = models.PositiveIntegerField(default=0)

    last_seq = models.BigIntegerField(default=0)
    source_seq = models.BigIntegerField(default=0, help_text=_("Last event of events.jsonl that is stored."))
    source_offset = models.BigIntegerField(default=0, help_text=_("Bytes of events.jsonl that are stored."))
    folded_seq = models.BigIntegerField(
        default=0, help_text=_("Metric events up to this number are also kept as curve blocks.")
    )

    progress = models.JSONField(default=dict, blank=True, help_text=_("done, total, unit, rate, eta_s, stage"))
    summary = models.JSONField(default=dict, blank=True, help_text=_("Latest and best metrics, for tables."))
    result = models.JSONField(default=dict, blank=True)
    preflight = models.JSONField(default=dict, blank=True)

    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    active_s = models.FloatField(default=0, help_text=_("Seconds spent working, without pauses and queues."))

    dataset_version = models.ForeignKey(
        "datasets.DatasetVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="runs"
    )
    architecture_version = models.ForeignKey(
        "architectures.ArchitectureVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="runs"
    )
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="clones")

    class Meta:
        db_table = "training_runs"
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["owner", "-created_at"], name="run_owner_created"),
            models.Index(fields=["state", "lease_expires_at"], name="run_state_lease"),
            models.Index(fields=["recipe", "-created_at"], name="run_recipe_created"),
        ]

    def __str__(self) -> str:
        return self.name


class RunEvent(models.Model):
    """A numbered line of a run: log, metric, state, progress, artifact or checkpoint."""

    owner_path = "run__owner"

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="events")
    seq = models.BigIntegerField()
    time = models.DateTimeField()
    kind = models.CharField(max_length=12)
    data = models.JSONField()

    objects = OwnedManager()

    class Meta:
        db_table = "run_events"
        ordering = ["run_id", "seq"]
        constraints = [models.UniqueConstraint(fields=["run", "seq"], name="run_event_once")]
        indexes = [models.Index(fields=["run", "kind", "seq"], name="run_event_kind")]

    def __str__(self) -> str:
        return f"{self.run_id} #{self.seq} {self.kind}"


class CurveBlock(models.Model):
    """Some hundred consecutive points of one curve, packed, so that long curves are read in milliseconds.

    A cache of the metric events up to ``Run.folded_seq``, filled in the transaction that moves that number.
    """

    owner_path = "run__owner"

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="curve_blocks")
    scope = models.CharField(max_length=10)
    phase = models.CharField(max_length=10)
    name = models.CharField(max_length=200)
    first_step = models.BigIntegerField()
    last_step = models.BigIntegerField()
    count = models.PositiveIntegerField()
    steps = models.BinaryField(help_text=_("64-bit integers, little-endian."))
    values = models.BinaryField(help_text=_("64-bit floats, little-endian."))

    objects = OwnedManager()

    class Meta:
        db_table = "run_curve_blocks"
        ordering = ["run_id", "id"]
        indexes = [models.Index(fields=["run", "scope", "phase", "name", "first_step"], name="curve_block_place")]

    def __str__(self) -> str:
        return f"{self.run_id} {self.phase}/{self.name} {self.first_step}-{self.last_step}"


class RunFile(PublicIdModel):
    """A file or folder inside a run directory, with size and SHA-256."""

    owner_path = "run__owner"

    path = models.CharField(max_length=500, help_text=_("Relative to the run directory."))
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)

    objects = OwnedManager()

    class Meta:
        abstract = True


class Checkpoint(RunFile):
    """A state from which a run can go on exactly."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="checkpoints")
    step = models.BigIntegerField()
    epoch = models.FloatField()
    tags = models.JSONField(default=list, help_text=_("last, best, manual"))
    metrics = models.JSONField(default=dict)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "run_checkpoints"
        ordering = ["run_id", "-step"]
        constraints = [models.UniqueConstraint(fields=["run", "path"], name="checkpoint_once")]

    def __str__(self) -> str:
        return self.path


class Artifact(RunFile):
    """A file that a run made for people or programs."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="artifacts")
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=100)

    class Meta:
        db_table = "run_artifacts"
        ordering = ["run_id", "name"]
        constraints = [models.UniqueConstraint(fields=["run", "path"], name="artifact_once")]

    def __str__(self) -> str:
        return self.name
