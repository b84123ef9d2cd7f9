"""A log is true when a reader of it knows what the view shows, and so do the tables folded from it."""

from __future__ import annotations

import sqlite3

from chatdoc.model.events.session_events import STATUS
from chatdoc.model.records.thread_state import ThreadState
from chatdoc.model.view.view import View
from tests.model.events.folding import Folded, Message, Thread


def assert_true(folded: Folded, view: View) -> None:
    """Raise AssertionError unless a reader of the log knows what the view shows."""
    assert folded.threads.keys() == view.thread_facts.keys()
    for thread_id, told in folded.threads.items():
        thread, config = view.thread(thread_id), view.config(thread_id)
        assert thread is not None
        model = (config.acp_config or {}).get("model")
        assert told.title == (config.name or "")
        assert told.model == (model if isinstance(model, str) else "")
        assert told.branch == (
            config.extra.get("branch") if isinstance(config.extra.get("branch"), str) else None
        )
        assert told.deleted == (thread.deleted_at is not None)
        present = {field: facts[-1].value for field, facts in view.settings.get(thread_id, {}).items()}
        others = present.keys() - {"name", "acp_config.model", "branch", "worktree_path", "deleted"}
        assert told.config == {field: present[field] for field in others if present[field] is not None}
    shown = {one: view.message(one) for one in view.headers}
    assert folded.messages.keys() == {one for one, message in shown.items() if message.deleted_at is None}
    for message_id, row in folded.messages.items():
        message = shown[message_id]
        assert (row.thread_id, row.streaming) == (message.thread_id, message.generating)
        assert row.turn_id == (message_id if row.role == "assistant" else None)
        if row.streaming:
            assert message.content.startswith(row.text)
        else:
            assert row.text == message.content
    waiting = {one for one in view.queued & shown.keys() if shown[one].deleted_at is None}
    assert folded.pending == {(shown[one].thread_id, one) for one in waiting}
    assert folded.sessions.keys() == {one for one, facts in view.states.items() if facts}
    for thread_id, (status, active) in folded.sessions.items():
        state = view.state(thread_id)
        assert isinstance(state, ThreadState)
        assert active == (state.active_message_id if state.state == "running" else None)
        assert status == STATUS[state.state]


def assert_tables(connection: sqlite3.Connection, folded: Folded) -> None:
    """Raise AssertionError unless the folded tables say what a plain reader of the same log knows."""
    threads = connection.execute(
        "SELECT thread_id, title, model, branch, worktree_path, deleted_at IS NOT NULL FROM projection_threads"
    )
    assert {row[0]: Thread(*row[1:5], {}, bool(row[5])) for row in threads} == {
        thread_id: Thread(one.title, one.model, one.branch, one.worktree_path, {}, one.deleted)
        for thread_id, one in folded.threads.items()
    }
    messages = connection.execute(
        "SELECT message_id, thread_id, role, text, is_streaming, turn_id FROM projection_thread_messages"
    )
    assert {row[0]: Message(*row[1:4], bool(row[4]), row[5]) for row in messages} == folded.messages
    sessions = connection.execute("SELECT thread_id, status, active_turn_id FROM projection_thread_sessions")
    assert {row[0]: row[1:] for row in sessions} == folded.sessions
    pending = connection.execute("SELECT thread_id, message_id FROM pending_turn_starts")
    assert set(pending) == folded.pending
