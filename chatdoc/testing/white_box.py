"""White-box access: everything the kit does behind the public `Document` is here, so nothing else knows the engine.

A writer of one's own needs none of this; simulations need it to crash a document, to let its disk fail, and to compare
what it shows with what it stored.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from chatdoc.crdt import read_update
from chatdoc.crdt.fact_snapshot import rows_of
from chatdoc.crdt.ydoc import Replica
from chatdoc.document import Document
from chatdoc.engine.begin_event_log import begin_log
from chatdoc.engine.engine import Engine
from chatdoc.engine.log_diff import updates_until
from chatdoc.model.clock import Clock
from chatdoc.model.errors import DocumentClosed, StoreError
from chatdoc.model.ids import RandomSource
from chatdoc.store.ports import EventLog, Rows, UnitOfWork
from chatdoc.store.projections.projector import Cursor, Execute
from chatdoc.store.sql.store import SqlStore
from chatdoc.store.sqlite.store import SqliteStore

PLACES = ("commit", "append an update", "append events")
"""Where a write can be made to fail."""


def is_open(document: Document) -> bool:
    """Whether a document can still be written to."""
    return document.engine.is_open


def now_ms(document: Document) -> int:
    """The present, as the document's clock has it."""
    return document.engine.clock()


def warm(document: Document) -> None:
    """Load the whole Y document, as the first removal or snapshot does."""
    document.engine.copy.session.warm()


def known_clocks(document: Document) -> dict[int, int]:
    """The clock after the last item of each client, as the document's state vector has it."""
    return read_update.read_state_vector(document.state_vector())


def logged(document: Document) -> Replica:
    """The Y document that the stored updates make, loaded anew."""
    whole = Replica(1)
    whole.load(updates_until(document.engine.store, document.engine.sequence))
    return whole


def logged_updates(document: Document) -> list[bytes]:
    """Every update a document has stored, in their order."""
    return [entry.update for entry in document.engine.store.updates.entries()]


def reloaded(document: Document, *, clock: Clock, random: RandomSource) -> Document:
    """The document as another process finds it that reads its log from the beginning, or from its last snapshot."""
    return Document(Engine(document.engine.store, clock=clock, random=random))


def put_rows(document: Document) -> None:
    """Store a snapshot of a document's facts."""
    copy = document.engine.copy
    headers, others = rows_of(copy.view)
    rows = Rows(sequence=copy.session.sequence, known=dict(copy.known), headers=headers, others=others)
    document.engine.store.snapshots.put_rows(rows, recorded_at_ms=0)


def seal(document: Document) -> None:
    """Seal the updates of a document's log."""
    document.engine.store.seal_logs()


def kill(document: Document) -> None:
    """Leave a document as a killed process does: nothing more is written, and its turns are nobody's."""
    document.engine.freeze(DocumentClosed("its process was killed", hint="Open it again"))
    document.agents.ownership.close()
    document.engine.store.close()


def ownerless(document: Document) -> set[str]:
    """Messages of turns whose owner is dead."""
    return {lease.message_id for lease in document.agents.ownership.dead()}


def event_log_of(document: Document) -> EventLog:
    """The event log a stored document writes to."""
    begin_log(document.engine)
    events = document.engine.store.events
    assert events is not None, "only a stored document has an event log"
    return events


def execute_of(document: Document) -> Execute:
    """What runs a statement on the connection of a stored document."""
    store = document.engine.store
    assert isinstance(store, SqlStore), "only a stored document has tables"
    if not isinstance(store, SqliteStore):
        tables = store.tables

        def ask(sql: str, parameters: Sequence[Any] = (), /) -> Any:
            return tables.ask(lambda run: _arrived(run(sql, parameters)), "be looked into")

        return ask

    def execute(sql: str, parameters: Sequence[Any] = (), /) -> Any:
        if sql.startswith(
            ("INSERT", "UPDATE", "DELETE")
        ):  # The store hears of it, and looks at its tables anew.
            return store.tables.change(lambda run, _: run(sql, parameters), "be changed from outside")
        return store.database.connection().execute(sql, parameters)

    return execute


def _arrived(answer: Cursor) -> Cursor:
    """An answer that has come, before its connection is somebody else's."""
    assert answer.rowcount is not None
    return answer


@contextlib.contextmanager
def failing(document: Document, place: str) -> Iterator[None]:
    """Let the store of a document fail, once, at one of PLACES."""
    store: Any = document.engine.store
    write = store.write

    def fail_once(work: Callable[[UnitOfWork], Any]) -> Any:
        store.__dict__.pop("write", None)

        def failing_work(unit: UnitOfWork) -> Any:
            if place == "commit":
                work(unit)
                raise StoreError("planted: could not commit", hint="Try again")
            return work(_Failing(unit, place))

        return write(failing_work)

    store.__dict__["write"] = fail_once
    try:
        yield
    finally:
        store.__dict__.pop("write", None)


class _Failing:
    """A unit of work that fails at one place and is the real one everywhere else."""

    def __init__(self, unit: UnitOfWork, place: str) -> None:
        self._unit, self._place = unit, place

    def __getattr__(self, name: str) -> Any:
        if name == self._place.replace("an ", "").replace(" ", "_"):

            def fail(*_: Any, **__: Any) -> None:
                raise StoreError(f"planted: could not {self._place}", hint="Try again")

            return fail
        return getattr(self._unit, name)


def holds_the_y_document(document: Document) -> bool:
    """Whether the whole Y document was loaded, which reading and most of writing and serving need not."""
    return document.engine.copy.session.replica.whole
