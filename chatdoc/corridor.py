"""Every change goes one way: replica, view, rules, log, readers; whether a command made it or a peer sent it.

A Y transaction does not roll back, so a command's facts are first entered into the view alone and judged there;
what a rule refuses is taken out again before pycrdt or the disk hear of it.
When the disk fails after the transaction, memory is ahead of it: the corridor closes for good.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import msgspec

from chatdoc.clock import Clock
from chatdoc.commands.decide import Command, decide
from chatdoc.commands.plan import Now, Plan
from chatdoc.errors import (
    ChatdocError,
    CommandRefused,
    DocumentClosed,
    DocumentFailed,
    InvariantRefused,
    NotFound,
    ReceiptExists,
    UpdateRefused,
)
from chatdoc.ids import Mint, RandomSource
from chatdoc.incoming import Entry, losses_of, read_incoming
from chatdoc.listeners import Listeners
from chatdoc.mending import Restores, heal, still_gone
from chatdoc.received import Received, Step, received
from chatdoc.records import index
from chatdoc.records.delta import Delta
from chatdoc.records.facts import Fact
from chatdoc.records.view import View
from chatdoc.replica import guard
from chatdoc.replica.boundary import split_at_known
from chatdoc.replica.holdback import Holdback, missing
from chatdoc.replica.outgoing import outgoing, removable
from chatdoc.replica.replica import Replica, ReplicaBroken
from chatdoc.session import Session
from chatdoc.store.log import Receipt, UpdateLog
from chatdoc.tail import Spans
from invariants.checker import Checker

_log = logging.getLogger("chatdoc")
_Receipt = Callable[[], Receipt] | None


class Corridor:
    """The one way into a document's view, replica and log."""

    def __init__(
        self,
        view: View,
        log: UpdateLog,
        *,
        known: dict[int, int],
        sequence: int,
        clock: Clock,
        random: RandomSource,
    ) -> None:
        self.view = view
        self.log = log
        self.session = Session(log, random, known=known, sequence=sequence)
        self.checker = Checker(view)
        self.checker.recheck()
        self.listeners = Listeners()
        self._clock = clock
        self.ids = Mint(clock, random)
        self._holdback = Holdback()
        self._restores = Restores()
        self._torn: list[Entry] = []
        """What was destroyed according to the log, and not seen to be put back."""
        self._closed: ChatdocError | None = None

    @property
    def known(self) -> dict[int, int]:
        """The clock after the last item of each client."""
        return self.session.known

    @property
    def sequence(self) -> int:
        """The last entry of the log that the view has."""
        return self.session.sequence

    def now(self) -> Now:
        """The moment commands are decided in."""
        return Now(ms=self._clock(), ids=self.ids)

    def execute(
        self, command: Command, *, origin: str, receipt: Callable[[Plan], Receipt] | None = None
    ) -> tuple[Plan, Delta | None]:
        """Decide a command, judge its plan, carry it out; raises CommandRefused, and then nothing was written."""
        self.make_ready()
        plan = decide(command, self.view, self.now())
        name = type(command).__name__
        delta, added = index.apply(self.view, plan.facts, origin=origin, command=name)
        if broken := self.checker.preview(delta):
            index.undo(self.view, added)
            raise InvariantRefused.by(name, broken)
        if not added:
            if receipt is not None:
                self._record(lambda: self.log.put_receipt(receipt(plan), recorded_at_ms=self._clock()))
            return plan, None
        self._carry_out(added, delta, origin, receipt and (lambda: receipt(plan)), plan.removals)
        return plan, delta

    def enter(self, facts: Iterable[Fact], *, origin: str) -> Delta:
        """Write facts that no command asked for, those of a file; nothing is refused, what they break is shown."""
        self.make_ready()
        delta, added = index.apply(self.view, facts, origin=origin)
        if added:
            self._mend([], self._carry_out(added, delta, origin, None))
        return delta

    def _carry_out(
        self, added: list[Fact], delta: Delta, origin: str, receipt: _Receipt, gone: tuple[Fact, ...] = ()
    ) -> Iterable[Command]:
        try:
            entries, places = outgoing(added), removable(self.view, gone)
            update, spans = self.session.write(entries, places, astray=self.view.unreadable)
        except ChatdocError:
            index.undo(self.view, added)
            raise
        index.undo(self.view, gone)
        healed = heal(self.view, entries)
        if healed:
            delta = msgspec.structs.replace(delta, unreadable=healed)
        outcome = self.checker.follow(delta)
        try:
            self._append(update, origin, spans, receipt() if receipt is not None else None)
        except ReceiptExists:  # Another process carried out the same command just now; ours never was.
            index.undo(self.view, added)
            index.apply(self.view, gone, origin=origin)
            self.checker.recheck()
            self.session.take_back(spans)
            raise
        self.listeners.tell(update, origin)
        return outcome.repairs

    def refuse(self, receipt: Receipt) -> None:
        """Keep the refusal of a command, so that its id is answered the same way again."""
        self._record(lambda: self.log.put_receipt(receipt, recorded_at_ms=self._clock()))

    def receive(self, update: bytes, *, origin: str) -> Received:
        """Take an update from a peer, or hold it back until what it builds on is here; raises UpdateRefused."""
        self.make_ready()
        reading = guard.read(update)
        self.session.refuse_forgery(reading.spans, origin)
        steps = []
        if missing(reading, self.known):
            self._holdback.hold(update, reading)
        else:
            steps.append(self._integrate(update, reading, origin))
        steps += self._release(origin)
        return received(origin, steps, held=len(self._holdback), known=self.known)

    def catch_up(self) -> None:
        """Take what other processes have written to the same log; nothing once the document is closed or failed."""
        if self._closed is not None:
            return
        if self._torn:
            self._finish_mending()
        try:
            if self.log.changed():
                self.replay()
                self._torn.clear()  # Whoever took the destroying update from a peer puts back what it destroyed.
        except DocumentFailed as error:  # What it says can still be read.
            self._closed = error

    def make_ready(self) -> None:
        """Catch up, and raise what ended this document's use."""
        self.catch_up()
        self.require_open()

    def replay(self) -> None:
        """Take every entry of the log that the view has not."""
        for entry in self.log.entries(after=self.sequence):
            self._integrate(entry.update, guard.read(entry.update), entry.origin, logged=entry.sequence)

    def warm(self) -> Replica:
        """The replica with the whole document in it."""
        return self.session.warm()

    def diff(self, state_vector: bytes | None) -> bytes:
        """An update with what a peer of this state vector lacks; from the log when that reaches back far enough."""
        self.make_ready()
        return self.session.diff(state_vector)

    def require_open(self) -> None:
        """Raise DocumentClosed, DocumentFailed or what else ended this document's use."""
        if self._closed is not None:
            raise self._closed

    def freeze(self, reason: ChatdocError) -> None:
        """Allow reading only: every later change raises the reason."""
        self._closed = reason

    def close(self) -> None:
        """Let go of the log; later calls raise DocumentClosed."""
        if self._closed is None:
            self._closed = DocumentClosed("this document is closed", hint="Open it again")
        self.log.close()

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
        self, update: bytes, reading: guard.Reading, origin: str, *, logged: int | None = None
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
        session.learn(reading.spans)
        delta, _ = index.apply(view, incoming.facts, origin=origin, reused=incoming.reused)
        gone, places = incoming.settle(view)
        if gone or places:
            delta = msgspec.structs.replace(delta, losses=losses_of(gone), unreadable=places)
        outcome = self.checker.follow(delta)
        if logged is not None:
            session.sequence = logged
            session.remember(logged, reading.spans)
        elif incoming.is_new:
            self._append(update, origin, reading.spans)
        if incoming.is_new or logged is not None:
            self.listeners.tell(update, origin)
        destroyed = [(one.root, one.key, one.text) for one in gone] + incoming.rescued
        if logged is not None:
            self._torn += destroyed
        else:
            self._mend(destroyed, outcome.repairs)
        return delta, tuple(outcome.new)

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
            update, spans = self.session.write(writes)
            healed = heal(self.view, writes)
            self.checker.follow(Delta(origin="repair", unreadable=healed))
            self._append(update, "repair", spans)
            self.listeners.tell(update, "repair")
        for repair in repairs:
            with suppress(CommandRefused, NotFound):
                self.execute(repair, origin="repair")

    def _append(self, update: bytes, origin: str, spans: Spans, receipt: Receipt | None = None) -> None:
        session = self.session
        sequence = self._record(
            lambda: self.log.append(update, origin, recorded_at_ms=self._clock(), receipt=receipt)
        )
        # What another process appended after we looked and before we wrote comes first.
        entries = list(self.log.entries(after=session.sequence)) if sequence > session.sequence + 1 else []
        if entries:
            session.load_with(entries, sequence)
        for entry in entries:
            if entry.sequence < sequence:
                self._integrate(entry.update, guard.read(entry.update), entry.origin, logged=entry.sequence)
        session.remember(sequence, spans)
        session.sequence = sequence

    def _record(self, write: Callable[[], Any]) -> Any:
        try:
            return write()
        except BaseException as error:
            if not isinstance(error, ReceiptExists):
                self._closed = DocumentFailed(
                    "a write to the store failed, so memory may be ahead of the disk",
                    hint="Open the document again",
                )
            raise
