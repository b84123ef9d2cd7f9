"""Overlapped hashing: the digest of a large text is made while its bytes come from the disk, or go there."""

from __future__ import annotations

import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from queue import SimpleQueue

from chatdoc.engine.overlapped import LARGE_BYTES, Overlapped, begun
from chatdoc.engine.read_file import read_bytes


def digest_of(parts: Sequence[bytes | memoryview]) -> Overlapped[str]:
    """The SHA-256 of a text that is given in parts, in hex; made while its caller goes on."""
    return Overlapped(lambda: _hashed(parts), size_bytes=sum(map(len, parts)))


def read_with_digest(path: Path) -> tuple[bytes, str]:
    """A file's bytes and their SHA-256 in hex; see `read_bytes`."""
    pieces: SimpleQueue[bytes] = SimpleQueue()
    made: list[str] = []

    def make() -> None:
        hashed = sha256()
        for piece in iter(pieces.get, b""):
            hashed.update(piece)
        made.append(hashed.hexdigest())

    thread = None
    try:
        thread = begun(make) if _size(path) >= LARGE_BYTES else None
        text = read_bytes(path, None if thread is None else pieces.put)
    finally:
        pieces.put(b"")
    if thread is not None:
        thread.join()
    return text, made[0] if made else sha256(text).hexdigest()


def _hashed(parts: Sequence[bytes | memoryview]) -> str:
    made = sha256()
    for part in parts:
        made.update(part)
    return made.hexdigest()


def _size(path: Path) -> int:
    try:
        return os.stat(path).st_size
    except OSError:  # Reading says what is wrong with it.
        return 0
