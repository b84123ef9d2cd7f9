"""Materialized state: what memory holds of a document, as of one entry of its update log; a cache, never the truth.

It is made from the store and may be dropped at any moment: whoever doubts it drops it and loads another one.
"""

from __future__ import annotations

import msgspec

from chatdoc.crdt import read_update
from chatdoc.crdt.interpret import Entry, Gone, losses_of, read_incoming
from chatdoc.crdt.pending import Pending
from chatdoc.crdt.read_update import Reading
from chatdoc.crdt.restore import Restores
from chatdoc.crdt.write_update import split_at_known
from chatdoc.crdt.ydoc import ReplicaBroken
from chatdoc.engine.log_diff import Spans
from chatdoc.engine.replica_session import ReplicaSession
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
    destroyed: list[Entry]
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
    ) -> None:
        self.view = view
        self.session = ReplicaSession(store, random, known=known, sequence=sequence)
        self.checker = Checker(view)
        self.checker.recheck()
        self.items_in_snapshot = sum(known.values())
        """How many items the row snapshot in the store has, as far as this copy knows."""
        self.pending = Pending()
        self.restores = Restores()
        if before is not None:  # What was counted since the document was opened goes on.
            self.checker.go_on_from(before.checker)
            self.restores = before.restores
        self.torn: list[Entry] = []
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
                hint="The document was rebuilt from its log; ask the peer for its whole state",
            ) from error
        session.learn(reading.spans)
        delta, added = apply.apply(view, incoming.facts, origin=origin, reused=incoming.reused)
        gone, places = incoming.settle(view)
        if gone or places:
            delta = msgspec.structs.replace(delta, losses=losses_of(gone), unreadable=places)
        return Taken(
            update=update,
            spans=reading.spans,
            delta=delta,
            added=added,
            is_new=incoming.is_new,
            destroyed=[*map(_entry, gone), *incoming.rescued],
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


def _entry(one: Gone) -> Entry:
    return one.root, one.key, one.text
