"""Many new rows at once, several times as fast as by objects of the ORM: one prepared statement, plain values."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any, TypeVar

from django.db import connection, models, transaction

from stellar.models import Star, Survey

M = TypeVar("M", bound=models.Model)
BATCH = 10_000


def store_stars(survey: Survey, rows: Iterable[Star]) -> None:
    """In batches, each with a word about how far it is: whoever looks at the survey sees it grow."""
    rows, stored = iter(rows), 0
    while batch := list(islice(rows, BATCH)):
        stored += insert_many(Star, batch)
        Survey.objects.filter(id=survey.id).update(stars=stored)


def insert_many(model: type[M], rows: list[M]) -> int:
    """Insert rows that carry all their values; those that are there already, of an earlier call, stay as they are.

    Returns:
        How many rows were given.
    """
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]
    # What the database stores as Python holds it needs no preparation, which would take most of the time.
    is_plain = [isinstance(field, models.FloatField | models.CharField | models.IntegerField) for field in fields]
    names = [field.attname for field in fields]
    quote = connection.ops.quote_name
    statement = (
        f"INSERT INTO {quote(model._meta.db_table)} ({', '.join(quote(str(field.column)) for field in fields)}) "  # noqa: S608 - names of our own tables
        f"VALUES ({', '.join(['%s'] * len(fields))}) ON CONFLICT DO NOTHING"
    )

    def values(row: M) -> list[Any]:
        return [
            getattr(row, name) if plain else field.get_db_prep_save(getattr(row, name), connection)
            for name, field, plain in zip(names, fields, is_plain, strict=True)
        ]

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(statement, [values(row) for row in rows])
    return len(rows)
