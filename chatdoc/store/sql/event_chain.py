"""Hash chain over events: each digest covers the one before it, of its stream and of the log, so a change is found.

Counters say where it has come to, and where the updates have; each transaction counts on from the last COMMIT.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import msgspec

from chatdoc.store.sql.database import Counts, Question, Version

HALF = 16
"""Bytes of one digest, a SHA-256 that is cut; a row has two, that of its stream and that of the log."""
_SINCE = (
    "SELECT sequence, aggregate_kind, stream_id, stream_version, digest FROM orchestration_events"
    " WHERE sequence >= ? ORDER BY sequence LIMIT ?"
)
_SINCE_MAX = 200
_STREAMS_MAX = 1_000
_told = msgspec.msgpack.Encoder().encode


class Chain:
    """The digests of one document's events; columns are ordered as in `codec.COLUMNS`."""

    def __init__(self, document_id: str) -> None:
        self.first = sha256(document_id.encode("utf-8", "surrogatepass")).digest()[:HALF]
        """What the first event of every stream, and of the log, is chained to."""

    def digest(self, before_in_stream: bytes, before_in_log: bytes, columns: Sequence[Any]) -> bytes:
        """Both halves of an event's digest."""
        told = _told(columns)
        return sha256(before_in_stream + told).digest()[:HALF] + sha256(before_in_log + told).digest()[:HALF]

    def half(self, before: bytes, columns: Sequence[Any]) -> bytes:
        """One half of it: `before` is the same half of the event before, in its stream or in the log."""
        return sha256(before + _told(columns)).digest()[:HALF]


class Counters:
    """Where the logs have come to, as this transaction sees it; `version` says of which commits."""

    def __init__(self, counts: Counts, version: Version, chain: Chain) -> None:
        self.version = version
        self.update, self.event = counts.update, counts.event
        self.update_digest: bytes | None = None
        """That of the last update, where it was appended here."""
        self.head: bytes = chain.first if counts.head is None else counts.head[HALF:]
        """The digest of the newest event, in the log."""
        self.digest = counts.head
        self.retired = counts.is_retired
        self.streams: dict[tuple[str, str], tuple[int, bytes]] = {}
        """The newest version and digest of streams written here."""

    def since(self) -> Question:
        """What asks for the events that others have appended since, behind the last one known here."""
        return _SINCE, (self.event, _SINCE_MAX)

    def carry_on(self, before: Counters, since: Sequence[Any]) -> None:
        """Go on with the streams as they were before, and what was appended since; with none where that is unclear."""
        if not since or len(since) == _SINCE_MAX or len(before.streams) > _STREAMS_MAX:
            return
        if (
            since[0][0] != before.event or since[0][-1] != before.digest
        ):  # The log was rewritten, or compacted.
            return
        self.streams = before.streams
        for _, kind, stream_id, version, digest in since[1:]:
            self.streams[kind, stream_id] = version, digest[:HALF]

    def copy(self) -> Counters:
        """The same counters, to go back to."""
        copied = object.__new__(Counters)  # A group asks for each of its commands, and `copy.copy` is slow.
        copied.__dict__ = self.__dict__ | {"streams": dict(self.streams)}
        return copied

    def counts(self) -> Counts:
        """Where the logs have come to."""
        return Counts(self.update, self.event, self.digest, self.retired)
