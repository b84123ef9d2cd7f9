"""Consumer state of a reactor: a receipt for each request it passed on, and one cursor that says how far it came."""

from __future__ import annotations

from chatdoc.document import Document
from chatdoc.model.commands.note_handled import NoteHandled
from chatdoc.model.commands.stable_id import stable_id
from chatdoc.model.ids import CommandId, ThreadId


class Marks:
    """The receipts of one reactor, by its name."""

    def __init__(self, document: Document, name: str) -> None:
        self._document = document
        self._here = f"server:reactor:{name}"
        self._place = stable_id("server:reactor-at", name)

    def log_end(self) -> int:
        """The sequence of the newest event; raises CommandRefused for a document in memory."""
        return self._document.log.last_sequence()

    def key(self, *parts: str) -> CommandId:
        """The name of a request, the same for whoever comes upon it."""
        return stable_id(self._here, *parts)

    def is_done(self, key: CommandId) -> bool:
        """Whether a request was passed on, or its failure noted."""
        return self._document.engine.store.receipts.get(key) is not None

    def done(self, key: CommandId, thread_id: str, sequence: int) -> None:
        """A request has its outcome, and all events up to a sequence were looked at; in the open transaction."""
        self._document.execute(NoteHandled(thread_id=ThreadId(thread_id)), command_id=key)
        self.reach(sequence)

    def reach(self, sequence: int) -> None:
        """All events up to a sequence were looked at; one row that moves."""
        engine = self._document.engine
        engine.transact(lambda one: one.unit.put_cursor(self._place, sequence))

    def reached(self) -> int | None:
        """The sequence to go on behind; None for a reactor that never was."""
        return self._document.engine.store.cursors.get(self._place)
