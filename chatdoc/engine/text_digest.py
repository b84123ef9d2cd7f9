"""Overlapped hashing: the digest of a large text is made while its bytes go to the disk.

Hashing lets go of the interpreter's lock, and writing waits for the disk, so that together they take as long as one.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from hashlib import sha256

LARGE_BYTES = 1_048_576
"""Below that, beginning a thread costs more than hashing."""


class TextDigest:
    """The SHA-256 of a text that is given in parts, in hex."""

    def __init__(self, parts: Sequence[bytes | memoryview]) -> None:
        self._parts = parts
        self._made: str | None = None
        self._thread: threading.Thread | None = None
        if sum(map(len, parts)) >= LARGE_BYTES:
            thread = threading.Thread(target=self._make, name="chatdoc-digest", daemon=True)
            with contextlib.suppress(
                RuntimeError
            ):  # No more threads may be begun; then it is made when it is asked.
                thread.start()
                self._thread = thread

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
