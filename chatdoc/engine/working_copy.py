"""Materialized state: what memory holds of a document, as of one entry of its update log; a cache, never the truth.

It is made from the store and may be dropped at any moment: whoever doubts it drops it and loads another one.
"""

from __future__ import annotations

import msgspec

from chatdoc.crdt import read_update
from chatdoc.crdt.interpret import losses_of, read_incoming
from chatdoc.crdt.pending import Pending
from chatdoc.crdt.read_update import Reading
from chatdoc.crdt.restore import Destroyed, Restores, hide, reveal, still_gone
from chatdoc.crdt.write_update import split_at_known
from chatdoc.crdt.ydoc import ReplicaBroken
from chatdoc.engine.log_diff import Spans
from chatdoc.engine.replica_session import ReplicaSession
from chatdoc.model.clock import Clock
from chatdoc.model.delta import Delta
from chatdoc.model.errors import UpdateRefused
from chatdoc.model.facts import Fact
from chatdoc.model.ids import RandomSource
from chatdoc.model.view import apply
from chatdoc.model.view.view import View
from chatdoc.store.ports import DocumentStore
from chatdoc.store.ports import Entry as LogEntry
from invariants.checker import Checker


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What an update from outside did to the view, before the rules have looked at it."""

    update: bytes
    spans: Spans
    delta: Delta
    added: list[Fact]
    is_new: bool
    """False when it told nothing that was not known."""
    destroyed: list[Destroyed]
    """Lasting entries that it removed or overwrote, to be put back."""


class WorkingCopy:
    """View, replica and checker of one opening, and what waits in memory."""

    def __init__(
        self,
        view: View,
        store: DocumentStore,
        *,
        random: RandomSource,
        known: dict[int, int],
        sequence: int,
        before: WorkingCopy | None = None,
        client_id: int | None = None,
    ) -> None:
        """`client_id` is the one to write under first; without it one is drawn."""
        self.view = view
        self.session = ReplicaSession(store, random, known=known, sequence=sequence, client_id=client_id)
        self.checker = Checker(view)
        self.checker.recheck()
        self.items_in_snapshot = sum(known.values())
        """How many items the row snapshot in the store has, as far as this copy knows."""
        self.pending = Pending()
        self.restores = Restores()
        if before is not None:  # What was counted since the document was opened goes on.
            self.checker.go_on_from(before.checker)
            self.restores = before.restores
        self.torn: list[Destroyed] = []
        """What was destroyed according to the log, and not seen to be put back."""

    @property
    def known(self) -> dict[int, int]:
        """The clock after the last item of each client."""
        return self.session.known

    def take(self, update: bytes, reading: Reading, origin: str) -> Taken:
        """Take an update into view and replica; raises UpdateRefused, with nothing changed, when pycrdt fails on it."""
        session, view = self.session, self.view
        update, reading = split_at_known(update, reading, self.known)
        try:
            incoming = read_incoming(view, self.known, update, reading, session.replica, session.warm)
        except ReplicaBroken as error:
            session.renew()
            raise UpdateRefused(
                f"an update of {len(update)} bytes from {origin!r} made pycrdt fail; it was not applied",
                code="failed_here",
                permanent=False,
                hint="The document was rebuilt from its log; ask the peer for its whole state",
            ) from error
        session.learn(reading.spans)
        delta, added = apply.apply(view, incoming.facts, origin=origin, reused=incoming.reused)
        gone, places = incoming.settle(view)
        back, records = reveal(view, incoming.shown)
        if back:
            self.restores.settle(back)
        if gone or places or records:
            delta = msgspec.structs.replace(delta, losses=losses_of(gone), unreadable=places, hidden=records)
        return Taken(
            update=update,
            spans=reading.spans,
            delta=delta,
            added=added,
            is_new=incoming.is_new,
            destroyed=[
                *(Destroyed(one.root, one.key, one.text, origin) for one in gone),
                *(Destroyed(*one, origin=origin) for one in incoming.rescued),
            ],
        )

    def follow_log(self, store: DocumentStore) -> list[LogEntry]:
        """Take every entry of the update log that this has not; returns them, with what they brought."""
        heard = []
        for entry in store.updates.entries(after=self.session.sequence):
            taken = self.take(entry.update, read_update.read(entry.update, bounded=False), entry.origin)
            self.checker.follow(taken.delta)
            self.session.remember(entry.sequence, taken.spans)
            self.torn += taken.destroyed
            heard.append(entry._replace(update=taken.update))
        return heard

    def is_restoring_due(self, clock: Clock) -> bool:
        """Whether something that was destroyed is to be put back now."""
        return bool(self.torn or (self.view.hidden and self.restores.is_any_due(clock())))

    def see_hidden(self) -> frozenset[str]:
        """Take what the log says was destroyed and never put back for hidden; returns the records it belongs to."""
        if not self.torn:
            return frozenset()
        gone = still_gone(self.view, self.session.warm(), self.torn)
        self.torn.clear()
        return hide(self.view, gone)

    def leave_to_others(self, now_ms: int) -> None:
        """Let what other processes found destroyed, and let wait, wait here too: they may be gone by then."""
        if records := self.see_hidden():
            hidden = [place for record in records for place in self.view.hidden[record]]
            self.restores.put_off(hidden, now_ms)
            self.checker.follow(Delta(origin="store", hidden=records))
