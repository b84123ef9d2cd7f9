"""A document without a file: for tests, simulations, and programs that keep the bytes themselves."""

from __future__ import annotations

from collections.abc import Iterable

from chatdoc.crdt.first_update import genesis
from chatdoc.document import Document
from chatdoc.engine.engine import Engine
from chatdoc.engine.working_copy import WorkingCopy
from chatdoc.model.clock import Clock
from chatdoc.model.facts import Fact
from chatdoc.model.ids import RandomSource
from chatdoc.model.view import apply
from chatdoc.model.view.view import View
from chatdoc.store.memory.store import MemoryStore
from chatdoc.store.ports import Registration


def memory_document(*, clock: Clock, random: RandomSource, facts: Iterable[Fact] = ()) -> Document:
    """An open document in memory that begins with these facts, say those of a migration; nothing is ever written."""
    view, known = View(), {}
    _, added = apply.apply(view, facts, origin="migration")
    store = MemoryStore(Registration(path="", document_id=view.document_id() or "", created_at_ms=clock()))
    if added:
        first = genesis(added)
        store.write(lambda unit: unit.append_update(first.update, "migration", recorded_at_ms=clock()))
        known[first.client_id] = first.length
    copy = WorkingCopy(view, store, random=random, known=known, sequence=store.updates.last_sequence())
    return Document(Engine(store, clock=clock, random=random, copy=copy))
