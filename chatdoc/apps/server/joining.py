"""What a joiner lacks, as messages: a document is cut once for all who come with nothing, and kept for a while.

It comes from the log, and the Y document is not loaded for it. Its pieces reach a client while it is still busy with
those before, and a turn of the room is not longer for the second client, nor for the hundredth.
"""

from __future__ import annotations

from chatdoc.apps.server import wire
from chatdoc.crdt.read_update import read_state_vector
from chatdoc.document import Document

PIECE_BYTES = 4 * 1024 * 1024
"""Yjs takes 50 MB a quarter faster in these than at once; with smaller ones a busy machine waits once for each."""
NEWS_BYTES_MAX = PIECE_BYTES
"""With more that came since, the document is cut anew."""


class Joining:
    """Asked in the turns of one room; `drop` may be called by whoever finds that nobody has come for long."""

    def __init__(self) -> None:
        self._kept: tuple[list[bytes], bytes] | None = None
        """The messages of a whole document, and the state vector they bring a client to."""

    def lacking(self, doc: Document, state_vector: bytes) -> list[bytes]:
        """The messages that bring a client to what the document has; the last one answers its sync step 1."""
        if read_state_vector(state_vector):
            return [wire.step_2(doc.diff(state_vector))]
        kept = self._kept
        if kept is not None:
            news = doc.diff(kept[1])
            if len(news) <= NEWS_BYTES_MAX:
                return [*kept[0], wire.step_2(news)]
        pieces = list(doc.diffs(bytes_max=PIECE_BYTES))
        messages = [wire.update(one) for one in pieces[:-1]]
        self._kept = [*messages, wire.update(pieces[-1])], doc.state_vector()
        return [*messages, wire.step_2(pieces[-1])]

    @property
    def kept_bytes(self) -> int:
        """How much is kept."""
        return sum(map(len, self._kept[0])) if self._kept is not None else 0

    def drop(self) -> None:
        """Let go of what is kept."""
        self._kept = None
