"""Architectures: versioned model graphs and the code generated from them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from cvstudio.common.models import OwnedManager, OwnedModel, PublicIdModel


class Architecture(OwnedModel):
    """A model graph under a name. Its document lives in its versions."""

    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    view = models.JSONField(default=dict, blank=True, help_text=_("Node positions and zoom; never part of the model."))
    current_version = models.ForeignKey(
        "ArchitectureVersion", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        db_table = "model_architectures"
        ordering = ["-updated_at", "-id"]
        indexes = [models.Index(fields=["owner", "-updated_at"], name="architecture_owner_updated")]

    def __str__(self) -> str:
        return self.name


class ArchitectureVersion(PublicIdModel):
    """One immutable state of the graph. Saving an equal document makes no new version."""

    owner_path = "architecture__owner"

    architecture = models.ForeignKey(Architecture, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    document = models.JSONField()
    fingerprint = models.CharField(max_length=80)
    valid = models.BooleanField(default=False)
    facts = models.JSONField(default=dict, help_text=_("Parameters, MACs, input and output shapes."))

    objects = OwnedManager()

    class Meta:
        db_table = "model_architecture_versions"
        ordering = ["architecture_id", "-number"]
        constraints = [models.UniqueConstraint(fields=["architecture", "number"], name="architecture_version_number")]

    def __str__(self) -> str:
        return f"{self.architecture} v{self.number}"


class GeneratedCode(PublicIdModel):
    """The package written from one version with one set of settings."""

    owner_path = "version__architecture__owner"

    version = models.ForeignKey(ArchitectureVersion, on_delete=models.CASCADE, related_name="generated")
    settings = models.JSONField(default=dict)
    files = models.JSONField(help_text=_("File name to text."))
    sha256 = models.CharField(max_length=64)

    objects = OwnedManager()

    class Meta:
        db_table = "generated_codes"
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["version", "sha256"], name="generated_code_once")]

    def __str__(self) -> str:
        return f"{self.version}: {self.sha256[:12]}"
