"""A snapshot of the whole Y document replaces the updates before it, for loading, once it was reloaded and found equal.

The updates themselves stay in the log: they are the bytes that arrived.
"""

from __future__ import annotations

import msgspec

from chatdoc.crdt.ydoc import Replica
from chatdoc.engine.execute import Corridor
from chatdoc.model.errors import DocumentFailed


class Compacted(msgspec.Struct, frozen=True, kw_only=True):
    """The snapshot that was stored: its entries and bytes, and the last entry of the log it covers."""

    entries: int
    update_bytes: int
    sequence: int


def compact(corridor: Corridor, *, recorded_at_ms: int) -> Compacted:
    """Store the whole document as one update.

    Raises DocumentFailed, with nothing replaced, when the update does not load to the same entries again: pycrdt can
    hold a document that its own encoding does not give back.
    """
    corridor.require_open()
    corridor.catch_up()
    replica = corridor.session.warm()
    entries, update = replica.entries(), replica.encode()
    again = Replica(replica.client_id)
    again.load([update])
    if again.entries() != entries:
        raise DocumentFailed(
            f"a snapshot of {len(update)} bytes does not load to the {len(entries)} entries it was made of",
            hint="Nothing was replaced; please report this, with the versions of pycrdt and of Python",
        )
    sequence = corridor.session.sequence
    corridor.log.put_state(sequence, update, recorded_at_ms=recorded_at_ms)
    return Compacted(entries=len(entries), update_bytes=len(update), sequence=sequence)
