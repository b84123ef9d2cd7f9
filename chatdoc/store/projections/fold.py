"""Every event goes through all eight projectors once, and rows and state are written in one transaction.

The caller owns the transaction: when anything raises, it is rolled back, and neither rows nor state have moved.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from chatdoc.model.errors import StoreError
from chatdoc.model.events.event import Event
from chatdoc.model.events.types import MessageSent, Reverted
from chatdoc.store.projections.activities import ACTIVITIES
from chatdoc.store.projections.approvals import APPROVALS
from chatdoc.store.projections.checkpoints import CHECKPOINTS
from chatdoc.store.projections.compaction_baseline import Start, reset, start
from chatdoc.store.projections.messages import IS_ANY_HIDDEN, MESSAGES, send_where_none_is_hidden
from chatdoc.store.projections.projector import Execute, ExecuteMany, Handler, Projector, ReadEvents
from chatdoc.store.projections.projects import PROJECTS
from chatdoc.store.projections.sessions import SESSIONS
from chatdoc.store.projections.threads import THREADS
from chatdoc.store.projections.turns import TURNS

PROJECTORS = (PROJECTS, MESSAGES, ACTIVITIES, SESSIONS, TURNS, CHECKPOINTS, APPROVALS, THREADS)
"""In the order in which one event passes through them."""
PAGE_EVENTS = 2000
"""How many events a catch-up holds in memory at a time."""
MANY = 32
"""So many events that come at once are folded as a page, projector by projector."""

_COUNT = len(PROJECTORS)
_ADVANCE = (
    "UPDATE projection_state SET last_applied_sequence = ?, updated_at = ? WHERE last_applied_sequence = ?"
)
_STANDING = (
    f"SELECT last_applied_sequence, count(*), ({IS_ANY_HIDDEN})"
    " FROM projection_state GROUP BY last_applied_sequence"
)
AHEAD: tuple[tuple[str, tuple[()]], ...] = ((_STANDING, ()),)
"""What a fold asks that knows nothing; a database behind a network is asked before there is anything to fold."""
_RAISE = (
    "UPDATE projection_state SET last_applied_sequence = ?, updated_at = ? WHERE last_applied_sequence < ?"
)
_STATES = "SELECT projector, last_applied_sequence FROM projection_state"
_BEGIN = "INSERT OR REPLACE INTO projection_state VALUES (?, ?, ?)"


Handlers = dict[type[Any], tuple[tuple[int, Handler], ...]]


def _dispatch() -> Handlers:
    found: dict[type[Any], list[tuple[int, Handler]]] = {}
    for place, projector in enumerate(PROJECTORS):
        for kind, handler in projector.handlers.items():
            found.setdefault(kind, []).append((place, handler))
    return {kind: tuple(handlers) for kind, handlers in found.items()}


_HANDLERS = _dispatch()
_MESSAGES = PROJECTORS.index(MESSAGES)
_HANDLERS_WHERE_NONE_IS_HIDDEN: Handlers = {
    **_HANDLERS,
    MessageSent: tuple(
        (place, send_where_none_is_hidden if place == _MESSAGES else handler)
        for place, handler in _HANDLERS[MessageSent]
    ),
}


class Folded(NamedTuple):
    """What is known of the tables that are folded, as long as nobody else writes to them."""

    sequence: int
    """The event that all projectors stand at."""
    is_any_hidden: bool
    """Whether a revert hides a message."""


def fold(
    execute: Execute,
    events: Sequence[Event],
    read_events: ReadEvents,
    executemany: ExecuteMany | None = None,
    folded: Folded | None = None,
) -> Folded | None:
    """Apply events that were just appended, in the transaction that appended them; what is known then.

    When all projectors stand right before the first event this costs one statement beside the rows, and one more where
    that is not known from the fold before (`folded`). Otherwise those that lag catch up from the log, which holds
    these events by now, and those that are ahead stay.
    """
    if not events:
        return folded
    before, last = events[0].sequence - 1, events[-1]
    if folded is None:
        folded = _look(execute)
    if folded is not None and folded.sequence == before:
        execute(_ADVANCE, (last.sequence, last.occurred_at, before))
        if executemany is not None and len(events) >= MANY:
            _apply_page(execute, executemany, events)
            return None
        is_any_hidden = folded.is_any_hidden
        for event in events:
            is_any_hidden |= type(event.payload) is Reverted
            _apply_one(execute, event, _HANDLERS if is_any_hidden else _HANDLERS_WHERE_NONE_IS_HIDDEN)
        return Folded(last.sequence, is_any_hidden)
    reached = catch_up(execute, read_events, executemany=executemany)
    if reached < last.sequence:
        raise StoreError(
            f"the log ends at event {reached}, and event {last.sequence} was to be folded",
            hint="Append events before they are folded, in the same transaction",
        )
    return None


def prepare(execute: Execute) -> None:
    """Let every projector have its state; one without any begins anew, without the rows it may have had.

    So does one that lacks events which a compaction has removed.
    """
    begin = start(execute)
    states = dict(execute(_STATES).fetchall())
    for projector in PROJECTORS:
        if states.get(projector.name, -1) < begin.sequence:
            _begin(execute, projector, begin)


def catch_up(execute: Execute, read_events: ReadEvents, *, executemany: ExecuteMany | None = None) -> int:
    """Bring every projector from where it stands to the end of the log; returns the sequence all have reached."""
    while True:
        reached, more = catch_up_page(execute, read_events, executemany=executemany)
        if not more:
            return reached


def catch_up_page(
    execute: Execute, read_events: ReadEvents, *, executemany: ExecuteMany | None = None
) -> tuple[int, bool]:
    """One page of a catch-up, for callers that give each page its own transaction.

    Returns the sequence all have reached, and whether there was anything to fold.
    """
    prepare(execute)
    found = dict(execute(_STATES).fetchall())
    states = [found[projector.name] for projector in PROJECTORS]
    lowest = min(states)
    events = read_events(lowest, PAGE_EVENTS)
    if not events:
        return lowest, False
    last = events[-1]
    if lowest == max(states):
        _apply_page(execute, executemany or _one_by_one(execute), events)
    elif not _apply_to_laggards(execute, events, states):
        return drop(execute), True
    execute(_RAISE, (last.sequence, last.occurred_at, last.sequence))
    return last.sequence, True


def drop(execute: Execute) -> int:
    """Bring every table that is folded from events back to where the log begins; returns the sequence before it."""
    begin = start(execute)
    execute("DELETE FROM reverted_rows")
    for projector in PROJECTORS:
        _begin(execute, projector, begin)
    return begin.sequence


def rebuild(execute: Execute, read_events: ReadEvents, *, executemany: ExecuteMany | None = None) -> int:
    """Throw every row away and fold the whole log, from its baseline where it has one; returns the last sequence.

    In one transaction readers see the old rows until the new ones are complete, and a rebuild that is killed has
    changed nothing. A caller that cannot hold the write lock for so long calls `drop`, and then `catch_up_page` in
    transactions of their own: what was folded stays, and any later catch-up goes on from there.
    """
    drop(execute)
    return catch_up(execute, read_events, executemany=executemany)


def _begin(execute: Execute, projector: Projector, begin: Start) -> None:
    reset(execute, projector.tables, begin)
    execute(_BEGIN, (projector.name, *begin))


def _apply_to_laggards(execute: Execute, events: Sequence[Event], states: Sequence[int]) -> bool:
    """Apply events to the projectors that lack them; False when that cannot be done.

    A revert reads turns and checkpoints as they were at its moment, and these may be ahead.
    """
    for event in events:
        payload = event.payload
        if type(payload) is Reverted and max(states) >= event.sequence:
            return False
        for place, handler in _HANDLERS.get(type(payload), ()):
            if states[place] < event.sequence:
                handler(execute, event, payload)
    return True


def _apply_page(execute: Execute, executemany: ExecuteMany, events: Sequence[Event]) -> None:
    """Apply events to all projectors, to one projector after the other between two reverts.

    Projectors write tables of their own and read those of others at a revert only, so the order of events matters
    within each of them and there.
    """
    begin = 0
    for place, event in enumerate(events):
        if type(event.payload) is Reverted:
            _apply_between_reverts(execute, executemany, events[begin:place])
            _apply_one(execute, event)
            begin = place + 1
    _apply_between_reverts(execute, executemany, events[begin:])


def _apply_between_reverts(execute: Execute, executemany: ExecuteMany, events: Sequence[Event]) -> None:
    parts: list[list[Event]] = [[] for _ in PROJECTORS]
    adders = {kind: [parts[place].append for place, _ in handlers] for kind, handlers in _HANDLERS.items()}
    for event in events:
        for add in adders.get(type(event.payload), ()):
            add(event)
    for projector, part in zip(PROJECTORS, parts, strict=True):
        if part and projector.fold_page is not None:
            projector.fold_page(execute, executemany, part)
            continue
        for event in part:
            payload: Any = event.payload
            projector.handlers[type(payload)](execute, event, payload)


def _look(execute: Execute) -> Folded | None:
    """What the tables say; None where not all projectors stand at one event."""
    standing = execute(_STANDING).fetchall()
    if len(standing) != 1 or standing[0][1] != _COUNT:
        return None
    sequence, _, is_any_hidden = standing[0]
    return Folded(sequence, bool(is_any_hidden))


def _apply_one(execute: Execute, event: Event, handlers: Handlers = _HANDLERS) -> None:
    for _, handler in handlers.get(type(event.payload), ()):
        handler(execute, event, event.payload)


def _one_by_one(execute: Execute) -> ExecuteMany:
    """What stands in for `executemany` where a caller has none."""

    def run(sql: str, rows: Iterable[Sequence[Any]], /) -> None:
        for row in rows:
            execute(sql, row)

    return run
