"""White-box access: everything the kit does behind the public `Document` is here, so nothing else knows the engine.

A writer of one's own needs none of this; simulations need it to crash a document, to let its disk fail, and to compare
what it shows with what it stored.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from chatdoc.crdt import read_update
from chatdoc.crdt.fact_snapshot import rows_of
from chatdoc.crdt.ydoc import Replica
from chatdoc.document import Document
from chatdoc.engine.load import load
from chatdoc.engine.log_diff import updates_until
from chatdoc.model.clock import Clock
from chatdoc.model.errors import DocumentClosed, StoreError
from chatdoc.model.ids import RandomSource
from chatdoc.store.ports import Rows
from chatdoc.store.sqlite.event_log import Journal

PLACES = ("commit", "append an update", "append events")
"""Where a write can be made to fail."""


def is_open(document: Document) -> bool:
    """Whether a document can still be written to."""
    return document.corridor.is_open


def now_ms(document: Document) -> int:
    """The present, as the document's clock has it."""
    return document.corridor.now().ms


def warm(document: Document) -> None:
    """Load the whole Y document, as the first removal or snapshot does."""
    document.corridor.warm()


def known_clocks(document: Document) -> dict[int, int]:
    """The clock after the last item of each client, as the document's state vector has it."""
    return read_update.read_state_vector(document.state_vector())


def logged(document: Document) -> Replica:
    """The Y document that the stored updates make, loaded anew."""
    whole = Replica(1)
    whole.load(updates_until(document.corridor.log, document.corridor.sequence))
    return whole


def logged_updates(document: Document) -> list[bytes]:
    """Every update a document has stored, in their order."""
    return [entry.update for entry in document.corridor.log.entries()]


def reloaded(document: Document, *, clock: Clock, random: RandomSource) -> Document:
    """The document as another process finds it that reads its log from the beginning, or from its last snapshot."""
    opened, _ = load(document.corridor.log, clock=clock, random=random)
    return Document(opened)


def put_rows(document: Document) -> None:
    """Store a snapshot of a document's facts."""
    corridor = document.corridor
    headers, others = rows_of(corridor.view)
    snapshot = Rows(sequence=corridor.sequence, known=dict(corridor.known), headers=headers, others=others)
    corridor.log.put_rows(snapshot, recorded_at_ms=0)


def put_state(document: Document) -> None:
    """Store a snapshot of a document's whole Y document."""
    corridor = document.corridor
    corridor.log.put_state(corridor.sequence, corridor.warm().encode(), recorded_at_ms=0)


def kill(document: Document) -> None:
    """Leave a document as a killed process does: nothing more is written, and its turns are nobody's."""
    document.corridor.freeze(DocumentClosed("its process was killed", hint="Open it again"))
    document.ownership.close()
    if document.corridor.chronicle is not None:
        document.corridor.chronicle.close()


def ownerless(document: Document) -> set[str]:
    """Messages of turns whose owner is dead."""
    return {lease.message_id for lease in document.ownership.dead()}


def journal_of(document: Document) -> Journal:
    """The event log a stored document writes to."""
    assert document.corridor.chronicle is not None, "only a stored document has an event log"
    return document.corridor.chronicle.journal


@contextlib.contextmanager
def failing(document: Document, place: str) -> Iterator[None]:
    """Let the disk of a document fail, once, at one of PLACES."""
    corridor = document.corridor
    holder: Any = journal_of(document) if place == "append events" else corridor.log
    name = "commit" if place == "commit" else "append"

    def fail(*_: Any, **__: Any) -> None:
        holder.__dict__.pop(name)
        if name == "commit":
            corridor.log.rollback()
        raise StoreError(f"planted: could not {place}", hint="Try again")

    holder.__dict__[name] = fail
    try:
        yield
    finally:
        holder.__dict__.pop(name, None)
