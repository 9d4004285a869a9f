"""Surveys and their stars, and what runs made of them: predictions, trained classifiers, downloads."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from cvstudio.common.models import OwnedManager, OwnedModel

NONE_OF_THEM = -1
"""The label of a star whose class is unknown, and the answer "none of M0 to M4"."""


class WorkState(models.TextChoices):
    """Where a thing stands that a run makes."""

    WAITING = "waiting", _("In progress")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")


class Survey(OwnedModel):
    """A catalogue with its spectra and pictures. The files lie in a survey folder; rows of its stars stand here."""

    class State(models.TextChoices):
        IMPORTING = "importing", _("Importing")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")

    class Source(models.TextChoices):
        UPLOAD = "upload", _("Uploaded")
        FOLDER = "folder", _("Registered folder")
        SAMPLE = "sample", _("Sample")

    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    source = models.CharField(max_length=10, choices=Source.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.IMPORTING)
    fault = models.JSONField(default=dict, blank=True, help_text=_("Why the import failed."))
    origin = models.CharField(max_length=1000, blank=True, help_text=_("Folder of the files that it is made from."))
    choice = models.JSONField(default=dict, blank=True, help_text=_("What the import was asked to do."))

    stars = models.PositiveIntegerField(default=0)
    complete = models.PositiveIntegerField(default=0, help_text=_("With a class, a spectrum and an image."))
    with_spectrum = models.PositiveIntegerField(default=0)
    with_image = models.PositiveIntegerField(default=0)
    classes = models.JSONField(default=dict, blank=True, help_text=_("Number of complete stars by class."))
    sn_groups = models.JSONField(default=dict, blank=True, help_text=_("Number of stars by group of S/N."))
    findings = models.JSONField(default=list, blank=True, help_text=_("Repairs and warnings of the import."))
    size_bytes = models.BigIntegerField(default=0)
    import_run = models.ForeignKey("runs.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    shown = models.ForeignKey(
        "Prediction", null=True, blank=True, on_delete=models.SET_NULL, related_name="+",
        help_text=_("The prediction whose classes the table of stars shows."),
    )  # fmt: skip

    class Meta:
        db_table = "stellar_surveys"
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["owner", "-created_at"], name="stellar_survey_owner_created")]

    def __str__(self) -> str:
        return self.name


class Star(models.Model):
    """One row of a survey's catalogue, what its files hold, and what the shown prediction says.

    All in one table: a page of 100,000 stars is read, filtered and sorted without a join. The id follows from survey
    and name, so the end of an import may be reported twice.
    """

    owner_path = "survey__owner"

    class Screening(models.TextChoices):
        OPEN = "", _("Not looked at")
        ACCEPTED = "accepted", _("Accepted")
        REJECTED = "rejected", _("Rejected")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="star_rows")
    position = models.PositiveIntegerField(help_text=_("Row of the catalogue, from 0."))
    name = models.CharField(max_length=100, help_text=_("A text: specObjIDs exceed 2^53."))
    subclass = models.CharField(max_length=60, blank=True, help_text=_("As the catalogue writes it."))
    label = models.SmallIntegerField(default=NONE_OF_THEM, help_text=_("0 to 4 for M0 to M4, -1 unknown."))
    label_edited = models.BooleanField(default=False, help_text=_("A person set the class."))
    ra = models.FloatField(null=True, blank=True, help_text=_("Degrees, J2000."))
    dec = models.FloatField(null=True, blank=True, help_text=_("Degrees, J2000."))
    unit_x = models.FloatField(null=True, blank=True, help_text=_("Position on the unit sphere, for cone searches."))
    unit_y = models.FloatField(null=True, blank=True)
    unit_z = models.FloatField(null=True, blank=True)
    plate = models.PositiveIntegerField(default=0)
    mjd = models.PositiveIntegerField(default=0)
    fiber = models.PositiveIntegerField(default=0)
    u_mag = models.FloatField(null=True, blank=True)
    g_mag = models.FloatField(null=True, blank=True)
    r_mag = models.FloatField(null=True, blank=True)
    i_mag = models.FloatField(null=True, blank=True)
    z_mag = models.FloatField(null=True, blank=True)

    spectrum_file = models.CharField(max_length=255, blank=True, help_text=_("Below the survey's folder."))
    image_file = models.CharField(max_length=255, blank=True, help_text=_("Below the survey's folder."))
    sn = models.FloatField(default=0.0, help_text=_("Median S/N of the spectrum; 0 without one."))
    sn_group = models.CharField(max_length=4, blank=True)
    coverage = models.FloatField(default=0.0, help_text=_("Measured part of 4000 to 9000 Å."))
    redshift = models.FloatField(null=True, blank=True)
    spectrum_subclass = models.CharField(max_length=60, blank=True, help_text=_("As the spectrum's file writes it."))
    image_flags = models.CharField(max_length=80, blank=True, help_text=_("Flags of the automatic screening."))
    fault = models.CharField(max_length=400, blank=True, help_text=_("Why a file of it cannot be used."))
    screening = models.CharField(max_length=8, choices=Screening.choices, blank=True, default=Screening.OPEN)

    predicted = models.SmallIntegerField(null=True, blank=True, help_text=_("0 to 4, or -1: none of M0 to M4."))
    confidence = models.FloatField(default=-1.0, help_text=_("-1 where it is not classified."))
    type = models.FloatField(null=True, blank=True, help_text=_("Continuous sub-type: 2.4 lies between M2 and M3."))
    type_sd = models.FloatField(null=True, blank=True)
    novelty = models.FloatField(null=True, blank=True, help_text=_("0 to 1: unlike every M0 to M4 star learnt from."))
    modalities_differ = models.BooleanField(null=True, help_text=_("Spectrum and image say different classes."))

    objects = OwnedManager()

    class Meta:
        db_table = "stellar_stars"
        ordering = ["survey_id", "position"]
        constraints = [models.UniqueConstraint(fields=["survey", "name"], name="stellar_star_once")]
        indexes = [
            models.Index(fields=["survey", "position", "id"], name="stellar_star_position"),
            models.Index(fields=["survey", "sn", "id"], name="stellar_star_sn"),
            models.Index(fields=["survey", "confidence", "id"], name="stellar_star_confidence"),
            models.Index(fields=["survey", "label", "position", "id"], name="stellar_star_label"),
            models.Index(fields=["survey", "predicted", "position", "id"], name="stellar_star_predicted"),
            models.Index(fields=["survey", "unit_z"], name="stellar_star_unit_z"),
            models.Index(fields=["name"], name="stellar_star_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def label_name(self) -> str:
        """``M2``, or empty."""
        return class_name(self.label)

    @property
    def predicted_name(self) -> str:
        """``M2``, ``none`` for a star that is no M0 to M4, or empty where it is not classified."""
        return "" if self.predicted is None else class_name(self.predicted) or "none"

    @property
    def flags(self) -> list[str]:
        """Flags of the automatic screening."""
        return self.image_flags.split()

    @property
    def disagrees(self) -> bool:
        """Whether the prediction is another class than the catalogue's."""
        return self.predicted is not None and self.label >= 0 and self.predicted != self.label

    @property
    def reason(self) -> str:
        """Why it does not train on both modalities; empty for a complete star."""
        told = []
        if self.label < 0:
            told.append(
                f'The subclass "{self.subclass}" is none of M0..M4.' if self.subclass else "The star has no subclass."
            )
        if self.fault:
            told.append(self.fault)
        elif not (self.spectrum_file and self.image_file):
            lacks = [what for what, file in (("spectrum", self.spectrum_file), ("image", self.image_file)) if not file]
            told.append(f"The {' and the '.join(lacks)} {'are' if len(lacks) == 2 else 'is'} missing.")
        if self.screening == self.Screening.REJECTED:
            told.append("The image was rejected in the screening.")
        return " ".join(told)

    @property
    def is_complete(self) -> bool:
        """Whether it trains on both modalities."""
        has_both = bool(self.spectrum_file and self.image_file)
        return has_both and self.label >= 0 and self.screening != self.Screening.REJECTED


