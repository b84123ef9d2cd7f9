"""Values that go through the ports of a store: entries, receipts, registrations, what a migration or a turn left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from chatdoc.store.process_identity import Process

Phase = Literal["committed", "published", "rolled_back"]
Standing = Literal["registered", "moved", "copied", "replaced", "new"]


class Entry(NamedTuple):
    """One stored update; `sequence` counts from 1 in this log and has no meaning outside it."""

    sequence: int
    update: bytes
    origin: str


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """What sealing did, or would: how many updates and events went into runs, and their bytes before and after."""

    entries: int
    events: int = 0
    bytes_before: int
    bytes_after: int


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """The stored answer to a command id; `result` is JSON, `error` the text of a refusal."""

    command_id: str
    command_digest: str
    status: Literal["accepted", "rejected"]
    result: bytes
    error: str | None = None
    aggregate_kind: Literal["project", "thread"]
    aggregate_id: str
    """The thread the command was for, or the document where it was for no thread."""


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """The facts of a document after the entry `sequence`, so that opening it needs no Y document.

    `known` is the state vector, client to clock; `headers` is JSON Lines of Header facts, `others` every other fact.
    """

    sequence: int
    known: dict[int, int]
    headers: bytes
    others: bytes


class RowPieces(NamedTuple):
    """Rows whose headers come in pieces of whole lines, so that they need not all lie in memory at once."""

    sequence: int
    known: dict[int, int]
    others: bytes
    headers: Iterator[bytes]


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """The document a store belongs to, and the file it was published to last; `path` is that file's name.

    `text_digest` is the digest of the text last published, None before the first one; `text_stat` is how the file that
    held it looked, so that one that still looks so need not be read, and `text_sequence` the last entry of the update
    log that the text has. `released` says that the file of `path` is another document's by now. Once `retired_at_ms` is
    set (after a rollback), the store serves no file, and whoever has it open hears DocumentFailed from the feed.
    """

    path: str
    document_id: str
    created_at_ms: int
    text_digest: str | None = None
    text_stat: str | None = None
    text_sequence: int | None = None
    retired_at_ms: int | None = None
    released: bool = False


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """How far one migration went: of the bytes of `source_digest`, by the steps of `steps_digest`.

    `backup` is a file name in the folder of backups, `report` is JSON, `text_digest` is that of the text that replaced
    the source.
    """

    source_digest: str
    steps_digest: str
    phase: Phase
    backup: str
    report: bytes = b"{}"
    text_digest: str | None = None


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """Who runs a turn: `owner` is an id of one opening of the document, `process` the process it was opened in."""

    message_id: str
    thread_id: str
    owner: str
    process: Process
    taken_at_ms: int
    heartbeat_at_ms: int


class Finding(NamedTuple):
    """Something that is wrong with what is stored: a code that programs know, where, and what."""

    code: str
    where: str
    what: str


class Found(NamedTuple):
    """What is known of a file; `place` is the store that serves it, None for one that has none yet.

    | standing | the file | `place` | `other` |
    | --- | --- | --- | --- |
    | `registered` | is the one its store was published to | its store | None |
    | `moved` | has the document of a store whose own file is gone, or is another document's | that store | None |
    | `copied` | has the document of a store whose own file is still there | None | that store |
    | `replaced` | names another document than the store of its path has | None | the store of its path |
    | `new` | was never seen | None | None |
    """

    standing: Standing
    place: Path | None
    other: Path | None = None


class StoredDocument(NamedTuple):
    """A document of a database; `key` is its place there, `name` the path that its file has below its folder.

    One that was released or retired is not `is_served`, and is found by its key only.
    """

    key: str
    document_id: str
    name: str
    is_served: bool
    is_retired: bool
