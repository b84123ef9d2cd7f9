"""One change, one commit: both doors, commands that concern the log alone, and repairs end in the same function.

A change is a value: the view has taken it in already, and `commit` makes it last in the open unit of work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from chatdoc.engine.log_diff import Spans
from chatdoc.engine.transaction import Transaction
from chatdoc.model.commands.plan import Plan
from chatdoc.model.delta import Delta
from chatdoc.model.events.event import Draft
from chatdoc.model.events.ordering import joined
from chatdoc.model.facts import Fact
from chatdoc.store.ports import Entry, Receipt
from invariants.checker import Outcome

MakeReceipt = Callable[[int], Receipt]
"""Makes the receipt of a command from the sequence of its last event, 0 without one."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be made durable together; `origin` is the command's id, or who sent or caused it."""

    origin: str
    at_ms: int
    delta: Delta | None = None
    """The records it touched; None where only the event log is concerned."""
    added: Sequence[Fact] = ()
    update: bytes = b""
    """The bytes for the update log; empty where nothing is new to it."""
    spans: Spans = {}
    plan: Plan | None = None
    """What the command asked for beside its facts: events of its own, a difference's text, sessions that ended."""
    receipt: MakeReceipt | None = None


class Committed(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a change: what the rules say, and the sequence of its last event, 0 without one."""

    outcome: Outcome
    last_event: int


_NOTHING = Outcome()


def commit(transaction: Transaction, change: Change) -> Committed:
    """Write a change into the open unit of work: rules, events with their rows, update, receipt; then tell of it.

    From the moment the view took the change in until this returns, memory is ahead of the unit: whatever is raised in
    between undoes the transaction and drops the working copy.
    """
    copy, unit, recorder = transaction.copy, transaction.unit, transaction.recorder
    command_id = change.origin if change.receipt is not None else None
    outcome = _NOTHING
    drafts: Sequence[Draft] = ()
    if change.delta is not None:
        outcome = copy.checker.follow(change.delta)
        if recorder is not None:
            drafts = recorder.derive(copy.view, change.delta, change.added, change.at_ms)
    if change.plan is not None:
        if change.plan.events:
            drafts = joined(drafts, change.plan.events) if drafts else change.plan.events
        if change.plan.diff is not None:
            unit.put_diff(change.plan.diff)
        if change.plan.stopped is not None:
            unit.stop_sessions(change.plan.stopped, at_ms=change.at_ms)
    last = sequence = None
    if drafts and recorder is not None:
        said = "local" if command_id is not None else change.origin
        events = unit.append_events(drafts, at_ms=change.at_ms, command_id=command_id, origin=said)
        last = transaction.events_to = events[-1].sequence
    if change.update:
        # Another process that reads the log has a `local` of its own.
        by = f"process {transaction.process}" if change.origin == "local" else change.origin
        sequence = unit.append_update(change.update, by, recorded_at_ms=change.at_ms)
        copy.session.remember(sequence, change.spans)
        transaction.heard.append(Entry(sequence, change.update, change.origin))
    if change.receipt is not None:
        unit.put_receipt(
            change.receipt(last or 0),
            recorded_at_ms=change.at_ms,
            update_sequence=sequence,
            result_sequence=last,
        )
    transaction.ahead = False
    return Committed(outcome=outcome, last_event=last or 0)
