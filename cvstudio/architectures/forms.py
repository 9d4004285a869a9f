"""Forms of the architecture pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cvstudio.architectures.catalogue import translated_templates
from ml_core.graph import MAX_BYTES
from ml_core.graph.importable import IMPORTABLE

EMPTY, FILE, NETWORK = "empty", "file", "network"


class NewArchitectureForm(forms.Form):
    """Where to start from, and for which images."""

    name = forms.CharField(label=_("Name"), max_length=200, required=False)
    start = forms.ChoiceField(label=_("Start from"))
    channels = forms.IntegerField(label=_("Channels"), min_value=1, max_value=8192, initial=3)
    height = forms.IntegerField(label=_("Height"), min_value=1, max_value=8192, initial=64)
    width = forms.IntegerField(label=_("Width"), min_value=1, max_value=8192, initial=64)
    classes = forms.IntegerField(label=_("Classes"), min_value=1, max_value=100_000, initial=10)
    network = forms.ChoiceField(
        label=_("Network of torchvision"),
        choices=[(name, name) for name in IMPORTABLE],
        initial="resnet18",
        required=False,
    )
    file = forms.FileField(label=_("Graph document (JSON)"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(entry["name"], entry["title"]) for entry in translated_templates()]
        start = self.fields["start"]
        assert isinstance(start, forms.ChoiceField)
        others = [(EMPTY, _("Empty canvas")), (FILE, _("A file")), (NETWORK, _("A network of torchvision"))]
        start.choices = [*choices, *others]

    def clean(self) -> dict[str, Any]:
        """A file is needed when it is the start, and bounded in size before it is read."""
        form = super().clean() or {}
        file = form.get("file")
        if form.get("start") == FILE and not file:
            self.add_error("file", _("Choose the file."))
        if file and file.size > MAX_BYTES:
            self.add_error("file", _("This file is larger than a graph document can be (2 MB)."))
        return form
