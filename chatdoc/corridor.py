"""Every change goes one way: replica, view, rules, log, readers; whether a command made it or a peer sent it.

A Y transaction does not roll back, so a command's facts are first entered into the view alone and judged there;
what a rule refuses is taken out again before pycrdt or the disk hear of it.
When the disk fails after the transaction, memory is ahead of it: the corridor closes for good.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TypeVar

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
    UpdateRefused,
)
from chatdoc.ids import Mint, RandomSource
from chatdoc.incoming import Entry, losses_of, read_incoming
from chatdoc.mending import Restores
from chatdoc.received import Received, united
from chatdoc.records import index
from chatdoc.records.delta import Delta
from chatdoc.records.facts import Fact
from chatdoc.records.view import View
from chatdoc.replica import guard
from chatdoc.replica.boundary import split_at_known
from chatdoc.replica.genesis import session_client
from chatdoc.replica.holdback import Holdback, missing
from chatdoc.replica.layout import encode
from chatdoc.replica.replica import Replica, ReplicaBroken
from chatdoc.store.log import Receipt, UpdateLog
from chatdoc.tail import Spans, Tail, updates_until
from invariants.checker import Checker
from invariants.rule import Violation

_log = logging.getLogger("chatdoc")

Listener = Callable[[bytes, str], None]


Answer = TypeVar("Answer")


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
        self.known = known
        """The clock after the last item of each client."""
        self.sequence = sequence
        """The last entry of the log that the view has."""
        self.checker = Checker(view)
        self.checker.recheck()
        self.listeners: list[Listener] = []
        self._clock, self._random = clock, random
        self.ids = Mint(clock, random)
        self.replica = Replica(session_client(self._random, self.known))
        self._holdback = Holdback()
        self._tail = Tail(log, sequence)
        self._restores = Restores()
        self._closed: ChatdocError | None = None

    def now(self) -> Now:
        """The moment commands are decided in."""
        return Now(ms=self._clock(), ids=self.ids)

    def execute(
        self, command: Command, *, origin: str, receipt: Callable[[Plan], Receipt] | None = None
    ) -> tuple[Plan, Delta | None]:
        """Decide a command, judge its plan, carry it out; raises CommandRefused, and then nothing was written."""
        self.require_open()
        self.catch_up()
        plan = decide(command, self.view, self.now())
        name = type(command).__name__
        delta, added = index.apply(self.view, plan.facts, origin=origin, command=name)
        broken = self.checker.preview(delta)
        if broken:
            index.undo(self.view, added)
            raise InvariantRefused.by(name, broken)
        if not added:
            if receipt is not None:
                self._record(lambda: self.log.put_receipt(receipt(plan), recorded_at_ms=self._clock()))
            return plan, None
        self._carry_out(added, delta, origin, None if receipt is None else lambda: receipt(plan))
        return plan, delta

    def enter(self, facts: Iterable[Fact], *, origin: str) -> Delta:
        """Write facts that no command asked for, those of a file; nothing is refused, what they break is shown."""
        self.require_open()
        self.catch_up()
        delta, added = index.apply(self.view, facts, origin=origin)
        if added:
            repairs = self._carry_out(added, delta, origin, None)
            self._mend([], repairs)
        return delta

    def _carry_out(
        self, added: list[Fact], delta: Delta, origin: str, receipt: Callable[[], Receipt] | None
    ) -> Iterable[Command]:
        update = self._transact(added)
        outcome = self.checker.follow(delta)
        self._append(update, origin, self._own_span(len(added)), receipt() if receipt is not None else None)
        self._publish(update, origin)
        return outcome.repairs

    def refuse(self, receipt: Receipt) -> None:
        """Keep the refusal of a command, so that its id is answered the same way again."""
        self._record(lambda: self.log.put_receipt(receipt, recorded_at_ms=self._clock()))

    def receive(self, update: bytes, *, origin: str) -> Received:
        """Take an update from a peer, or hold it back until what it builds on is here; raises UpdateRefused."""
        self.require_open()
        self.catch_up()
        reading = guard.read(update)
        own = reading.spans.get(self.replica.client_id)
        if own is not None and own[1] > self.known.get(self.replica.client_id, 0):
            raise UpdateRefused(
                f"update from {origin!r} has items {own[0]} to {own[1]} of this document's own client id "
                f"{self.replica.client_id}, which wrote {self.known.get(self.replica.client_id, 0)}",
                hint="A client id belongs to one session; let every opening draw its own",
            )
        if missing(reading, self.known):
            self._holdback.hold(update, reading)
            return self._held(Delta(origin=origin), ())
        steps = [self._integrate(update, reading, origin)]
        while released := self._holdback.release(self.known):
            steps += [self._integrate(held, its_reading, origin) for held, its_reading in released]
        violations = tuple(violation for _, new in steps for violation in new)
        return self._held(united(origin, [delta for delta, _ in steps]), violations)

    def catch_up(self) -> None:
        """Take what other processes have written to the same log; nothing once the document is closed or failed."""
        if self._closed is None and self.log.changed():
            self.replay()

    def replay(self) -> None:
        """Take every entry of the log that the view has not."""
        for entry in self.log.entries(after=self.sequence):
            self._integrate(entry.update, guard.read(entry.update), entry.origin, logged=entry.sequence)

    def warm(self) -> Replica:
        """The replica with the whole document in it."""
        if not self.replica.whole:
            self.replica.load(updates_until(self.log, self.sequence))
        return self.replica

    def diff(self, state_vector: bytes | None) -> bytes:
        """An update with what a peer of this state vector lacks; from the log when that reaches back far enough."""
        self.require_open()
        self.catch_up()
        theirs = guard.read_state_vector(state_vector) if state_vector else {}
        found = self._tail.since(theirs, self.known)
        return found if found is not None else self.warm().encode(state_vector)

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

    def _integrate(
        self, update: bytes, reading: guard.Reading, origin: str, *, logged: int | None = None
    ) -> tuple[Delta, tuple[Violation, ...]]:
        update, reading = split_at_known(update, reading, self.known)
        try:
            incoming = read_incoming(self.view, self.known, update, reading, self.replica, self.warm)
        except ReplicaBroken as error:
            self.replica = Replica(session_client(self._random, self.known))
            raise UpdateRefused(
                f"an update of {len(update)} bytes from {origin!r} made pycrdt fail; it was not applied",
                hint="The document was rebuilt from its log; ask the peer for its whole state",
            ) from error
        for client, (_, end) in reading.spans.items():
            self.known[client] = max(end, self.known.get(client, 0))
        if logged is not None:
            self.sequence = logged
            self._tail.add(logged, reading.spans)
        elif incoming.is_new:
            self._append(update, origin, reading.spans)
        delta, _ = index.apply(self.view, incoming.facts, origin=origin, reused=incoming.reused)
        gone, forgotten = incoming.judge(self.view)
        index.undo(self.view, forgotten)
        for place in incoming.mended:
            self.view.unreadable.pop(place, None)
        self.view.unreadable.update(incoming.unreadable)
        places = frozenset(f"{root}/{key}" for root, key in (*incoming.mended, *incoming.unreadable))
        if gone or places:
            delta = msgspec.structs.replace(delta, losses=losses_of(gone), unreadable=places)
        outcome = self.checker.follow(delta)
        if incoming.is_new or logged is not None:
            self._publish(update, origin)
        if logged is None:
            self._mend([(one.root, one.key, one.text) for one in gone] + incoming.rescued, outcome.repairs)
        return delta, tuple(outcome.new)

    def _mend(self, destroyed: Iterable[Entry], repairs: Iterable[Command]) -> None:
        """Put back what was destroyed and carry out safe repairs; replicas that do so at once write the same facts."""
        writes = self._restores.due(destroyed)
        if writes:
            self.warm()
            update = self._in_replica(lambda: self.replica.transact(writes))
            healed = self._restores.heal(self.view, writes)
            self._append(update, "repair", self._own_span(len(writes)))
            self.checker.follow(Delta(origin="repair", unreadable=healed))
            self._publish(update, "repair")
        for repair in repairs:
            with suppress(CommandRefused):
                self.execute(repair, origin="repair")

    def _transact(self, added: list[Fact]) -> bytes:
        entries = [encode(fact) for fact in added]
        try:
            return self._in_replica(lambda: self.replica.transact(entries))
        except ChatdocError:
            index.undo(self.view, added)
            raise

    def _in_replica(self, write: Callable[[], bytes]) -> bytes:
        try:
            return write()
        except ReplicaBroken:
            self.replica = Replica(session_client(self._random, self.known))
            raise

    def _own_span(self, count: int) -> Spans:
        own = self.replica.client_id
        start = self.known.get(own, 0)
        self.known[own] = start + count
        return {own: (start, start + count)}

    def _append(self, update: bytes, origin: str, spans: Spans, receipt: Receipt | None = None) -> None:
        before = self.sequence
        sequence = self._record(
            lambda: self.log.append(update, origin, recorded_at_ms=self._clock(), receipt=receipt)
        )
        self._tail.add(sequence, spans)
        if sequence == before + 1:
            self.sequence = sequence
        else:
            self._others_between(before, sequence)

    def _others_between(self, before: int, own: int) -> None:
        """Take what another process appended after we looked and before we wrote.

        Our own update is in the log behind theirs, so a replica loaded now must be given it besides.
        """
        entries = list(self.log.entries(after=before))
        if not self.replica.whole and len(entries) > 1:
            mine = [entry.update for entry in entries if entry.sequence == own]
            self.replica.load([*updates_until(self.log, before), *mine])
        for entry in entries:
            if entry.sequence < own:
                self._integrate(entry.update, guard.read(entry.update), entry.origin, logged=entry.sequence)
        self.sequence = own

    def _record(self, write: Callable[[], Answer]) -> Answer:
        try:
            return write()
        except BaseException:
            self._closed = DocumentFailed(
                "a write to the store failed, so memory may be ahead of the disk",
                hint="Open the document again",
            )
            raise

    def _publish(self, update: bytes, origin: str) -> None:
        for listener in list(self.listeners):
            try:
                listener(update, origin)
            except Exception:
                _log.exception("a subscriber failed on an update from %s; the update is stored", origin)

    def _held(self, delta: Delta, violations: tuple[Violation, ...]) -> Received:
        held = len(self._holdback)
        wanted = guard.state_vector(self.known) if held else None
        return Received(delta=delta, violations=violations, held=held, wanted=wanted)
