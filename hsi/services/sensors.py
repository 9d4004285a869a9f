"""Make, change and delete sensors."""

from __future__ import annotations

import math
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from cvstudio.accounts.models import User
from hsi.errors import SceneError
from hsi.models import Sensor

MAX_BANDS = 10_000


def create_sensor(owner: User, **facts: Any) -> Sensor:
    """Store a new one. Without a domain id it gets the next free number of the owner.

    Raises:
        SceneError: A value makes no sense, or the owner has a sensor of this name.
    """
    if facts.get("domain_id") is None:
        last = Sensor.objects.filter(owner=owner).aggregate(last=Max("domain_id"))["last"]
        facts["domain_id"] = 0 if last is None else last + 1
    return _fill(Sensor(owner=owner), facts)


def sensor_named(owner: User, name: str) -> Sensor:
    """The owner's sensor of this name; made when there is none."""
    found = Sensor.objects.filter(owner=owner, name__iexact=name.strip()).first()
    return found or create_sensor(owner, name=name)


def change_sensor(sensor: Sensor, **facts: Any) -> Sensor:
    """Change what is given.

    Raises:
        SceneError: A value makes no sense, or the owner has another sensor of this name.
    """
    return _fill(sensor, facts)


def delete_sensor(sensor: Sensor) -> None:
    """Delete it; its scenes stay and keep their own wavelengths."""
    sensor.delete()


def checked_wavelengths(values: list[float], bands: int | None, where: str = "wavelengths") -> list[float]:
    """Wavelengths in nanometres that make sense; an empty list means that they are unknown.

    Raises:
        SceneError: Their number is not that of the bands, or one is not a positive number.
    """
    if not values:
        return []
    if bands is not None and len(values) != bands:
        raise SceneError(f"There are {len(values)} values for {bands} bands.", where=where,
                         hint="Give one for each band, or none.")  # fmt: skip
    if len(values) > MAX_BANDS or not all(math.isfinite(value) and value > 0 for value in values):
        raise SceneError("These are no lengths in nanometres.", hint="Give positive numbers.", where=where)
    return [float(value) for value in values]


def checked_bad_bands(values: list[int], bands: int | None) -> list[int]:
    """Indices of bands, each once, in order.

    Raises:
        SceneError: A band does not exist, or all are bad.
    """
    chosen = sorted(set(values))
    last = (bands or MAX_BANDS) - 1
    if chosen and not (chosen[0] >= 0 and chosen[-1] <= last):
        raise SceneError("There is no such band.", hint=f"Bands are numbered from 0 to {last}.", where="bad_bands")
    if bands is not None and len(chosen) >= bands:
        raise SceneError("All bands would be bad.", hint="Leave at least one.", where="bad_bands")
    return chosen


def _fill(sensor: Sensor, facts: dict[str, Any]) -> Sensor:
    for name, value in facts.items():
        setattr(sensor, name, value)
    sensor.name = " ".join(sensor.name.split())[:200]
    if not sensor.name:
        raise SceneError("A sensor needs a name.", hint="Give it one.", where="name")
    sensor.wavelengths = checked_wavelengths(sensor.wavelengths, sensor.bands)
    sensor.fwhm = checked_wavelengths(sensor.fwhm, sensor.bands, "fwhm")
    sensor.bad_bands = checked_bad_bands(sensor.bad_bands, sensor.bands)
    try:
        with transaction.atomic():
            sensor.save()
    except IntegrityError as error:
        raise SceneError("You have a sensor of this name already.", code="hsi.sensor_exists", where="name",
                         hint="Choose it, or give another name.") from error  # fmt: skip
    return sensor
