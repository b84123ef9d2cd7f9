"""A stored document whose agent speaks through an ingestion, and what can be seen of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chatdoc.apps.provider.ingestion import Ingestion
from chatdoc.document import Document
from chatdoc.model.records.message import Message
from chatdoc.testing.clocks import ManualClock
from tests.apps.provider.saying import said
from tests.event_view.workplace import ask, opened


class Scene:
    """A document with one thread, and an agent `codex`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = ManualClock()
        self.document: Document = opened(folder, clock=self.clock)
        self.thread = self.document.create_thread(
            sender_id="ada", content="Hello", name="Plan", acp_config={"model": "gpt"}
        ).thread_id
        self.ingestion = Ingestion(self.document)

    def hears(self, kind: str, turn: str | None = None, **given: Any) -> bool:
        """Take what the agent says, a second after the last thing it said."""
        self.clock.advance(1000)
        return self.ingestion.take(said(self.thread, kind, turn, **given))

    @property
    def last(self) -> Message:
        """The last message of the thread."""
        return self.document.messages(self.thread)[-1]

    @property
    def session(self) -> tuple[Any, ...]:
        """Status and last error of the thread's session."""
        found = self.document.log.session(self.thread)
        assert found is not None
        return found.status, found.last_error

    @property
    def turns(self) -> list[tuple[Any, ...]]:
        """Status and count of the folded turns."""
        return ask(
            self.folder, "SELECT status, turn_count FROM projection_thread_turns ORDER BY started_at, turn_id"
        )

    @property
    def activities(self) -> list[tuple[Any, ...]]:
        """Kind, tone and summary of all activities in their order."""
        return ask(
            self.folder,
            "SELECT json_extract(payload_json, '$.activity.kind'), json_extract(payload_json, '$.activity.tone'),"
            " json_extract(payload_json, '$.activity.summary') FROM orchestration_events"
            " WHERE event_type = 'thread.activity-appended' ORDER BY sequence",
        )

    def restart(self, seed: int = 7) -> None:
        """Close everything and open it again."""
        self.close()
        self.document = opened(self.folder, seed=seed, clock=self.clock)
        self.ingestion = Ingestion(self.document)

    def close(self) -> None:
        """Let go, after everything was looked at."""
        self.ingestion.close()
        assert self.document.check(full=True).ok
        self.document.close()
