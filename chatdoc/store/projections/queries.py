"""One row is read by its key with one statement, as the value a reader wants; None where there is none."""

from __future__ import annotations

from typing import Any

from chatdoc.model.errors import NotFound
from chatdoc.store import row_digests
from chatdoc.store.projections.projector import Execute
from chatdoc.store.projections.row_types import (
    Approval,
    PlacedMessage,
    Session,
    ThreadRow,
    Turn,
    TurnCounts,
)
from chatdoc.store.projections.snapshot import session_of

_MESSAGE = (
    "SELECT message_id, thread_id, turn_id, role, text, is_streaming, created_at, updated_at"
    " FROM projection_thread_messages WHERE message_id = ?"
)
_LAST_MESSAGES = (
    "SELECT message_id, thread_id, turn_id, role, text, is_streaming, created_at, updated_at"
    " FROM projection_thread_messages WHERE thread_id = ?"
    " ORDER BY created_at DESC, message_id DESC LIMIT ?"
)
_MESSAGES_BEFORE = _LAST_MESSAGES.replace(
    " ORDER BY",
    " AND (created_at, message_id) < (SELECT created_at, message_id FROM"
    " projection_thread_messages WHERE message_id = ? AND thread_id = ?) ORDER BY",
)
_THREAD = (
    "SELECT thread_id, project_id, title, model, branch, worktree_path, latest_turn_id, created_at, updated_at,"
    " deleted_at FROM projection_threads"
)
_SESSION = (
    "SELECT thread_id, status, provider_name, provider_session_id, provider_thread_id, active_turn_id,"
    " last_error, updated_at FROM projection_thread_sessions WHERE thread_id = ?"
)
_TURN = (
    "SELECT turn_id, thread_id, turn_count, status, user_message_id, assistant_message_id, started_at,"
    " completed_at FROM projection_thread_turns WHERE "
)
_TURN_IDS = (
    "SELECT turn_id FROM projection_thread_turns WHERE thread_id = ?"
    " UNION SELECT turn_id FROM projection_thread_messages WHERE thread_id = ? AND turn_id IS NOT NULL"
    " UNION SELECT turn_id FROM projection_thread_activities WHERE thread_id = ? AND turn_id IS NOT NULL"
    " UNION SELECT row_id FROM reverted_rows WHERE thread_id = ? AND table_name = 'projection_thread_turns'"
)
_COUNTS = (
    "SELECT thread_id, count(*), count(CASE status WHEN 'running' THEN 1 END)"
    " FROM projection_thread_turns GROUP BY thread_id"
)
_APPROVAL = (
    "SELECT request_id, thread_id, turn_id, status, decision, created_at, resolved_at"
    " FROM projection_pending_approvals WHERE "
)


_ROOT = "SELECT workspace_root FROM projection_projects"


def workspace_root(execute: Execute) -> str | None:
    """The folder of the project."""
    found = execute(_ROOT).fetchone()
    return None if found is None else str(found[0])


def message(execute: Execute, message_id: str) -> PlacedMessage | None:
    """The message of an id."""
    found = execute(_MESSAGE, (message_id,)).fetchone()
    return None if found is None else _placed(found)


def messages(execute: Execute, thread_id: str, limit: int | None, before: str | None) -> list[PlacedMessage]:
    """The last messages of a thread, or the last ones before one of them, by date and id."""
    most = -1 if limit is None else limit
    if before is None:
        rows = execute(_LAST_MESSAGES, (thread_id, most))
    else:
        rows = execute(_MESSAGES_BEFORE, (thread_id, before, thread_id, most))
    return [_placed(row) for row in rows][::-1]


def thread(execute: Execute, thread_id: str) -> ThreadRow | None:
    """The thread of an id, without what is in it."""
    found = execute(f"{_THREAD} WHERE thread_id = ?", (thread_id,)).fetchone()
    return None if found is None else _thread_of(found)


