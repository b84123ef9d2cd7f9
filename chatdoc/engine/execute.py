"""Command handler: a command is decided, judged by the rules, and written; what is refused never reaches the CRDT.

A Y transaction does not roll back, so a command's facts are first entered into the view alone and judged there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from chatdoc.crdt.check_outgoing import outgoing, removable
from chatdoc.crdt.restore import Destroyed, heal, hide, reveal
from chatdoc.engine import idempotency
from chatdoc.engine.change import Change, Committed, MakeReceipt, commit
from chatdoc.engine.permission import Permit, require_permitted
from chatdoc.engine.transaction import Transaction
from chatdoc.model.commands.decide import Command, decide
from chatdoc.model.commands.plan import Now, Plan
from chatdoc.model.delta import Delta
from chatdoc.model.errors import ChatdocError, CommandRefused, InvariantRefused, NotFound
from chatdoc.model.facts import Fact
from chatdoc.model.view import apply
from chatdoc.store.ports import Receipt, Receipts
from invariants.rule import Violation


def execute(
    transaction: Transaction,
    command: Command,
    now: Now,
    *,
    origin: str = "local",
    permit: Permit | None = None,
) -> Any:
    """Carry out a command that has no id; returns the record it made or changed. Raises CommandRefused, NotFound.

    `permit` is asked for each fact of it, or for itself where only the event log is concerned; else NotAllowed.
    """
    plan, done = _carry_out(transaction, command, now, origin, permit, None)
    return idempotency.answer_of(transaction.copy.view, plan, done.last_event)


def execute_once(
    transaction: Transaction,
    command: Command,
    now: Now,
    receipts: Receipts,
    command_id: str,
    permit: Permit | None = None,
) -> Any:
    """Carry out a command unless its id was seen; then its first answer is returned, or its first refusal raised.

    Raises CommandConflict where the id was another command's.
    """
    digest = idempotency.digest(command)
    first = receipts.get(command_id)
    if first is not None:
        return idempotency.repeat(transaction.copy.view, first, command_id, digest)
    view = transaction.copy.view
    record: Any = None

    def receipt(plan: Plan, last_event: int) -> Receipt:
        nonlocal record
        record = idempotency.answer_of(view, plan, last_event)
        return idempotency.acceptance(view, command_id, digest, plan, record)

    try:
        _carry_out(transaction, command, now, command_id, permit, receipt)
    except (CommandRefused, NotFound) as refusal:
        kept = idempotency.refusal(view, command_id, digest, command, refusal)
        transaction.unit.put_receipt(kept, recorded_at_ms=now.ms)
        raise
    return record


def enter(transaction: Transaction, facts: Iterable[Fact], now: Now, *, origin: str) -> Delta:
    """Write facts that no command asked for, those of a file; nothing is refused, what they break is shown."""
    transaction.ahead = True
    delta, added = apply.apply(transaction.copy.view, facts, origin=origin)
    if not added:
        transaction.ahead = False
        return delta
    done = _write(transaction, added, delta, (), origin=origin, at_ms=now.ms)
    repair(transaction, done.outcome.repairs, now)
    return delta


def restore(
    transaction: Transaction,
    destroyed: Collection[Destroyed],
    now: Now,
    *,
    done: Iterable[Destroyed] = (),
    at_once: bool = False,
) -> Sequence[Violation]:
    """Anti-entropy: put back what was destroyed, or let it wait; replicas that do so at once write the same facts.

    `done` need not be put back any more. Returns the violations that are new: what waits is hidden from who joins.
    """
    copy, ended = transaction.copy, {one[:2]: one.text for one in done}
    if not destroyed and not ended:
        return ()
    copy.session.warm()
    transaction.ahead = True
    due = copy.restores.due(destroyed, now.ms, at_once=at_once)
    writes = [one[:3] for one in due]
    update, spans = copy.session.write(writes) if writes else (b"", {})
    hidden = hide(copy.view, set(destroyed).difference(due))
    _, records = reveal(copy.view, ended | {one[:2]: one.text for one in due})
    copy.restores.settle(ended)
    transaction.after.append(lambda: copy.restores.settle(one[:2] for one in due))
    delta = Delta(origin="repair", unreadable=heal(copy.view, writes), hidden=hidden | records)
    change = Change(origin="repair", at_ms=now.ms, delta=delta, update=update, spans=spans)
    return commit(transaction, change).outcome.new


def repair(transaction: Transaction, repairs: Sequence[Command], now: Now) -> None:
    """Carry out safe repairs; one that a rule refuses is left, and what it was to mend stays shown."""
    for one in repairs:
        with suppress(CommandRefused, NotFound):
            execute(transaction, one, now, origin="repair")


def _carry_out(
    transaction: Transaction,
    command: Command,
    now: Now,
    origin: str,
    permit: Permit | None,
    receipt: Any,
) -> tuple[Plan, Committed]:
    view, name = transaction.copy.view, type(command).__name__
    plan = decide(command, view, now)
    if permit is not None:
        require_permitted(permit, command, plan.facts, view)
    make: MakeReceipt | None = None if receipt is None else lambda last: receipt(plan, last)
    transaction.ahead = True
    delta, added = apply.apply(view, plan.facts, origin=origin, command=name)
    if broken := transaction.copy.checker.preview(delta):
        apply.undo(view, added)
        transaction.ahead = False
        raise InvariantRefused.by(name, broken)
    if added:
        return plan, _write(
            transaction, added, delta, plan.removals, origin=origin, at_ms=now.ms, plan=plan, receipt=make
        )
    return plan, commit(transaction, Change(origin=origin, at_ms=now.ms, plan=plan, receipt=make))


def _write(
    transaction: Transaction,
    added: list[Fact],
    delta: Delta,
    gone: Sequence[Fact],
    *,
    origin: str,
    at_ms: int,
    plan: Plan | None = None,
    receipt: MakeReceipt | None = None,
) -> Committed:
    """Write what the view has already; a fact that no peer would take is refused, and the view is as it was."""
    copy = transaction.copy
    try:
        entries, places = outgoing(added), removable(copy.view, gone) if gone else ()
        update, spans = copy.session.write(entries, places, astray=copy.view.unreadable)
    except ChatdocError:
        apply.undo(copy.view, added)
        transaction.ahead = False
        raise
    if gone:
        apply.undo(copy.view, gone)
    if copy.view.unreadable and (healed := heal(copy.view, entries)):
        delta = msgspec.structs.replace(delta, unreadable=healed)
    change = Change(
        origin=origin,
        at_ms=at_ms,
        delta=delta,
        added=added,
        update=update,
        spans=spans,
        plan=plan,
        receipt=receipt,
    )
    return commit(transaction, change)
