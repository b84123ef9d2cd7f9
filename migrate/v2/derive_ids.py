"""Ids that are neither ULID nor UUID get a derived one, wherever in the text they are named and in whatever order.

The millisecond of a derived id is the one in the old id (`legacy-thread-1700000000000`), else that of the row that
brings the record, else 0; so it depends on nothing but the record and its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from chatdoc.model.ids import MessageId, ThreadId, is_id
from migrate.cocalc.naming import message_named, thread_named
from migrate.v2.values import moment

Id = TypeVar("Id", bound=str)


class Names:
    """What each id of a text is called from now on; `given` tells the old name of a derived id."""

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Look through the rows for ids that need a new name and for the dates of what they name."""
        self._threads: dict[str, int] = {}
        self._messages: dict[str, int] = {}
        self.given: dict[str, str] = {}
        born: dict[str, int] = {}
        for row in rows:
            event = row.get("event")
            thread_id, message_id = row.get("thread_id"), row.get("message_id")
            if event == "message" and isinstance(message_id, str) and not is_id(message_id):
                _keep_least(self._messages, message_id, moment(row.get("date")))
            if isinstance(thread_id, str) and not is_id(thread_id):
                if event == "thread":
                    _keep_least(born, thread_id, moment(row.get("created_at")))
                elif event == "message":
                    _keep_least(self._threads, thread_id, moment(row.get("date")))
        self._threads |= born

    def thread(self, name: str) -> ThreadId:
        """The thread id for a name in the text."""
        return self._told(name, thread_named(name, self._threads.get(name, 0)))

    def message(self, name: str) -> MessageId:
        """The message id for a name in the text."""
        return self._told(name, message_named(name, self._messages.get(name, 0)))

    def _told(self, name: str, found: Id) -> Id:
        if found != name:
            self.given[found] = name
        return found


def _keep_least(table: dict[str, int], name: str, ms: int | None) -> None:
    if ms is not None:
        table[name] = min(ms, table.get(name, ms))
