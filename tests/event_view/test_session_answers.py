"""A session that says which turn it runs takes the start that this turn answers, and nobody else's."""

from __future__ import annotations

from pathlib import Path

from tests.event_view.workplace import ask, opened
from tests.every_store import on_every_store

pytestmark = on_every_store


def test_session_of_a_turn_that_answers_nothing_takes_no_start(tmp_path: Path) -> None:
    """What waits goes on waiting while the agent of another turn says that it runs."""
    with opened(tmp_path) as document:
        thread = document.create_thread(sender_id="ada", content="Hello").thread_id
        turn = document.start_turn(thread, sender_id="codex")
        document.agents.queue_turn(thread, sender_id="ada", content="next")
        document.agents.set_session(thread, "running", provider_name="codex", active_turn_id=turn.message_id)
        assert len(ask(tmp_path, "SELECT * FROM pending_turn_starts")) == 1
