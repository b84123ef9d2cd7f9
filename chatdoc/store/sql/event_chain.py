"""Hash chain over events: each digest covers the one before it, of its stream and of the log, so a change is found."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import msgspec

HALF = 16
"""Bytes of one digest, a SHA-256 that is cut; a row has two, that of its stream and that of the log."""
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
