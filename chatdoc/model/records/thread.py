"""A thread is an identity: it has exactly one root message and never changes but for being deleted or restored."""

from __future__ import annotations

from typing import Any

import msgspec

from chatdoc.model.html_table import html_table
from chatdoc.model.ids import MessageId, ThreadId


class Thread(msgspec.Struct, frozen=True, kw_only=True):
    """One thread; dates are ISO 8601 in UTC with milliseconds, `created_by` is empty when nobody knows."""

    thread_id: ThreadId
    created_at: str
    created_by: str
    root_message_id: MessageId
    schema_version: int = 2
    deleted_at: str | None = None
    deleted_by: str | None = None
    extra: dict[str, Any] = {}
    """Fields of other software, kept as they came."""

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        rows = [
            (name, value)
            for name in self.__struct_fields__
            if name != "extra" and (value := getattr(self, name)) is not None
        ]
        return html_table("Thread", ("field", "value"), rows)
