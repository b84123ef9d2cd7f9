"""A log in memory with its folded tables, and builders of what happens; each sets only what matters."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from msgspec import UNSET, UnsetType

from chatdoc.model.clock import iso
from chatdoc.model.events.event import Event, Unknown
from chatdoc.model.events.types import (
    TYPE_OF,
    Activity,
    ActivityAppended,
    CheckpointStatus,
    MessageSent,
    Payload,
    ProjectCreated,
    Role,
    Session,
    SessionSet,
    SessionStatus,
    ThreadCreated,
    Tone,
    TurnDiffCompleted,
)
from chatdoc.store.projections.fold import PROJECTORS, fold, prepare, rebuild
from chatdoc.store.sqlite import schema

BASE_MS = 1_700_000_000_000
TABLES = (*(table for projector in PROJECTORS for table in projector.tables), "reverted_rows")
Rows = dict[str, list[tuple[Any, ...]]]


def moment(number: int) -> str:
    """A date, later for greater numbers."""
    return iso(BASE_MS + number)


def empty_store() -> sqlite3.Connection:
    """A store in memory with every schema step taken; transactions are begun and ended by hand."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("BEGIN")
    schema.begin(connection.execute)
    schema.advance(connection.execute)
    prepare(connection.execute)
    connection.execute("COMMIT")
    return connection


def event(sequence: int, payload: Payload | Unknown, metadata: dict[str, Any] | None = None) -> Event:
    """What happened as number `sequence`, at the moment of that number."""
    known = TYPE_OF.get(type(payload), "thread.from-the-future")
    return Event(
        sequence=sequence,
        event_id=f"event-{sequence}",
        aggregate_kind="project" if isinstance(payload, ProjectCreated) else "thread",
        stream_id=getattr(payload, "thread_id", "p"),
        stream_version=sequence,
        event_type=known,
        occurred_at=moment(sequence),
        payload=payload,
        metadata=metadata or {},
    )


class World:
    """A log and its projections; what happens is folded at once, each batch in a transaction of its own."""

    def __init__(self, *payloads: Payload | Unknown) -> None:
        self.connection = empty_store()
        self.execute = self.connection.execute
        self.events: list[Event] = []
        if payloads:
            self.happen(*payloads)

    def append(self, *payloads: Payload | Unknown, metadata: dict[str, Any] | None = None) -> list[Event]:
        """Put events into the log and fold nothing."""
        first = len(self.events) + 1
        new = [event(number, payload, metadata) for number, payload in enumerate(payloads, first)]
        self.events.extend(new)
        return new

    def happen(self, *payloads: Payload | Unknown, metadata: dict[str, Any] | None = None) -> int:
        """Append and fold in one transaction; returns the last sequence."""
        kept = len(self.events)
        self.execute("BEGIN")
        try:
            fold(self.execute, self.append(*payloads, metadata=metadata), self.read)
        except BaseException:
            self.execute("ROLLBACK")
            del self.events[kept:]
            raise
        self.execute("COMMIT")
        return len(self.events)

    def read(self, after: int, limit: int) -> Sequence[Event]:
        """The log, as the store reads it."""
        return self.events[after : after + limit]

    def rows(self, question: str, *values: Any) -> list[Any]:
        """What a question finds; rows of one column as that column."""
        found = self.execute(question, values).fetchall()
        return [row[0] if len(row) == 1 else row for row in found]

    def states(self) -> dict[str, int]:
        """How far each projector has come."""
        return dict(self.execute("SELECT projector, last_applied_sequence FROM projection_state").fetchall())

    def tables(self) -> Rows:
        """Every folded row, and the states."""
        return dump(self.connection)

    def rebuilt(self) -> Rows:
        """Every row as it is when all are thrown away and folded from zero."""
        other = empty_store()
        other.execute("BEGIN")
        rebuild(other.execute, self.read, executemany=other.executemany)
        other.execute("COMMIT")
        found = dump(other)
        other.close()
        return found


