"""A lookup for very many numbers at once: ``rows.filter(position__among=[...])``.

``__in`` binds a parameter for each number, and databases take only so many; this binds one for all of them.
"""

from __future__ import annotations

import json
from typing import Any

from django.db.models import IntegerField, Lookup


@IntegerField.register_lookup
class Among(Lookup):
    """The column's value is one of a list of whole numbers."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """For SQLite, which reads a JSON list as a table."""
        column, parameters = self.process_lhs(compiler, connection)
        template = "%s IN (SELECT value FROM json_each(%%s))"
        return template % column, (*parameters, json.dumps(self._numbers()))

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """For PostgreSQL, which has arrays."""
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s)", (*parameters, self._numbers())

    def _numbers(self) -> list[int]:
        values: Any = self.rhs
        return [int(value) for value in values]
