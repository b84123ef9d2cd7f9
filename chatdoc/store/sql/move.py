"""Forwarding address: a store that was retired because its document moved says where that lives now.

It holds for the retirement it was written with: a document that came back, or was rolled back later, has none.
"""

from __future__ import annotations

from chatdoc.model.errors import DocumentFailed, DocumentMoved
from chatdoc.store.projections.projector import Execute

_PUT = "INSERT OR REPLACE INTO document_move (one, place, retired_at_ms) VALUES (1, ?, ?)"
_GET = (
    "SELECT place FROM document_move WHERE retired_at_ms = (SELECT retired_at_ms FROM document WHERE one = 1)"
)


def put_place(execute: Execute, place: str, *, retired_at_ms: int) -> None:
    """Write the address, in the transaction that retires the document at this moment."""
    execute(_PUT, (place, retired_at_ms))


def place_of(execute: Execute) -> str | None:
    """Where the document lives now; None where it lives here, or was retired for another reason."""
    found = execute(_GET).fetchone()
    return None if found is None else str(found[0])


def retired(execute: Execute, document_id: str, store: str) -> DocumentFailed:
    """The error for who comes to a retired store."""
    place = place_of(execute)
    if place is not None:
        return DocumentMoved.to(place, document_id=document_id, store=store)
    return DocumentFailed(
        f"document {document_id} was rolled back or replaced by another process, so nothing is written to it any more",
        hint="Open it again",
    )
