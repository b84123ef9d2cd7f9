"""Overlapped hashing: the digest of a large text is made while its bytes go to the disk.

Hashing lets go of the interpreter's lock, and writing waits for the disk, so that together they take as long as one.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from hashlib import sha256

LARGE_BYTES = 1_048_576
"""Below that, beginning a thread costs more than hashing."""


class TextDigest:
    """The SHA-256 of a text that is given in parts, in hex."""

    def __init__(self, parts: Sequence[bytes | memoryview]) -> None:
        self._parts, self._hash = parts, sha256()
        self._thread: threading.Thread | None = None
        if sum(map(len, parts)) < LARGE_BYTES:
            self._update()
        else:
            self._thread = threading.Thread(target=self._update, name="chatdoc-digest", daemon=True)
            self._thread.start()

    def result(self) -> str:
        """The digest, once it is made."""
        if self._thread is not None:
            self._thread.join()
        return self._hash.hexdigest()

    def _update(self) -> None:
        for part in self._parts:
            self._hash.update(part)
