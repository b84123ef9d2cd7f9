"""A digest binds stored bytes to their document and place, so that changed, moved and swapped ones are told apart."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from hashlib import sha256

import msgspec

from chatdoc.store.ports import Receipt

DIGEST_BYTES = 16
"""So much of a SHA-256 is kept: no accident and no flipped bit comes near it, and a row is shorter."""
PIECE_BYTES = 131_072
"""What fits the processor's cache: reading, checking and decoding a piece each find it there."""


def of_update(document_id: bytes, sequence: int, origin: str, recorded_at_ms: int, update: bytes) -> bytes:
    """The digest of one entry."""
    head = b"%b\0%d\0%d\0%b\0" % (
        document_id,
        sequence,
        recorded_at_ms,
        origin.encode("utf-8", "surrogatepass"),
    )
    return sha256(head + update).digest()[:DIGEST_BYTES]


def holds(
    digest: object, document_id: bytes, sequence: int, origin: object, recorded_at_ms: object, update: object
) -> bool:
    """Whether an entry as it was read is the one its digest was made of; damage can change the types as well."""
    return (
        type(origin) is str
        and type(recorded_at_ms) is int
        and type(update) is bytes
        and of_update(document_id, sequence, origin, recorded_at_ms, update) == digest
    )


def of_receipt(
    document_id: bytes,
    receipt: Receipt,
    update_sequence: int | None,
    result_sequence: int,
    recorded_at_ms: int,
) -> bytes:
    """The digest of one receipt, all of its columns."""
    said = [document_id, receipt, update_sequence, result_sequence, recorded_at_ms]
    return sha256(msgspec.msgpack.encode(said)).digest()[:DIGEST_BYTES]


def of_snapshot(
    document_id: bytes, sequence: int, known: str, pieces: Iterable[tuple[str, int, int, bytes]]
) -> bytes:
    """The digest of a snapshot: what it covers, and part, number, checksum and digest of each of its pieces."""
    return sha256(msgspec.msgpack.encode([document_id, sequence, known, list(pieces)])).digest()


def checksum(piece: bytes) -> int:
    """CRC-32: it sees what a disk does, and costs a third of a digest; the log stays the truth."""
    return zlib.crc32(piece)


def pieces(data: bytes) -> Iterator[bytes]:
    """Cut lines into pieces of at least PIECE_BYTES but the last."""
    view = memoryview(data)
    start = 0
    while start < len(data):
        end = start + PIECE_BYTES
        if end < len(data):
            end = data.find(b"\n", end - 1) + 1 or len(data)
        yield bytes(view[start:end])
        start = end
