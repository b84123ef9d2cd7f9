"""The difference between two checkpoints of a thread is the text that was stored for exactly these two."""

from __future__ import annotations

from chatdoc.errors import NotFound
from chatdoc.projections.projector import Execute

_PUT = (
    "INSERT INTO checkpoint_diff_blobs (thread_id, from_turn_count, to_turn_count, diff, created_at)"
    " VALUES (?, ?, ?, ?, ?) ON CONFLICT (thread_id, from_turn_count, to_turn_count)"
    " DO UPDATE SET diff = excluded.diff, created_at = excluded.created_at"
)
_GET = (
    "SELECT diff FROM checkpoint_diff_blobs WHERE thread_id = ? AND from_turn_count = ? AND to_turn_count = ?"
)
_STORED = (
    "SELECT from_turn_count, to_turn_count FROM checkpoint_diff_blobs WHERE thread_id = ?"
    " ORDER BY to_turn_count DESC, from_turn_count LIMIT 3"
)


def put_diff(
    execute: Execute, thread_id: str, from_turn: int, to_turn: int, diff: str, *, created_at: str
) -> None:
    """Store the text of a difference; one that is there is replaced."""
    execute(_PUT, (thread_id, from_turn, to_turn, diff, created_at))


def turn_diff(execute: Execute, thread_id: str, from_turn: int, to_turn: int) -> str:
    """The text stored for these two checkpoints; raises NotFound."""
    found = execute(_GET, (thread_id, from_turn, to_turn)).fetchone()
    if found is not None:
        text: str = found[0]
        return text
    stored = [f"{first} to {last}" for first, last in execute(_STORED, (thread_id,))]
    raise NotFound(
        f"no difference is stored for thread {thread_id} from turn {from_turn} to turn {to_turn}",
        hint=f"The latest of this thread are {', '.join(stored)}" if stored else "This thread has none",
    )
