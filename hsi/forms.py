"""Forms of the pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from hsi.numbers import parse_numbers, parse_ranges
from ml_core.errors import CodedError


class NumbersField(forms.CharField):
    """Numbers separated by spaces or commas."""

    def clean(self, value: Any) -> Any:
        """The text as a list."""
        return _read(parse_numbers, super().clean(value))


class BandsField(forms.CharField):
    """Band numbers and ranges: 0-3, 104-110."""

    def clean(self, value: Any) -> Any:
        """The text as a list."""
        return _read(parse_ranges, super().clean(value))


class SensorForm(forms.Form):
    """A sensor, new or changed."""

    id = forms.UUIDField(required=False, widget=forms.HiddenInput)
    delete = forms.BooleanField(required=False, widget=forms.HiddenInput)
    name = forms.CharField(max_length=200, label=_("Name"))
    wavelengths = NumbersField(
        required=False, label=_("Wavelengths in nanometres"), max_length=40_000,
        widget=forms.Textarea(attrs={"rows": 3}), help_text=_("One for each band, rising. Empty when unknown."),
    )  # fmt: skip
    bad_bands = BandsField(
        required=False, label=_("Bad bands"), max_length=4_000,
        help_text=_("Band numbers from 0 and ranges, such as 0-3, 104-110."),
    )  # fmt: skip
    pixel_size_m = forms.FloatField(required=False, min_value=0, label=_("Pixel size on the ground, in metres"))
    notes = forms.CharField(
        required=False, max_length=10_000, label=_("Notes"), widget=forms.Textarea(attrs={"rows": 2})
    )


def _read(parse: Any, text: str) -> Any:
    try:
        return parse(text)
    except CodedError as error:
        raise forms.ValidationError(f"{error.message} {error.hint}".strip()) from error
