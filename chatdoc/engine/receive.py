"""What comes from outside goes one way: guard, view, rules, log, readers; every write is one transaction of the log.

A command's changes go the same way from the view on; `corridor.py` has its first half.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from chatdoc.crdt import read_update
from chatdoc.crdt.interpret import Entry, losses_of, read_incoming
from chatdoc.crdt.pending import Holdback, missing
from chatdoc.crdt.restore import Restores, heal, still_gone
from chatdoc.crdt.write_update import split_at_known
from chatdoc.crdt.ydoc import Replica, ReplicaBroken
from chatdoc.engine.event_recorder import Chronicle
from chatdoc.engine.log_diff import Spans
from chatdoc.engine.receive_result import Received, Step, received
from chatdoc.engine.replica_session import Session
from chatdoc.engine.transaction import Transactions
from chatdoc.model.clock import Clock
from chatdoc.model.commands.decide import Command
from chatdoc.model.delta import Delta
from chatdoc.model.errors import DocumentFailed, UpdateRefused
from chatdoc.model.events.event import Draft
from chatdoc.model.ids import Mint, RandomSource
from chatdoc.model.view import apply
from chatdoc.model.view.view import View
from chatdoc.store.ports import Receipt, UpdateLog
from invariants.checker import Checker

_log = logging.getLogger("chatdoc")

MakeReceipt = Callable[[int], Receipt] | None
"""Makes the receipt of a command from the sequence of its last event."""


class Intake(Transactions):
    """The way of updates into a document's view, replica and log."""

    def __init__(
        self,
        view: View,
        log: UpdateLog,
        *,
        known: dict[int, int],
        sequence: int,
        clock: Clock,
        random: RandomSource,
        chronicle: Chronicle | None = None,
    ) -> None:
        super().__init__(log, chronicle)
        self.view = view
        self.session = Session(log, random, known=known, sequence=sequence)
        self.checker = Checker(view)
        self.checker.recheck()
        self._clock = clock
        self.ids = Mint(clock, random)
        self._holdback = Holdback()
        self._restores = Restores()
        self._torn: list[Entry] = []
        """What was destroyed according to the log, and not seen to be put back."""

    @property
    def known(self) -> dict[int, int]:
        """The clock after the last item of each client."""
        return self.session.known

    @property
    def sequence(self) -> int:
        """The last entry of the log that the view has."""
        return self.session.sequence

    def _take_others(self) -> None:
        try:
            if self.log.changed():
                if self.chronicle is not None:  # They may have appended, or compacted what they had.
                    self.chronicle.journal.forget()
                self.replay()
                self._torn.clear()  # Whoever took the destroying update from a peer puts back what it destroyed.
        except DocumentFailed as error:  # What it says can still be read.
            self._closed = error
            return
        if self._torn and self._inside:
            self._finish_mending()

    def catch_up(self) -> None:
        """Take what other processes have written to the same log; nothing once the document is closed or failed."""
        if self._closed is not None or self._inside:
            return
        if self._torn:
            self.write(lambda: None)
        else:
            self._take_others()

    def make_ready(self) -> None:
        """Catch up, and raise what ended this document's use."""
        self.catch_up()
        self.require_open()

    # updates

    def receive(self, update: bytes, *, origin: str) -> Received:
        """Take an update from a peer, or hold it back until what it builds on is here; raises UpdateRefused."""
        self.require_open()
        reading = read_update.read(update)
        return self.write(lambda: self._receive(update, reading, origin))

    def replay(self) -> None:
        """Take every entry of the log that the view has not."""
        for entry in self.log.entries(after=self.sequence):
            self._integrate(entry.update, read_update.read(entry.update), entry.origin, logged=entry.sequence)

    def warm(self) -> Replica:
        """The replica with the whole document in it."""
        return self.session.warm()

    def diff(self, state_vector: bytes | None) -> bytes:
        """An update with what a peer of this state vector lacks; from the log when that reaches back far enough."""
        self.make_ready()
        return self.session.diff(state_vector)

    def _receive(self, update: bytes, reading: read_update.Reading, origin: str) -> Received:
        self.session.refuse_forgery(reading.spans, origin)
        steps = []
        if missing(reading, self.known):
            self._holdback.hold(update, reading)
        else:
            steps.append(self._integrate(update, reading, origin))
        steps += self._release(origin)
        return received(origin, steps, held=len(self._holdback), known=self.known)

    def _release(self, origin: str) -> list[Step]:
        """Take the updates that waited and need not any more."""
        steps = []
        while released := self._holdback.release(self.known):
            for update, reading in released:
                # One that failed before it leaves it without its ground.
                if not missing(reading, self.known):
                    try:
                        steps.append(self._integrate(update, reading, origin))
                    except UpdateRefused:
                        _log.exception("an update that had been held back was refused")
        return steps

    def _integrate(
        self, update: bytes, reading: read_update.Reading, origin: str, *, logged: int | None = None
    ) -> Step:
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
        self._ahead = logged is None
        session.learn(reading.spans)
        delta, added = apply.apply(view, incoming.facts, origin=origin, reused=incoming.reused)
        gone, places = incoming.settle(view)
        if gone or places:
            delta = msgspec.structs.replace(delta, losses=losses_of(gone), unreadable=places)
        outcome = self.checker.follow(delta)
        if logged is not None:
            session.sequence = logged
            session.remember(logged, reading.spans)
            self._hear(update, origin)
        else:
            now = self._clock()
            drafts = self.chronicle.derive(view, delta, added, now) if self.chronicle is not None else ()
            if incoming.is_new:
                self._append(update, origin, reading.spans, now, drafts)
            else:  # Facts under clocks that were used twice are written anew below; they are told as they came.
                self._tell(drafts, origin, now, None)
        self._ahead = False
        destroyed = [(one.root, one.key, one.text) for one in gone] + incoming.rescued
        if logged is not None:
            self._torn += destroyed
        else:
            self._mend(destroyed, outcome.repairs)
        return delta, tuple(outcome.new)

    # mending

    def _finish_mending(self) -> None:
        """Put back what a crash kept us from putting back."""
        torn = still_gone(self.view, self.session.warm(), self._torn)
        self._torn.clear()
        self._mend(torn, ())

    def _mend(self, destroyed: Iterable[Entry], repairs: Iterable[Command]) -> None:
        """Put back what was destroyed and carry out safe repairs; replicas that do so at once write the same facts."""
        writes = self._restores.due(destroyed)
        if writes:
            self.session.warm()
            self._ahead = True
            update, spans = self.session.write(writes)
            healed = heal(self.view, writes)
            self.checker.follow(Delta(origin="repair", unreadable=healed))
            self._append(update, "repair", spans, self._clock())
        for repair in repairs:
            self._repair(repair)

    def _repair(self, repair: Command) -> None:
        raise NotImplementedError("only who can carry out commands can repair")

    def _append(
        self,
        update: bytes,
        origin: str,
        spans: Spans,
        now: int,
        drafts: Sequence[Draft] = (),
        make: MakeReceipt = None,
    ) -> None:
        """Append an update, its events and the receipt of its command; memory is as far as the log then."""
        session = self.session
        receipt, last = self._tell(drafts, origin, now, make)
        session.sequence = self.log.append(
            update, origin, recorded_at_ms=now, receipt=receipt, result_sequence=last
        )
        session.remember(session.sequence, spans)
        self._hear(update, origin)
        self._wrote, self._ahead = True, False

    def _tell(
        self, drafts: Sequence[Draft], origin: str, at_ms: int, make: MakeReceipt
    ) -> tuple[Receipt | None, Any]:
        """Append events; returns the receipt that knows the sequence of the last one, and that sequence or None."""
        last = None
        command_id = origin if make is not None else None
        if drafts and self.chronicle is not None:
            said = "local" if make is not None else origin
            last = self.chronicle.record(drafts, at_ms=at_ms, command_id=command_id, origin=said)
        return (make(last or 0) if make is not None else None), last
