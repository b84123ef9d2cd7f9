"""Given what was done before, when a command comes, then this is told: events, a refusal, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chatdoc.document import Document
from chatdoc.model.errors import ChatdocError
from chatdoc.model.events.event import Event
from chatdoc.testing.clocks import ManualClock
from tests.event_view.workplace import ask, folded, opened

Step = Callable[[Document], Any]


class Story:
    """A folder with one document, whose clock goes on by a second with every step."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock, self._seed = folder, ManualClock(), 1
        self.document = opened(folder, clock=self.clock)
        self.thread = self.document.create_thread(
            sender_id="ada", content="Hello", name="Plan", acp_config={"model": "gpt"}
        ).thread_id
        self.answer: Any = None
        self._told_before = self._refused_before = 0
        self._error: ChatdocError | None = None

    def given(self, *steps: Step) -> Story:
        """What was done before; its last answer is `answer`."""
        for step in steps:
            self.clock.advance(1000)
            self.answer = step(self.document)
        return self

    def when(self, step: Step) -> Story:
        """What is done now; an error that the library raises on purpose is kept for `then_refused`."""
        self._told_before = self._last()
        self._error = None
        self.clock.advance(1000)
        try:
            self.answer = step(self.document)
        except ChatdocError as error:
            self._error = error
        return self

    def then_told(self, *types: str) -> list[Event]:
        """Exactly these events came of it, in this order; returns them."""
        if self._error is not None:
            raise self._error
        events = list(self.document.replay(from_sequence_exclusive=self._told_before))
        assert [one.event_type for one in events] == list(types)
        return events

    def then_refused(self, kind: type[ChatdocError], words: str) -> None:
        """It was refused like this, and nothing was told."""
        assert self._last() == self._told_before
        with pytest.raises(kind, match=words):
            raise self._error or AssertionError("it was carried out")

    def reopened(self) -> Story:
        """The same folder in a new opening."""
        self.document.close()
        self._seed += 1
        self.document = opened(self.folder, seed=self._seed, clock=self.clock)
        return self

    def rows(self, table: str, columns: str = "*") -> list[tuple[Any, ...]]:
        """Folded rows, sorted."""
        return sorted(ask(self.folder, f"SELECT {columns} FROM {table}"), key=repr)

    def folded(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every folded row."""
        return folded(self.folder)

    def _last(self) -> int:
        found: int = ask(self.folder, "SELECT max(sequence) FROM orchestration_events")[0][0]
        return found
