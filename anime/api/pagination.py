"""Pages of rows whose ids grow."""

from __future__ import annotations

from cvstudio.common.api.pagination import KeysetPagination


class NumberedKeyset(KeysetPagination):
    """Newest first, by the id."""

    ordering = ("-id",)  # type: ignore[assignment]  # of another length