class Prediction(OwnedModel):
    """What one classifier said of the stars of a survey: one run."""

    name = models.CharField(max_length=200)
    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="predictions")
    classifier = models.ForeignKey("weights.WeightVersion", on_delete=models.PROTECT, related_name="+")
    run = models.OneToOneField("runs.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(max_length=10, choices=WorkState.choices, default=WorkState.WAITING)
    fault = models.JSONField(default=dict, blank=True, help_text=_("Why there is nothing."))
    modality = models.CharField(max_length=10, default="any")
    is_partial = models.BooleanField(default=False, help_text=_("Some stars of the survey were chosen."))
    stars = models.PositiveIntegerField(default=0, help_text=_("Classified."))
    counts = models.JSONField(default=dict, blank=True, help_text=_("Stars by class, and none."))
    disagreements = models.PositiveIntegerField(default=0, help_text=_("Spectrum and image differ."))
    summary = models.JSONField(default=dict, blank=True, help_text=_("As the run wrote it."))

    class Meta:
        db_table = "stellar_predictions"
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["owner", "-created_at"], name="stellar_prediction_owner"),
            models.Index(fields=["survey", "-created_at"], name="stellar_prediction_survey"),
        ]

    def __str__(self) -> str:
        return self.name


class StarClassification(models.Model):
    """What one prediction says of one star."""

    owner_path = "star__survey__owner"

    id = models.BigAutoField(primary_key=True)
    star = models.ForeignKey(Star, on_delete=models.CASCADE, related_name="classifications")
    prediction = models.ForeignKey(Prediction, on_delete=models.CASCADE, related_name="classifications")
    predicted = models.SmallIntegerField(help_text=_("0 to 4, or -1: none of M0 to M4."))
    likeliest = models.SmallIntegerField(help_text=_("The class with the highest probability, member or not."))
    probabilities = models.JSONField(default=list)
    confidence = models.FloatField()
    type = models.FloatField(null=True, blank=True)
    type_sd = models.FloatField(null=True, blank=True)
    novelty = models.FloatField(null=True, blank=True)
    modality = models.CharField(max_length=10)
    by_modality = models.JSONField(default=dict, blank=True)
    modalities_differ = models.BooleanField(null=True)

    objects = OwnedManager()

    class Meta:
        db_table = "stellar_classifications"
        ordering = ["star_id", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["prediction", "star"], name="stellar_classification_once"),
        ]

    def __str__(self) -> str:
        return f"{self.star_id} {class_name(self.predicted) or 'none'}"

    @property
    def predicted_name(self) -> str:
        """``M2``, or ``none``."""
        return class_name(self.predicted) or "none"


