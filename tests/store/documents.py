"""Builders of what a store holds; each sets only what matters."""

from __future__ import annotations

from chatdoc.store.ports import Receipt, Rows
from chatdoc.store.sqlite.registration import Marker, Phase, Registration
from chatdoc.store.sqlite.store import Store
from chatdoc.store.sqlite.update_log import SqliteLog

NOW = 1_700_000_000_000
DOCUMENT_ID = "01HF7YAT000000000000000000"
GENESIS = b"genesis"


def registration(path: str, document_id: str = DOCUMENT_ID) -> Registration:
    """A document under a path."""
    return Registration(path=path, document_id=document_id, created_at_ms=NOW)


def begin(store: Store, path: str, document_id: str = DOCUMENT_ID, marker: Marker | None = None) -> SqliteLog:
    """A document with its genesis entry."""
    return store.begin_document(
        registration(path, document_id), GENESIS, origin="migration", recorded_at_ms=NOW, marker=marker
    )


def marker(path: str, phase: Phase = "backed_up", source: str = "source", text: str | None = None) -> Marker:
    """How far the migration of a file went."""
    return Marker(
        path=path,
        source_digest=source,
        steps_digest="steps",
        phase=phase,
        backup=f"{path}.backup",
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
