"""A command goes one way: decided, judged, written, logged; what a rule refuses never reaches pycrdt or the disk.

A Y transaction does not roll back, so a command's facts are first entered into the view alone and judged there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec

from chatdoc.crdt.check_outgoing import outgoing, removable
from chatdoc.crdt.restore import heal
from chatdoc.engine.receive import Intake, MakeReceipt
from chatdoc.model.commands.decide import Command, decide
from chatdoc.model.commands.plan import Now, Plan
from chatdoc.model.delta import Delta
from chatdoc.model.errors import ChatdocError, CommandRefused, InvariantRefused, NotFound
from chatdoc.model.events.event import Draft
from chatdoc.model.events.ordering import joined
from chatdoc.model.facts import Fact
from chatdoc.model.view import apply
from chatdoc.store.ports import Receipt


class Done(NamedTuple):
    """What became of a command: its plan, what it changed, and the sequence of its last event, 0 without one."""

    plan: Plan
    delta: Delta | None
    last_event: int


class Corridor(Intake):
    """The way of commands, besides that of updates, into a document's view, replica and log."""

    def now(self) -> Now:
        """The moment commands are decided in."""
        standing = self.chronicle.standing if self.chronicle is not None else None
        return Now(ms=self._clock(), ids=self.ids, standing=standing)

    def execute(
        self, command: Command, *, origin: str, receipt: Callable[[Done], Receipt] | None = None
    ) -> Done:
        """Decide a command, judge its plan, carry it out; raises CommandRefused, and then nothing was written."""
        return self.write(lambda: self._execute(command, origin, receipt))

    def enter(self, facts: Iterable[Fact], *, origin: str) -> Delta:
        """Write facts that no command asked for, those of a file; nothing is refused, what they break is shown."""
        return self.write(lambda: self._enter(facts, origin))

    def refuse(self, receipt: Receipt) -> None:
        """Keep the refusal of a command, so that its id is answered the same way again."""
        self.log.put_receipt(receipt, recorded_at_ms=self._clock())

    def _execute(self, command: Command, origin: str, receipt: Callable[[Done], Receipt] | None) -> Done:
        now = self.now()
        plan = decide(command, self.view, now)
        name = type(command).__name__
        delta, added = apply.apply(self.view, plan.facts, origin=origin, command=name)
        if broken := self.checker.preview(delta):
            apply.undo(self.view, added)
            raise InvariantRefused.by(name, broken)
        done = Done(plan, delta if added else None, 0)

        def make(last: int) -> Receipt:
            nonlocal done
            done = done._replace(last_event=last)
            assert receipt is not None, "only a command with an id has a receipt"
            return receipt(done)

        maker = make if receipt is not None else None
        if added:
            self._carry_out(added, delta, origin, now.ms, plan.removals, maker, plan.events)
        elif plan.events or receipt is not None:
            done = done._replace(last_event=self._note(plan, origin, now.ms, maker))
        return done

    def _note(self, plan: Plan, origin: str, now: int, make: MakeReceipt) -> int:
        """Tell the event log what only it knows, and keep the receipt; nothing of it concerns the document."""
        self._half = True
        if self.chronicle is not None:
            self.chronicle.keep(plan)
        receipt, last = self._tell(plan.events, origin, now, make)
        if receipt is not None:
            self.log.put_receipt(receipt, recorded_at_ms=now, result_sequence=last)
        self._half = False
        return last or 0

    def _enter(self, facts: Iterable[Fact], origin: str) -> Delta:
        delta, added = apply.apply(self.view, facts, origin=origin)
        if added:
            self._mend([], self._carry_out(added, delta, origin, self._clock()))
        return delta

    def _carry_out(
        self,
        added: list[Fact],
        delta: Delta,
        origin: str,
        now: int,
        gone: tuple[Fact, ...] = (),
        make: MakeReceipt = None,
        events: Sequence[Draft] = (),
    ) -> Iterable[Any]:
        """Write what is in the view already; returns the repairs that are due."""
        try:
            entries, places = outgoing(added), removable(self.view, gone)
            self._ahead = True
            update, spans = self.session.write(entries, places, astray=self.view.unreadable)
        except ChatdocError:
            apply.undo(self.view, added)
            self._ahead = False
            raise
        apply.undo(self.view, gone)
        healed = heal(self.view, entries)
        if healed:
            delta = msgspec.structs.replace(delta, unreadable=healed)
        outcome = self.checker.follow(delta)
        drafts = self.chronicle.derive(self.view, delta, added, now) if self.chronicle is not None else []
        self._append(update, origin, spans, now, joined(drafts, events) if events else drafts, make)
        return outcome.repairs

    def _repair(self, repair: Command) -> None:
        with suppress(CommandRefused, NotFound):
            self.execute(repair, origin="repair")
