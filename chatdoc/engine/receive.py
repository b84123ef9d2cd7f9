"""Remote update: guard, hold-back, view, rules, log; what came too early waits, and what was destroyed is put back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from chatdoc.crdt.pending import missing
from chatdoc.crdt.read_update import Reading
from chatdoc.crdt.restore import RESTORES_AT_ONCE, Destroyed, still_gone
from chatdoc.engine.change import Change, commit
from chatdoc.engine.execute import repair, restore
from chatdoc.engine.receive_result import Quarrel, Received, Step, received
from chatdoc.engine.transaction import Transaction
from chatdoc.model.commands.plan import Now
from chatdoc.model.errors import UpdateRefused

_log = logging.getLogger("chatdoc")


def receive(
    transaction: Transaction, update: bytes, reading: Reading, now: Callable[[], Now], *, origin: str
) -> Received:
    """Take an update that the guard has read, or hold it back until what it builds on is here; raises UpdateRefused."""
    copy = transaction.copy
    copy.session.refuse_forgery(reading.spans, origin)
    steps = []
    if missing(reading, copy.known):
        copy.pending.hold(update, reading, origin=origin)
    else:
        steps.append(_take(transaction, update, reading, now(), origin))
    steps += _release(transaction, now, origin)
    waits = update in copy.pending
    return received(origin, steps, held=len(copy.pending), waits=waits, known=copy.known)


def finish_restoring(transaction: Transaction, now: Now, *, at_once: bool = False) -> None:
    """Put back what the log says was destroyed and a crash kept its receiver from putting back, and what is due.

    `at_once` puts back what is not due yet, too.
    """
    copy = transaction.copy
    waiting = [Destroyed(*one[:4]) for places in copy.view.hidden.values() for one in places.values()]
    gone = still_gone(copy.view, copy.session.warm(), [*waiting, *copy.torn])
    copy.torn.clear()
    restore(transaction, gone, now, done=set(waiting).difference(gone), at_once=at_once)


def _release(transaction: Transaction, now: Callable[[], Now], origin: str) -> list[Step]:
    """Take the updates that waited and need not any more."""
    copy, steps = transaction.copy, []
    while released := copy.pending.release(copy.known):
        for update, reading in released:
            # One that failed before it leaves it without its ground.
            if not missing(reading, copy.known):
                try:
                    sender = copy.pending.sender_of(update) or origin
                    steps.append(_take(transaction, update, reading, now(), sender))
                except UpdateRefused:
                    _log.exception("an update that had been held back was refused")
    return steps


def _take(transaction: Transaction, update: bytes, reading: Reading, now: Now, origin: str) -> Step:
    transaction.ahead = True
    try:
        taken = transaction.copy.take(update, reading, origin)
    except UpdateRefused:
        transaction.ahead = False
        raise
    change = Change(
        origin=origin,
        at_ms=now.ms,
        delta=taken.delta,
        added=taken.added,
        # Facts under clocks that were used twice are written anew below; they are told as they came.
        update=taken.update if taken.is_new else b"",
        spans=taken.spans,
    )
    done = commit(transaction, change)
    new = [*done.outcome.new, *restore(transaction, taken.destroyed, now)]
    repair(transaction, done.outcome.repairs, now)
    return Step(taken.delta, tuple(new), _quarrel(transaction, taken.destroyed, origin))


def _quarrel(transaction: Transaction, destroyed: Sequence[Destroyed], origin: str) -> Quarrel | None:
    """The quarrel that an update goes on with: its origin destroyed often, and something has to wait for that."""
    if not destroyed:
        return None
    times = transaction.copy.restores.count(origin)
    hidden = {place for places in transaction.copy.view.hidden.values() for place in places}
    places = sorted({f"{one.root}/{one.key}" for one in destroyed if one[:2] in hidden})
    if not places or times <= RESTORES_AT_ONCE:
        return None
    return Quarrel(origin=origin, hidden=tuple(places), times=times)