class Training(OwnedModel):
    """A classifier on its way: the run that trains it on a survey, and the weight that it left."""

    name = models.CharField(max_length=200)
    survey = models.ForeignKey(Survey, null=True, blank=True, on_delete=models.SET_NULL, related_name="trainings")
    run = models.OneToOneField("runs.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    classifier = models.ForeignKey(
        "weights.WeightVersion", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    preset = models.CharField(max_length=40)
    modality = models.CharField(max_length=10)
    settings = models.JSONField(default=dict, blank=True, help_text=_("Changes to the preset."))

    class Meta:
        db_table = "stellar_trainings"
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["owner", "-created_at"], name="stellar_training_owner")]

    def __str__(self) -> str:
        return self.name


class Download(OwnedModel):
    """Pictures or spectra of a survey's stars, fetched from an archive by one run."""

    class Kind(models.TextChoices):
        IMAGES = "images", _("Images")
        SPECTRA = "spectra", _("Spectra")

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="downloads")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    run = models.OneToOneField("runs.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(max_length=10, choices=WorkState.choices, default=WorkState.WAITING)
    fault = models.JSONField(default=dict, blank=True, help_text=_("Why it ended early."))
    settings = models.JSONField(default=dict, blank=True)
    counts = models.JSONField(default=dict, blank=True, help_text=_("Stars by what came of them."))

    class Meta:
        db_table = "stellar_downloads"
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["survey", "-created_at"], name="stellar_download_survey")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.survey.name}"


class ScreeningDecision(models.Model):
    """One decision about a picture, so that it can be taken back."""

    owner_path = "star__survey__owner"

    id = models.BigAutoField(primary_key=True)
    star = models.ForeignKey(Star, on_delete=models.CASCADE, related_name="decisions")
    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="decisions")
    group = models.UUIDField(default=uuid.uuid4, help_text=_("Taken together, and taken back together."))
    before = models.CharField(max_length=8, blank=True)
    after = models.CharField(max_length=8, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OwnedManager()

    class Meta:
        db_table = "stellar_decisions"
        ordering = ["-id"]
        indexes = [models.Index(fields=["survey", "-id"], name="stellar_decision_survey")]

    def __str__(self) -> str:
        return f"{self.star_id} {self.after or 'open'}"


def class_name(label: int) -> str:
    """``M0`` to ``M4``; empty for anything else."""
    return f"M{label}" if 0 <= label <= 4 else ""
