"""A document that has lost its file is shown no more: what it said is told to be gone by what retires it.

Its log of updates and its events stay; opened again, say by another migration, its threads are told anew.
"""

from __future__ import annotations

from chatdoc.model.clock import iso
from chatdoc.model.events.derive import farewell
from chatdoc.model.events.event import Draft
from chatdoc.model.view.view import View
from chatdoc.store.projections.fold import fold
from chatdoc.store.sqlite.registration import Marker
from chatdoc.store.sqlite.store import Store


def retire(
    store: Store, name: str, view: View, *, origin: str, recorded_at_ms: int, marker: Marker | None = None
) -> None:
    """Free a document's path, and tell that its threads are gone unless a copy of it is still here. Raises NotFound."""
    journal, ids = store.journal(), set(view.document_values.get("document_id", ()))
    copied = any(one.path != name and one.document_id in ids for one in store.registrations())
    drafts: list[Draft] = []
    if journal.began(store.log(name).number) and not copied:
        drafts = list(farewell(view, now_iso=iso(recorded_at_ms)))

    def tell() -> None:
        if drafts:
            events = journal.append(drafts, at_ms=recorded_at_ms, command_id=None, origin=origin)
            journal.fold(fold, events)

    store.retire_document(name, marker=marker, recorded_at_ms=recorded_at_ms, also=tell)
