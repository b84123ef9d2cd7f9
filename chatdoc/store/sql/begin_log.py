"""Beginning of a log: where it has many events they are sealed as they are placed, and never are rows to be removed.

What is there afterwards is what sealing gives: runs, the newest event of each stream as a row, and all that is folded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from chatdoc.model.events.event import Draft, Event
from chatdoc.store.projections import fold
from chatdoc.store.projections.projector import Execute, ExecuteMany
from chatdoc.store.sql.event_buffer import INSERT
from chatdoc.store.sql.event_runs import Row, gathered, put_run

BEGUN_BY = "store"
"""The origin of what a log begins with."""
SEALED_MIN = 1_000
"""A log that begins with fewer events has them as rows, as it has what comes later: they are no megabyte."""
PAGE_EVENTS = 2_000
"""So many are placed and folded at a time."""


def seal_at_once(
    execute: Execute,
    executemany: ExecuteMany,
    drafts: Iterator[Draft],
    place: Callable[[list[Draft]], tuple[list[Row], list[Event]]],
) -> None:
    """Place, seal and fold the events of a log that has none, a page at a time; in the open transaction.

    Raises StoreDamaged where a run does not come back as it was.
    """
    newest: dict[tuple[str, str], Row] = {}
    fold.drop(execute)

    def folded() -> Iterator[Row]:
        while page := list(islice(drafts, PAGE_EVENTS)):
            rows, events = place(page)
            fold.fold(execute, events, lambda after, limit: (), executemany)
            for row in rows:
                newest[row[2:4]] = row
            yield from rows

    for rows, size in gathered(folded()):
        put_run(execute, rows, size)
    executemany(INSERT, sorted(newest.values()))
