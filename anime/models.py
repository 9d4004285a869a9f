"""Collections of characters beside data sets, and what people and runs made of them."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from cvstudio.common.models import OwnedManager, OwnedModel
from cvstudio.datasets.models import DatasetVersion


class WorkState(models.TextChoices):
    """Where a thing stands that a run makes."""

    WAITING = "waiting", _("In progress")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")


class Collection(OwnedModel):
    """A data set of one folder a character. Files, versions and imports are the data set's; characters stand here."""

    dataset = models.OneToOneField("datasets.Dataset", on_delete=models.CASCADE, related_name="anime_collection")
    recogniser = models.ForeignKey(
        "weights.WeightVersion", null=True, blank=True, on_delete=models.SET_NULL, related_name="+",
        help_text=_("The recogniser in use."),
    )  # fmt: skip
    synced = models.ForeignKey(
        "datasets.DatasetVersion", null=True, blank=True, on_delete=models.SET_NULL, related_name="+",
        help_text=_("The version that characters and images stand for."),
    )  # fmt: skip
    characters = models.PositiveIntegerField(default=0)
    images = models.PositiveIntegerField(default=0)
    sources = models.JSONField(default=dict, blank=True, help_text=_("Number of images by source."))
    health = models.JSONField(default=dict, blank=True, help_text=_("Copies, doubted labels and other findings."))
    examine_run = models.ForeignKey("runs.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        db_table = "anime_collections"
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["owner", "-created_at"], name="anime_collection_owner")]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The data set's."""
        return self.dataset.name

    @property
    def newest(self) -> DatasetVersion | None:
        """The version that is being made, has failed, or is in use. Needs the versions of `listed_collections`."""
        unfinished: list[DatasetVersion] = getattr(self.dataset, "unfinished", [])
        current = self.dataset.current_version
        later = [version for version in unfinished if current is None or version.number > current.number]
        return later[0] if later else current

    @property
    def state(self) -> str:
        """``importing``, ``ready`` or ``failed``; with a version in use a failed later one leaves it ready."""
        if self.dataset.current_version_id is not None:
            return str(DatasetVersion.State.READY)
        return str(self.newest.state) if self.newest else str(DatasetVersion.State.FAILED)


class Character(models.Model):
    """Somebody whom a collection shows."""

    owner_path = "collection__owner"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="character_rows")
    name = models.CharField(max_length=255)
    position = models.PositiveIntegerField(null=True, help_text=_("Number of its class; empty where it has none now."))
    captions = models.JSONField(default=list, blank=True, help_text=_("Texts that tell who it is."))
    partial = models.JSONField(default=list, blank=True, help_text=_("Texts that fit others as well."))
    notes = models.TextField(blank=True)
    images = models.PositiveIntegerField(default=0)
    cover = models.UUIDField(null=True, blank=True, help_text=_("Image of the data set that stands for it."))

    objects = OwnedManager()

    class Meta:
        db_table = "anime_characters"
        ordering = ["collection_id", "position", "name"]
        constraints = [models.UniqueConstraint(fields=["collection", "name"], name="anime_character_once")]

    def __str__(self) -> str:
        return self.name


class CharacterImage(models.Model):
    """One image of a character. The id follows from collection and path, so it stays when the version changes."""

    owner_path = "collection__owner"

    id = models.UUIDField(primary_key=True, editable=False)
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="image_rows")
    character = models.ForeignKey(Character, on_delete=models.CASCADE, related_name="image_rows")
    image = models.ForeignKey("datasets.DatasetImage", on_delete=models.CASCADE, related_name="+")
    position = models.PositiveIntegerField(help_text=_("Of the image in the version."))
    path = models.CharField(max_length=1000)
    source = models.CharField(max_length=200, blank=True)
    flags = models.CharField(max_length=120, blank=True, help_text=_("What was found, with blanks between."))
    likely = models.CharField(max_length=255, blank=True, help_text=_("The character whom it rather shows."))

    objects = OwnedManager()

    class Meta:
        db_table = "anime_character_images"
        ordering = ["collection_id", "position"]
        constraints = [models.UniqueConstraint(fields=["collection", "position"], name="anime_image_once")]
        indexes = [
            models.Index(fields=["character", "position"], name="anime_image_character"),
            models.Index(fields=["collection", "source", "position"], name="anime_image_source"),
        ]

    def __str__(self) -> str:
        return self.path

    @property
    def findings(self) -> list[str]:
        """Flags as a list."""
        return self.flags.split()


class Training(OwnedModel):
    """A run that learns from a collection, and the weight that it left."""

    class Kind(models.TextChoices):
        RECOGNISER = "recogniser", _("Recogniser")
        STUDENT = "student", _("Small recogniser")
        WORDS = "words", _("Recogniser of image and words")
        GENERATOR = "generator", _("Generator")

    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    collection = models.ForeignKey(
        Collection, null=True, blank=True, on_delete=models.SET_NULL, related_name="trainings"
    )
    run = models.OneToOneField("runs.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    weight = models.ForeignKey(
        "weights.WeightVersion", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    teacher = models.ForeignKey(
        "weights.WeightVersion", null=True, blank=True, on_delete=models.SET_NULL, related_name="+",
        help_text=_("The recogniser that it stands on."),
    )  # fmt: skip
    preset = models.CharField(max_length=40, blank=True)
    settings = models.JSONField(default=dict, blank=True, help_text=_("Changes to the preset."))
    character = models.CharField(max_length=255, blank=True, help_text=_("Whom a generator draws."))

    class Meta:
        db_table = "anime_trainings"
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["owner", "-created_at"], name="anime_training_owner")]

    def __str__(self) -> str:
        return self.name


