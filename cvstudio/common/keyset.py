"""Pages of a list that is sorted by any allowed column: the cost of a page does not depend on how far it is."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.db.models.expressions import Expression


@dataclass(frozen=True)
class Sort:
    """One way to sort a list.

    Attributes:
        value: A field, or an expression; it must never be null.
        kind: How a value is read back from a cursor: text, number or time.
    """

    value: str | Expression
    kind: str = "text"


@dataclass(frozen=True)
class KeysetPage:
    """One page and the cursors of its neighbours; an empty cursor means there is none."""

    rows: list[Any]
    next_cursor: str
    previous_cursor: str


def keyset_page(
    rows: QuerySet[Any], sorts: Mapping[str, Sort], wish: str, cursor: str, size: int, default: str = "-created"
) -> KeysetPage:
    """Return the page of `rows` that a request asks for.

    Args:
        rows: What is listed; its own order does not matter.
        sorts: The allowed sorts by name.
        wish: Name of a sort, with `-` in front for downwards; an unknown one becomes the default.
        cursor: From a page before; one that cannot be read starts from the beginning.
        size: Rows of a page.
        default: The sort when none is asked for.
    """
    chosen = wish if wish.removeprefix("-") in sorts else default
    down = chosen.startswith("-")
    sort = sorts[chosen.removeprefix("-")]
    back, place = _read(cursor, sort)
    expression = F(sort.value) if isinstance(sort.value, str) else sort.value
    rows = rows.annotate(sort_key=expression)
    falls = down != back
    if place:
        value, last_id = place
        beyond = "lt" if falls else "gt"
        rows = rows.filter(Q(**{f"sort_key__{beyond}": value}) | Q(sort_key=value, **{f"id__{beyond}": last_id}))
    sign = "-" if falls else ""
    found = list(rows.order_by(f"{sign}sort_key", f"{sign}id")[: size + 1])
    more = len(found) > size
    found = found[:size]
    if back:
        found.reverse()
    before, after = (more, bool(place)) if back else (bool(place), more)
    return KeysetPage(
        rows=found,
        next_cursor=_write(found[-1], back=False) if found and after else "",
        previous_cursor=_write(found[0], back=True) if found and before else "",
    )


def _write(row: Any, back: bool) -> str:
    value = row.sort_key.isoformat() if isinstance(row.sort_key, datetime) else row.sort_key
    text = json.dumps([back, value, str(row.id)], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(cursor: str, sort: Sort) -> tuple[bool, tuple[Any, UUID] | None]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        back, value, row_id = json.loads(text)
        return bool(back), (_converted(value, sort.kind), UUID(row_id))
    except (binascii.Error, ValueError, TypeError, UnicodeError):
        return False, None


def _converted(value: Any, kind: str) -> Any:
    if kind == "time":
        return datetime.fromisoformat(value)
    return float(value) if kind == "number" else str(value)
