"""What a reactor has passed on, and how far it has come, is remembered in receipts, each stored with its outcome."""

from __future__ import annotations

from chatdoc.document import Document
from chatdoc.model.commands.note_handled import NoteHandled
from chatdoc.model.commands.stable_id import stable_id
from chatdoc.model.errors import CommandRefused
from chatdoc.model.ids import CommandId, ThreadId
from chatdoc.store.sqlite.event_log import Journal

_LAST = "SELECT max(command_id) FROM orchestration_command_receipts WHERE command_id >= ? AND command_id < ?"
_DIGITS = 20


class Marks:
    """The receipts of one reactor, by its name."""

    def __init__(self, document: Document, name: str) -> None:
        self._document = document
        self._here = f"server:reactor:{name}"
        self._place = stable_id("server:reactor-at", name)

    @property
    def journal(self) -> Journal:
        """The log that is followed; raises CommandRefused for a document in memory."""
        chronicle = self._document.corridor.chronicle
        if chronicle is None:
            raise CommandRefused("a document in memory has no event log to react to", hint="Open a file")
        return chronicle.journal

    def key(self, *parts: str) -> CommandId:
        """The name of a request, the same for whoever comes upon it."""
        return stable_id(self._here, *parts)

    def is_done(self, key: CommandId) -> bool:
        """Whether a request was passed on, or its failure noted."""
        return self._document.corridor.log.receipt(key) is not None

    def done(self, key: CommandId, thread_id: str, sequence: int) -> None:
        """A request has its outcome, and all events up to a sequence were looked at; in the open transaction."""
        self._document.execute(NoteHandled(thread_id=ThreadId(thread_id)), command_id=key)
        self.reach(sequence)

    def reach(self, sequence: int) -> None:
        """All events up to a sequence were looked at."""
        self._document.execute(NoteHandled(), command_id=f"{self._place}:{sequence:0{_DIGITS}d}")

    def reached(self) -> int | None:
        """The sequence to go on behind; None for a reactor that never was."""
        bounds = (f"{self._place}:0", f"{self._place}:~")
        found: str | None = self.journal.execute(_LAST, bounds).fetchone()[0]
        return None if found is None else int(found[-_DIGITS:])
