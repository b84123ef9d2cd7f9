"""The text of a running turn comes item by item, each event counts once, and whatever happens to the turn it is kept.

Items follow each other with an empty line between them. Where an item's whole text turns out not to be what was
streamed, or items were streamed by turns, the text is put right when the turn ends.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chatdoc.agents.turn import Turn
from chatdoc.model.commands.turn_end import Reason
from chatdoc.model.errors import TurnOver
from chatdoc.model.records.thread_state import State

BETWEEN = "\n\n"
ENDS: dict[str, State] = {
    "completed": "complete",
    "failed": "error",
    "interrupted": "interrupted",
    "cancelled": "interrupted",
}
"""How a turn stands whose agent says that it ended so."""


class Answer:
    """A turn that is written from what its agent says."""

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self.over = False
        """Whether somebody else has ended the turn; its agent may go on."""
        self._before = turn.message.content
        self._items: dict[str, str] = {}
        """What was said of each item, in the order in which they began."""
        self._astray = False
        """Whether what was streamed is not what was said."""
        self._heard: set[str] = set()

    @property
    def text(self) -> str:
        """All that was said, in order."""
        return self._before + BETWEEN.join(self._items.values())

    def hear(self, event_id: str) -> bool:
        """Whether an event of this turn is heard for the first time."""
        if event_id in self._heard:
            return False
        self._heard.add(event_id)
        return True

    def add(self, item_id: str, delta: str) -> None:
        """Take more of an item."""
        if not delta:
            return
        if item_id in self._items:
            self._astray = self._astray or next(reversed(self._items)) != item_id
            self._items[item_id] += delta
        else:
            if self._items:
                self._write(BETWEEN)
            self._items[item_id] = delta
        self._write(delta)

    def complete(self, item_id: str, text: str) -> None:
        """Take the whole of an item and write what is gathered; without a text what was streamed is the whole."""
        said = self._items.get(item_id, "")
        if text.startswith(said):
            self.add(item_id, text[len(said) :])
        elif text:
            self._items[item_id] = text
            self._astray = True
        self.flush()

    def flush(self) -> None:
        """Write what is gathered."""
        self._unless_over(self.turn.flush)

    def end(self, status: str, *, error: str = "", usage: dict[str, Any] | None = None) -> str:
        """End the turn as its agent says; returns what the message does not have then, to be kept besides."""
        if ENDS[status] == "error":
            self._unless_over(lambda: self.turn.fail(error or "The turn failed"))
        elif ENDS[status] == "interrupted":
            self._unless_over(self.turn.interrupt)
        else:
            content = self.text if self._astray else None
            self._unless_over(lambda: self.turn.finalize(content, usage=usage))
            self._astray = False
        return self.text if self.over or self._astray else ""

    def leave(self, reason: Reason = "worker_stopped") -> str:
        """End the turn because nobody goes on with it; returns what the message does not have then."""
        self._unless_over(lambda: self.turn.interrupt(reason))
        return self.text if self.over or self._astray else ""

    def _write(self, text: str) -> None:
        self._unless_over(lambda: self.turn.append(text))

    def _unless_over(self, step: Callable[[], object]) -> None:
        if not self.over:
            try:
                step()
            except TurnOver:
                self.over = True