def dump(connection: sqlite3.Connection) -> Rows:
    """Every folded row of a store, and the states."""
    return {
        table: sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=repr)
        for table in (*TABLES, "projection_state")
    }


def project(project_id: str = "p", title: str = "Work") -> ProjectCreated:
    """A folder begins."""
    return ProjectCreated(project_id=project_id, title=title, workspace_root="/there", created_at=moment(0))


def thread(thread_id: str = "t", title: str = "Plan") -> ThreadCreated:
    """A thread comes."""
    return ThreadCreated(thread_id=thread_id, project_id="p", title=title, model="", created_at=moment(0))


def message(
    message_id: str,
    text: str = "Hi",
    *,
    role: Role = "user",
    turn: str | None = None,
    streaming: bool = False,
    thread_id: str = "t",
    at: int = 1,
) -> MessageSent:
    """A message comes or goes on."""
    return MessageSent(
        thread_id=thread_id,
        message_id=message_id,
        role=role,
        text=text,
        turn_id=turn,
        streaming=streaming,
        created_at=moment(at),
        updated_at=moment(at),
    )


def answer(
    message_id: str, text: str = "", *, turn: str | None = None, streaming: bool = True, at: int = 1
) -> MessageSent:
    """A piece of the assistant's answer, or with `streaming` False its end."""
    return message(message_id, text, role="assistant", turn=turn, streaming=streaming, at=at)


def session(
    status: SessionStatus = "running",
    turn: str | None = None,
    *,
    user: str | UnsetType | None = UNSET,
    at: int = 1,
    thread_id: str = "t",
    **more: Any,
) -> SessionSet:
    """What the agent does now."""
    said = Session(status=status, active_turn_id=turn, user_message_id=user, updated_at=moment(at), **more)
    return SessionSet(thread_id=thread_id, session=said)


def activity(
    activity_id: str,
    kind: str = "tool.completed",
    *,
    turn: str | None = None,
    tone: Tone = "tool",
    payload: Any = None,
    at: int = 1,
    thread_id: str = "t",
) -> ActivityAppended:
    """Something an agent did."""
    one = Activity(
        id=activity_id,
        tone=tone,
        kind=kind,
        summary=f"{kind} happened",
        payload=payload,
        turn_id=turn,
        created_at=moment(at),
    )
    return ActivityAppended(thread_id=thread_id, activity=one)


def checkpoint(
    turn: str,
    count: int,
    *,
    status: CheckpointStatus = "ready",
    message_id: str | None = None,
    at: int = 1,
    thread_id: str = "t",
) -> TurnDiffCompleted:
    """A turn's work was saved as the thread's checkpoint number `count`."""
    return TurnDiffCompleted(
        thread_id=thread_id,
        turn_id=turn,
        checkpoint_turn_count=count,
        checkpoint_ref=f"refs/{thread_id}/{count}/{turn}",
        status=status,
        assistant_message_id=message_id,
        completed_at=moment(at),
    )


def whole_turn(number: int, *, thread_id: str = "t") -> list[Payload]:
    """A user message, the turn that answers it, one activity and its checkpoint."""
    user, turn, at = f"u{number}", f"a{number}", number * 10
    return [
        message(user, f"ask {number}", thread_id=thread_id, at=at),
        message(turn, role="assistant", turn=turn, streaming=True, text="", thread_id=thread_id, at=at + 1),
        session("running", turn, user=user, at=at + 1, thread_id=thread_id),
        activity(f"act{number}", turn=turn, at=at + 2, thread_id=thread_id),
        message(turn, f"done {number}", role="assistant", turn=turn, thread_id=thread_id, at=at + 3),
        session("ready", None, at=at + 3, thread_id=thread_id),
        checkpoint(turn, number, message_id=turn, at=at + 4, thread_id=thread_id),
    ]
