"""Incremental rendering: what changed since the text in the file is spliced into it, and costs no more than that.

The view notes which messages were touched since its text was made. Whenever text, view or their order is not the one
that is remembered, all is rendered anew.
"""

from __future__ import annotations

from collections.abc import Sequence

from chatdoc.model.view.view import View
from migrate.v2.splice import splice
from migrate.v2.write import render, threads_of


class Rendering:
    """The text of one open document; only under its lock."""

    def __init__(self) -> None:
        self._view: View | None = None
        self._sequence: int | None = None
        self._threads: Sequence[str] = ()

    def begin(self, view: View, sequence: int) -> None:
        """Remember that the text of before is that of `view` at this sequence of its update log."""
        self._view, self._sequence, self._threads = view, sequence, threads_of(view)
        view.changed = set()

    def text(
        self, view: View, sequence: int, before: bytes, before_sequence: int | None
    ) -> Sequence[bytes | memoryview]:
        """The text of the view in parts; `before` is its own text of an earlier sequence, empty where there is none."""
        text: Sequence[bytes | memoryview] | None = None
        if view is self._view and view.changed is not None and before_sequence == self._sequence:
            text = splice(view, before, view.changed, self._threads)
        if text is None:
            text = [render(view)]
        self.begin(view, sequence)
        return text
