"""A stored document whose clock and ids follow from a number, and looks into its tables."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

from chatdoc.document import Document
from chatdoc.open import open_document
from chatdoc.testing.clocks import ManualClock
from tests.store_file import ask as ask

TABLES = (
    "projection_projects",
    "projection_threads",
    "projection_thread_messages",
    "projection_thread_activities",
    "projection_thread_sessions",
    "projection_thread_turns",
    "projection_checkpoints",
    "projection_pending_approvals",
    "projection_state",
    "pending_turn_starts",
    "reverted_rows",
)


def opened(
    folder: Path, name: str = "team.chat", seed: int = 1, clock: ManualClock | None = None
) -> Document:
    """A document in a folder, as one process opens it."""
    return open_document(
        folder / name, clock=clock or ManualClock(), random=Random(seed).randbytes, durability="normal"
    )


def folded(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every folded row of a folder, in a fixed order."""
    return {table: sorted(ask(folder, f"SELECT * FROM {table}"), key=repr) for table in TABLES}


def thread_of(document: Document) -> str:
    """The thread of a document that has one."""
    return document.threads()[0].thread_id
