"""The form of an upload."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cvstudio.architectures.models import ArchitectureVersion

_MOST_CHOICES = 200


class UploadForm(forms.Form):
    """What belongs to an uploaded file. The file itself goes to the API, which shows progress and faults."""

    architecture_version: forms.ModelChoiceField[ArchitectureVersion] = forms.ModelChoiceField(
        ArchitectureVersion.objects.none(),
        label=_("Architecture"),
        empty_label=_("Choose the network that these weights belong to"),
        help_text=_("Every tensor of the file is compared with it."),
    )
    name = forms.CharField(
        label=_("Name"), max_length=200, required=False, help_text=_("Empty takes the name of the file.")
    )
    classes = forms.CharField(
        label=_("Classes"),
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
        required=False,
        help_text=_("One a line, in the order of the outputs. Empty numbers them."),
    )
    preprocessing = forms.CharField(
        label=_("Preprocessing"),
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false", "class": "mono"}),
        required=False,
        help_text=_("JSON with mean, std and resize where they differ from what training takes."),
    )
    notes = forms.CharField(
        label=_("Notes"), widget=forms.Textarea(attrs={"rows": 2}), required=False, max_length=10_000
    )

    def __init__(self, user: Any, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        versions = (
            ArchitectureVersion.objects.visible_to(user)
            .filter(valid=True)
            .select_related("architecture")
            .defer("document")
            .order_by("-architecture__updated_at", "-number")
        )
        field = self.fields["architecture_version"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = versions[:_MOST_CHOICES]