class Enrolment(OwnedModel):
    """A character that was added to a recogniser, or taken from it, without training everything again."""

    class Action(models.TextChoices):
        ADD = "add", _("Added")
        REMOVE = "remove", _("Removed")

    action = models.CharField(max_length=6, choices=Action.choices)
    name = models.CharField(max_length=255, help_text=_("Of the character."))
    collection = models.ForeignKey(
        Collection, null=True, blank=True, on_delete=models.SET_NULL, related_name="enrolments"
    )
    recogniser = models.ForeignKey(
        "weights.WeightVersion", null=True, on_delete=models.SET_NULL, related_name="+", help_text=_("Before.")
    )
    weight = models.ForeignKey(
        "weights.WeightVersion", null=True, blank=True, on_delete=models.SET_NULL, related_name="+",
        help_text=_("After."),
    )  # fmt: skip
    run = models.OneToOneField("runs.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(max_length=10, choices=WorkState.choices, default=WorkState.WAITING)
    fault = models.JSONField(default=dict, blank=True, help_text=_("Why there is nothing."))
    images = models.PositiveIntegerField(default=0, help_text=_("Given."))
    report = models.JSONField(default=dict, blank=True, help_text=_("How well it is told apart, and from whom not."))

    class Meta:
        db_table = "anime_enrolments"
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["owner", "-created_at"], name="anime_enrolment_owner")]

    def __str__(self) -> str:
        return self.name


class Recognition(OwnedModel):
    """One image that a recogniser looked at, its answer, and what a person said to it."""

    recogniser = models.ForeignKey("weights.WeightVersion", on_delete=models.PROTECT, related_name="+")
    collection = models.ForeignKey(
        Collection, null=True, blank=True, on_delete=models.SET_NULL, related_name="recognitions",
        help_text=_("Whose images the nearest ones are."),
    )  # fmt: skip
    file_name = models.CharField(max_length=200, help_text=_("As the person's file was called."))
    sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    name = models.CharField(max_length=255, blank=True, help_text=_("The likeliest character."))
    probability = models.FloatField(default=0.0)
    is_unknown = models.BooleanField(default=False)
    answer = models.JSONField(default=dict, help_text=_("As the recogniser gave it."))
    correction = models.CharField(max_length=255, blank=True, help_text=_("Who it is, by a person."))

    class Meta:
        db_table = "anime_recognitions"
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["owner", "-created_at"], name="anime_recognition_owner")]

    def __str__(self) -> str:
        return self.file_name


class Correction(models.Model):
    """One change that waits for the next version of a collection, or went into one; so that it can be taken back."""

    owner_path = "collection__owner"

    class Action(models.TextChoices):
        MOVE = "move", _("Moved")
        LEAVE_OUT = "leave_out", _("Left out")
        ADD = "add", _("Added")

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        APPLYING = "applying", _("In progress")
        APPLIED = "applied", _("Applied")

    id = models.BigAutoField(primary_key=True)
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="corrections")
    group = models.UUIDField(default=uuid.uuid4, help_text=_("Made together, and taken back together."))
    action = models.CharField(max_length=10, choices=Action.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    path = models.CharField(max_length=1000, help_text=_("Of the image in the version, or of an added file."))
    before = models.CharField(max_length=255, blank=True, help_text=_("Name of the character."))
    after = models.CharField(max_length=255, blank=True, help_text=_("Name of the character."))
    recognition = models.ForeignKey(
        Recognition, null=True, blank=True, on_delete=models.SET_NULL, related_name="corrections"
    )
    version = models.ForeignKey(
        "datasets.DatasetVersion", null=True, blank=True, on_delete=models.SET_NULL, related_name="+",
        help_text=_("The version that has it."),
    )  # fmt: skip
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OwnedManager()

    class Meta:
        db_table = "anime_corrections"
        ordering = ["-id"]
        indexes = [models.Index(fields=["collection", "state", "-id"], name="anime_correction_state")]

    def __str__(self) -> str:
        return self.path


class GeneratedImage(OwnedModel):
    """One image that a generator drew."""

    generator = models.ForeignKey("weights.WeightVersion", on_delete=models.PROTECT, related_name="+")
    character = models.CharField(max_length=255)
    seed = models.BigIntegerField()
    seed_to = models.BigIntegerField(null=True, blank=True, help_text=_("The other end of an interpolation."))
    share = models.FloatField(null=True, blank=True, help_text=_("How far from the first seed to the other, 0 to 1."))
    truncation = models.FloatField(default=1.0)
    favourite = models.BooleanField(default=False)
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    group = models.UUIDField(default=uuid.uuid4, help_text=_("Drawn together."))
    position = models.PositiveIntegerField(default=0, help_text=_("Place in its group."))
    confidence = models.FloatField(null=True, blank=True, help_text=_("Of the second classifier."))
    agreed = models.BooleanField(null=True, help_text=_("Whether the second classifier sees the character."))
    nearest = models.JSONField(default=dict, blank=True, help_text=_("The training image most like it."))

    class Meta:
        db_table = "anime_generated_images"
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["owner", "-created_at", "-id"], name="anime_generated_owner"),
            models.Index(fields=["generator", "-created_at"], name="anime_generated_generator"),
        ]

    def __str__(self) -> str:
        return f"{self.character} {self.seed}"
