"""Stars with their answers as a table for other programs."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from ml_core.stellar.export import FORMATS, write_table
from stellar.errors import NotFoundError, StellarError
from stellar.export_columns import COLUMNS, StarColumn
from stellar.models import Star, StarClassification, Survey


@dataclass(frozen=True)
class Export:
    """A file ready to be sent; ``discard`` removes it afterwards."""

    path: Path
    name: str
    media_type: str
    discard: Callable[[], None]


def export_stars(
    survey: Survey, stars: QuerySet[Star], form: str, *, columns: Sequence[str] = (), plain: bool = False
) -> Export:
    """Write the file; answers are those of the prediction that the table shows.

    Args:
        survey: Whose stars they are.
        stars: Which, in their order.
        form: One of `ml_core.stellar.export.FORMATS`.
        columns: Names of `COLUMNS`; all when empty.
        plain: CSV without the lines about units.

    Raises:
        NotFoundError: There is no such format.
        StellarError: There is no such column.
    """
    if form not in FORMATS:
        raise NotFoundError(f'There is no format "{form[:20]}".', hint=f"One of: {', '.join(FORMATS)}.", where="format")
    chosen = choose_columns(columns)
    suffix, media_type = FORMATS[form]
    path = _temporary(suffix)
    try:
        write_table(path, form, chosen, _cells(survey, stars, chosen), about=_about(survey), plain=plain)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Export(path, f"{file_stem(survey.name)}{suffix}", media_type, lambda: path.unlink(missing_ok=True))


def choose_columns(names: Sequence[str]) -> list[StarColumn]:
    """Columns by their names, in that order; all without any.

    Raises:
        StellarError: There is no such column.
    """
    known = {column.name: column for column in COLUMNS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise StellarError(f'There is no column "{unknown[0][:40]}".', code="stellar.column", where="columns",
                           hint=f"Of: {', '.join(known)}.")  # fmt: skip
    return [known[name] for name in dict.fromkeys(names)] or list(COLUMNS)


def file_stem(text: str) -> str:
    """A file name made of a text, safe on every system."""
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-").lower()[:60] or "stars"


def _cells(survey: Survey, stars: QuerySet[Star], columns: Sequence[StarColumn]) -> Iterator[list[Any]]:
    fields = list(dict.fromkeys(field for column in columns for field in column.fields))
    rows: Any = stars
    if "chances" in fields:
        said = StarClassification.objects.filter(prediction=survey.shown_id, star=OuterRef("pk"))
        rows = rows.annotate(chances=Subquery(said.values("probabilities")[:1]))
    places = [tuple(fields.index(field) for field in column.fields) for column in columns]
    for row in rows.values_list(*fields).iterator(chunk_size=2_000):
        yield [
            row[at[0]] if column.value is None else column.value(*(row[place] for place in at))
            for column, at in zip(columns, places, strict=True)
        ]


def _about(survey: Survey) -> dict[str, str]:
    facts = {"survey": survey.name, "exported": f"{timezone.now():%Y-%m-%dT%H:%M:%SZ}", "software": "CV Studio"}
    if survey.shown_id is not None and survey.shown is not None:
        facts["classifier"] = str(survey.shown.classifier)
    return facts


def _temporary(suffix: str) -> Path:
    Path(settings.TEMP_DIR).mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=settings.TEMP_DIR, prefix="stars-", suffix=suffix, delete=False) as stream:
        return Path(stream.name)
