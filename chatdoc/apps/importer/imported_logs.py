"""What other logs have told already, so that a log which repeats one of them is linked to it and tells only its own."""

from __future__ import annotations

from collections.abc import Callable

from chatdoc.model.ids import MessageId
from chatdoc.model.records.attic import AtticRow
from chatdoc.model.view.fact_order import attic_key
from chatdoc.model.view.view import View
from chatdoc.store.session_index.index import LogRow, SessionIndex


class ImportedLogs:
    """Asks the index which session begins alike, and its document what it has; `row` is the log's own, if any."""

    def __init__(
        self, index: SessionIndex, row: LogRow | None, view_of: Callable[[str], View | None]
    ) -> None:
        self._index = index
        self._row = row
        self._view_of = view_of
        self._homes: dict[str, str | None] = {}
        """The documents of sessions that were asked for."""

    def parent_of(self, head: str) -> str:
        """Whom a log continues stays as it was found first, while it is the log that it was."""
        if self._row is not None and self._row.head == head:
            return self._row.continues
        found = self._index.begins_with("claude", head)
        return found.source_session_id if found is not None else ""

    def texts_of(self, session: str, message_id: MessageId) -> list[str]:
        """What a message of the session's document ever said, its first text first."""
        view = self._view(session)
        header = view.headers.get(message_id) if view is not None else None
        if view is None or header is None:
            return []
        return [header.content, *(one.content for one in view.revisions.get(message_id, ()))]

    def keeps(self, session: str, row: AtticRow) -> bool:
        """Whether the session's document has a row in its attic."""
        view = self._view(session)
        return view is not None and attic_key(row) in view.attic_rows

    def _view(self, session: str) -> View | None:
        if session not in self._homes:
            # A row has all that is open in its log, and would be read for each line.
            row = self._index.of_session("claude", session)
            self._homes[session] = row.document if row is not None else None
        document = self._homes[session]
        return self._view_of(document) if document is not None else None
