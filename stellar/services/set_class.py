"""Give stars another class than the catalogue's."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from ml_core.stellar.spectra.subclass import CLASSES, UNKNOWN
from stellar.errors import StellarError
from stellar.models import Star, Survey
from stellar.services.count_stars import count_stars
from stellar.services.write_catalogue import write_catalogue


def set_class(survey: Survey, stars: QuerySet[Star], name: str) -> int:
    """Set the class of stars, in the database and in the catalogue that recipes read.

    Args:
        survey: Whose stars they are.
        stars: Which.
        name: ``M0`` to ``M4``, or empty for unknown: such stars are classified, not trained on.

    Returns:
        How many stars changed.

    Raises:
        StellarError: There is no such class.
    """
    if name and name not in CLASSES:
        raise StellarError(f'"{name[:20]}" is no class.', code="stellar.class", where="class",
                           hint=f"One of: {', '.join(CLASSES)}; or nothing for unknown.")  # fmt: skip
    label = CLASSES.index(name) if name else UNKNOWN
    with transaction.atomic():
        ids = stars.order_by().exclude(label=label).values("id")
        changed = Star.objects.filter(id__in=ids).update(label=label, subclass=name, label_edited=True)
        if changed:
            count_stars(survey)
            write_catalogue(survey)
    return changed