def threads(execute: Execute) -> list[ThreadRow]:
    """Every thread without what is in it, by its date and id."""
    return [_thread_of(row) for row in execute(f"{_THREAD} ORDER BY created_at, thread_id")]


def session(execute: Execute, thread_id: str) -> Session | None:
    """What the agent of a thread is doing."""
    found = execute(_SESSION, (thread_id,)).fetchone()
    return None if found is None else session_of(found)


def turn(execute: Execute, turn_id: str) -> Turn | None:
    """The turn of an id."""
    found = execute(f"{_TURN}turn_id = ?", (turn_id,)).fetchone()
    return None if found is None else _turn_of(*found)


def turns(execute: Execute, thread_id: str) -> list[Turn]:
    """The turns of a thread, in the order in which they started."""
    rows = execute(f"{_TURN}thread_id = ? ORDER BY started_at, turn_id", (thread_id,))
    return [_turn_of(*row) for row in rows]


def turn_ids(execute: Execute, thread_id: str) -> set[str]:
    """Every turn that a row of the thread belongs to, also those that a revert hides and those that never began."""
    return {found for (found,) in execute(_TURN_IDS, (thread_id,) * 4)}


def approval(execute: Execute, request_id: str) -> Approval | None:
    """The request of an id, answered or not."""
    found = execute(f"{_APPROVAL}request_id = ?", (request_id,)).fetchone()
    return None if found is None else _approval_of(*found)


def pending_approvals(execute: Execute, thread_id: str | None = None) -> list[Approval]:
    """Requests that wait for an answer, the oldest first; of one thread or of all."""
    where, values = ("", ()) if thread_id is None else ("thread_id = ? AND ", (thread_id,))
    rows = execute(f"{_APPROVAL}{where}status = 'pending' ORDER BY created_at, request_id", values)
    return [_approval_of(*row) for row in rows]


def turn_counts(execute: Execute) -> dict[str, TurnCounts]:
    """How many turns each thread has that has any."""
    return {
        thread_id: TurnCounts(turns=all_, running=running) for thread_id, all_, running in execute(_COUNTS)
    }


def _placed(row: Any) -> PlacedMessage:
    message_id, thread_id, turn_id, role, text, streaming, created_at, updated_at = row
    return PlacedMessage(
        id=message_id,
        thread_id=thread_id,
        turn_id=turn_id,
        role=role,
        text=text,
        streaming=streaming != 0,
        created_at=created_at,
        updated_at=updated_at,
    )


def _thread_of(row: Any) -> ThreadRow:
    thread_id, project_id, title, model, branch, path, latest_turn_id, created_at, updated_at, deleted_at = (
        row
    )
    return ThreadRow(
        id=thread_id,
        project_id=project_id,
        title=title,
        model=model,
        branch=branch,
        worktree_path=path,
        latest_turn_id=latest_turn_id,
        created_at=created_at,
        updated_at=updated_at,
        deleted_at=deleted_at,
    )


def _turn_of(
    turn_id: str,
    thread_id: str,
    turn_count: int | None,
    status: str,
    user_message_id: str | None,
    assistant_message_id: str | None,
    started_at: str,
    completed_at: str | None,
) -> Turn:
    return Turn(
        turn_id=turn_id,
        thread_id=thread_id,
        turn_count=turn_count,
        status=status,
        user_message_id=user_message_id,
        assistant_message_id=assistant_message_id,
        started_at=started_at,
        completed_at=completed_at,
    )


def _approval_of(
    request_id: str,
    thread_id: str,
    turn_id: str | None,
    status: str,
    decision: str | None,
    created_at: str,
    resolved_at: str | None,
) -> Approval:
    return Approval(
        request_id=request_id,
        thread_id=thread_id,
        turn_id=turn_id,
        status=status,
        decision=decision,
        created_at=created_at,
        resolved_at=resolved_at,
    )


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
    row_digests.put_diff(execute, thread_id, from_turn, to_turn)


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
