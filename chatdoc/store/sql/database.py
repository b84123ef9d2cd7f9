"""Database port: what the parts of a store ask of the database that holds one document's rows.

Statements are written in the words that SQLite and PostgreSQL share, with `?` for a value; a database that spells one
of them otherwise translates it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol, TypeVar

from chatdoc.store.projections.projector import Execute, ExecuteMany
from chatdoc.store.values import Registration

Answer = TypeVar("Answer")
Version = tuple[int, int]
"""Which connection, and what it says of the commits of others; equal ones mean that nobody else has committed."""
Question = tuple[str, Sequence[Any]]
"""A statement and its values."""
Questions = Sequence[Question]
Ahead = Callable[[], Questions]


class Connection(Protocol):
    """Runs statements in the transaction that is open."""

    @property
    def execute(self) -> Execute:
        """Runs one statement."""

    @property
    def executemany(self) -> ExecuteMany:
        """Runs one statement for each row of values."""


class Counts(NamedTuple):
    """Where the logs of a document have come to."""

    update: int
    event: int
    """The last sequence that was ever given to an event."""
    head: bytes | None
    """The digest of the newest event, None before there is one."""
    is_retired: bool


class Catalog(Protocol):
    """What a database knows of one document's tables beyond what is asked in common words."""

    def counts(self) -> Counts:
        """Where the logs have come to, as of the beginning of the open transaction or later."""

    def note_counts(self, counts: Callable[[], Counts]) -> None:
        """Hear where the logs will have come to when the open transaction has ended."""

    def note_registration(self, registration: Registration) -> None:
        """Hear of a registration that the open transaction writes."""

    def given_sequence(self) -> int:
        """The last sequence that was ever given to an event; more than the last one where that is gone."""

    def names(self) -> set[str]:
        """The tables and indexes that are there."""

    def shrink(self, free_share_min: float) -> None:
        """Give the space of rows that are gone back to the disk, where it is such a share and does not go by itself."""

    def damaged_pages(self) -> list[str]:
        """What the database's own check of its pages says; nothing where all is well."""


class Database(Protocol):
    """One document's rows; any thread may use it, one at a time."""

    name: str
    """What errors call it."""
    start_over: str
    """What to do about damage."""
    readonly: bool
    is_closed: bool
    lock: threading.RLock
    catalog: Catalog
    faults: tuple[type[Exception], ...]
    """What statements raise where they fail; `failed` makes errors of them."""
    without_receipt: set[str]
    """Command ids that were looked up in the open transaction and have no receipt."""

    def rows(self, question: str, values: Sequence[Any], doing: str) -> list[tuple[Any, ...]]:
        """All rows that a question has; errors come out as StoreError."""

    def ask(self, read: Callable[[Execute], Answer], doing: str) -> Answer:
        """What `read` finds, as the open transaction sees it where this thread has one."""

    def at_one_moment(self, read: Callable[[], Answer], doing: str) -> Answer:
        """What `read` finds by asking this, all as of one moment; it may be called twice."""

    def ask_at_one_moment(self, read: Callable[[Execute], Answer], doing: str) -> Answer:
        """What `read` finds with an `execute` that sees one moment; it may be called twice."""

    def version(self) -> Version:
        """Changes whenever somebody else committed, or this may have lost count."""

    def transact(self, work: Callable[[], Answer], doing: str, ahead: Ahead = tuple) -> Answer:
        """Do something in one transaction that is written whole or not at all, alone among all who write.

        `ahead` says questions that the work will ask: a database behind a network gets them with the first one.
        """

    def read_ahead(self, questions: Questions) -> None:
        """Hear what the open transaction will ask next, each question once."""

    def change(self, work: Callable[[Execute, ExecuteMany], Answer], doing: str) -> Answer:
        """Write rows, in the transaction that this thread has open, or else in one of its own."""

    def connection(self) -> Connection:
        """What runs statements in a transaction that this thread has open."""

    def failed(self, error: Any, doing: str) -> Exception:
        """The error to raise for one of `faults`."""

    def is_inside(self) -> bool:
        """Whether this thread is within a call that has a transaction open."""

    def reader(self, questions: Sequence[Question]) -> AbstractContextManager[Connection]:
        """Answers these questions as of one moment, whatever others write, and needs no transaction to stay open."""

    def require_writable(self) -> None:
        """Raise ReadOnlyTarget where this was opened for reading only."""

    def require_open(self) -> None:
        """Raise StoreError once this is closed, and DocumentFailed in a child of the process that opened it."""

    def close(self) -> None:
        """Let go of the database."""
