"""Prefix check of a growing file: digests of its blocks say whether what was read is still there, at a flat cost.

While a file only grows in place, its first block and the last ones before the cursor are compared; where it was
replaced, shrank or kept its size, all blocks are. `audit` always compares all.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import BinaryIO

BLOCK_BYTES = 256 * 1024
DIGEST_BYTES = 16


class Prefix:
    """The digests of what was read of one file: `known` ones and those that were asked for are not read again."""

    def __init__(self, known: bytes = b"", known_to: int = 0) -> None:
        self._known, self._to = known, known_to

    def digests_to(self, file: BinaryIO, cursor: int) -> bytes:
        """The digests of all blocks before a cursor, the last one of what it has."""
        whole = min(self._to, cursor) // BLOCK_BYTES
        found = [self._known[: whole * DIGEST_BYTES]]
        for start in range(whole * BLOCK_BYTES, cursor, BLOCK_BYTES):
            found.append(_digest(file, start, min(cursor, start + BLOCK_BYTES)))
        self._known, self._to = b"".join(found), cursor
        return self._known


def is_intact(file: BinaryIO, cursor: int, digests: bytes, *, every: bool) -> bool:
    """Whether the bytes before the cursor are those that were read; `every` compares all blocks."""
    count = -(-cursor // BLOCK_BYTES)
    if len(digests) != count * DIGEST_BYTES:
        return False
    numbers = range(count) if every or count <= 2 else (0, count - 2, count - 1)
    return all(
        _digest(file, number * BLOCK_BYTES, min(cursor, (number + 1) * BLOCK_BYTES))
        == digests[number * DIGEST_BYTES : (number + 1) * DIGEST_BYTES]
        for number in numbers
    )


def _digest(file: BinaryIO, start: int, end: int) -> bytes:
    file.seek(start)
    return blake2b(file.read(end - start), digest_size=DIGEST_BYTES).digest()
