"""Snapshot: the whole Y document as one update replaces those before it for loading, once reloaded and found equal.

The updates themselves stay in the log: they are the bytes that arrived.
"""

from __future__ import annotations

import msgspec

from chatdoc.crdt.ydoc import Replica
from chatdoc.engine.engine import Engine
from chatdoc.model.errors import DocumentFailed


class Compacted(msgspec.Struct, frozen=True, kw_only=True):
    """The snapshot that was stored: its entries and bytes, and the last entry of the log it covers."""

    entries: int
    update_bytes: int
    sequence: int


def compact(engine: Engine) -> Compacted:
    """Store the whole document as one update.

    Raises DocumentFailed, with nothing replaced, when the update does not load to the same entries again: pycrdt can
    hold a document that its own encoding does not give back.
    """
    with engine.lock:
        engine.make_ready()
        session = engine.copy.session
        replica = session.warm()
        entries, update = replica.entries(), replica.encode()
        again = Replica(replica.client_id)
        again.load([update])
        if again.entries() != entries:
            raise DocumentFailed(
                f"a snapshot of {len(update)} bytes does not load to the {len(entries)} entries it was made of",
                hint="Nothing was replaced; please report this, with the versions of pycrdt and of Python",
            )
        engine.store.snapshots.put_state(session.sequence, update, recorded_at_ms=engine.clock())
        return Compacted(entries=len(entries), update_bytes=len(update), sequence=session.sequence)
