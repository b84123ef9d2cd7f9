"""Builders of what a store holds; each sets only what matters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from chatdoc.model.events.event import Draft
from chatdoc.model.events.types import MessageSent, ProjectCreated, ThreadCreated
from chatdoc.store.ports import (
    DocumentStore,
    Marker,
    Phase,
    Receipt,
    Registration,
    RowPieces,
    Rows,
    UnitOfWork,
)
from chatdoc.store.sqlite.folder import SqliteFolder
from chatdoc.store.sqlite.store import SqliteStore

NOW = 1_700_000_000_000
AT = "2023-11-14T22:13:20.000Z"
DOCUMENT_ID = "01HF7YAT000000000000000000"
OTHER_ID = "01HF7YAT000000000000000009"
GENESIS = b"genesis"


def registration(path: str = "team.chat", document_id: str = DOCUMENT_ID) -> Registration:
    """A document under a path."""
    return Registration(path=path, document_id=document_id, created_at_ms=NOW)


def create(
    stores: SqliteFolder,
    path: str = "team.chat",
    document_id: str = DOCUMENT_ID,
    marker: Marker | None = None,
    *,
    touch: bool = False,
) -> SqliteStore:
    """A store with its genesis entry; `touch` makes its chat file too."""
    if touch:
        (stores.folder / path).touch()
    return stores.create(
        stores.folder / path,
        registration(path, document_id),
        GENESIS,
        origin="migration",
        recorded_at_ms=NOW,
        marker=marker,
    )


def marker(phase: Phase = "committed", source: str = "source", text: str | None = None) -> Marker:
    """How far the migration of a file went."""
    return Marker(
        source_digest=source,
        steps_digest="steps",
        phase=phase,
        backup=f"{source}.backup",
        report=b'{"rows":3}',
        text_digest=text,
    )


def receipt(command_id: str = "command", error: str | None = None) -> Receipt:
    """The answer to a command."""
    return Receipt(
        command_id=command_id,
        command_digest="d" * 64,
        status="accepted" if error is None else "rejected",
        result=b'{"message_id":"01HF7YAT000000000000000001"}',
        error=error,
        aggregate_kind="project",
        aggregate_id=DOCUMENT_ID,
    )


def rows(sequence: int = 1, lines: int = 3) -> Rows:
    """A row snapshot of numbered lines."""
    headers = b"".join(
        b'{"message_id":"%026d","content":"%s"}\n' % (number, b"x" * 200) for number in range(lines)
    )
    return Rows(
        sequence=sequence, known={2**53 - 1: 7, 12: 0}, headers=headers, others=b'thread {"a":1}\nmark {}'
    )


def whole(pieces: RowPieces | None) -> Rows | None:
    """A row snapshot from its pieces."""
    if pieces is None:
        return None
    headers = b"".join(pieces.headers)
    return Rows(sequence=pieces.sequence, known=pieces.known, headers=headers, others=pieces.others)


def appending(
    update: bytes, origin: str = "local", command_id: str | None = None
) -> Callable[[UnitOfWork], int]:
    """Work that appends an update, with the receipt of its command where one is named."""

    def work(unit: UnitOfWork) -> int:
        sequence = unit.append_update(update, origin, recorded_at_ms=NOW)
        if command_id is not None:
            unit.put_receipt(receipt(command_id), recorded_at_ms=NOW, update_sequence=sequence)
        return sequence

    return work


def append(store: DocumentStore, update: bytes, origin: str = "local", command_id: str | None = None) -> int:
    """Append an update in a transaction of its own; returns its sequence."""
    return store.write(appending(update, origin, command_id))


def updates(store: DocumentStore, after: int = 0) -> list[bytes]:
    """What was appended."""
    return [entry.update for entry in store.updates.entries(after)]


def thread_drafts(thread_id: str, messages: int = 2) -> list[Draft]:
    """The events of a thread with some messages."""
    created = ThreadCreated(thread_id=thread_id, project_id="p", title=thread_id, model="m", created_at=AT)
    drafts = [Draft(created, thread_id)]
    for number in range(messages):
        sent = MessageSent(
            thread_id=thread_id,
            message_id=f"{thread_id}-{number}",
            role="user",
            text=f"text {number} of {thread_id}",
            turn_id=None,
            streaming=False,
            created_at=AT,
            updated_at=AT,
        )
        drafts.append(Draft(sent, thread_id, cause=0))
    return drafts


def tell(store: DocumentStore, *drafts: Draft, command_id: str | None = None) -> list[int]:
    """Append events in a transaction of their own; returns their sequences."""
    events = store.write(
        lambda unit: unit.append_events(drafts, at_ms=NOW, command_id=command_id, origin="local")
    )
    return [event.sequence for event in events]


def project() -> Draft:
    """The event that begins a log."""
    created = ProjectCreated(project_id="p", title="t", workspace_root="/", created_at=AT)
    return Draft(created, "p", "project")


def file_of(folder: Path) -> Path:
    """The only store of a folder of chat files."""
    (found,) = (folder / ".chatdoc").glob("*.sqlite3")
    return found
