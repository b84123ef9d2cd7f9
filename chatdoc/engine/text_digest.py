"""Overlapped hashing: the digest of a large text is made while its bytes come from the disk, or go there.

Hashing lets go of the interpreter's lock, and so do reading and writing: together they take as long as one of them.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from queue import SimpleQueue

from chatdoc.engine.read_file import read_bytes

LARGE_BYTES = 1_048_576
"""Below that, beginning a thread costs more than hashing."""


class TextDigest:
    """The SHA-256 of a text that is given in parts, in hex."""

    def __init__(self, parts: Sequence[bytes | memoryview]) -> None:
        self._parts = parts
        self._made: str | None = None
        self._thread = _begun(self._make) if sum(map(len, parts)) >= LARGE_BYTES else None

    def result(self) -> str:
        """The digest, waited for; made here where no thread has made it."""
        if self._thread is not None:
            self._thread.join()
        return self._made or self._make()

    def _make(self) -> str:
        made = sha256()
        for part in self._parts:
            made.update(part)
        self._made = made.hexdigest()
        return self._made


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
        thread = _begun(make) if _size(path) >= LARGE_BYTES else None
        text = read_bytes(path, None if thread is None else pieces.put)
    finally:
        pieces.put(b"")
    if thread is not None:
        thread.join()
    return text, made[0] if made else sha256(text).hexdigest()


def _begun(work: Callable[[], object]) -> threading.Thread | None:
    """A thread that does some work; None where no more threads may be begun, and whoever asks does it himself."""
    thread = threading.Thread(target=work, name="chatdoc-digest", daemon=True)
    try:
        thread.start()
    except RuntimeError:
        return None
    return thread


def _size(path: Path) -> int:
    try:
        return os.stat(path).st_size
    except OSError:  # Reading says what is wrong with it.
        return 0
