"""Folding the events that follow from changes gives what the view shows, after any history."""

from __future__ import annotations

from random import Random

import pytest

from chatdoc.clock import iso
from chatdoc.events.derive import begin, derive, derive_fully
from chatdoc.events.event import Draft
from chatdoc.events.session_events import STATUS
from chatdoc.records import index
from chatdoc.records.facts import Fact
from chatdoc.records.known import all_facts, superseded
from chatdoc.records.thread_state import ThreadState
from chatdoc.records.view import View
from tests.events.folding import Folded
from tests.events.raw import random_facts

NOW = iso(9_000)


def change(view: View, facts: list[Fact], random: Random) -> list[Draft]:
    """Enter facts as the corridor does; superseded ones may leave before or after events are derived, or stay."""
    delta, added = index.apply(view, facts, origin="peer")
    gone = [fact for fact in all_facts(view) if superseded(view, fact) and random.random() < 0.5]
    if early := random.random() < 0.5:
        index.undo(view, gone)
    drafts = derive(view, delta, added, project_id="p", now_iso=NOW)
    assert drafts == derive_fully(view, delta, added, project_id="p", now_iso=NOW)
    if not early:
        index.undo(view, gone)
    return drafts


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
        assert status != "running" if state.state == "queued" else status == STATUS[state.state]


@pytest.mark.parametrize("seed", range(300))
def test_folded_events_give_what_the_view_shows(seed: int) -> None:
    """After every change of a random history, whatever order its facts come in, the log tells what the view shows."""
    random = Random(seed)
    facts = random_facts(random, 60)
    view, folded = View(), Folded()
    while facts:
        size = random.choice([1, 1, 2, 7])
        folded.fold(change(view, facts[:size], random))
        del facts[:size]
        assert_true(folded, view)


@pytest.mark.parametrize("seed", range(60))
def test_log_that_begins_late_tells_the_same(seed: int) -> None:
    """A log that begins with a document full of facts, and goes on, tells what the view shows."""
    random = Random(seed)
    facts = random_facts(random, 60)
    view = View()
    index.apply(view, facts[:40], origin="migration")
    folded = Folded(begin(view, project_id="p", now_iso=NOW))
    assert_true(folded, view)
    folded.fold(change(view, facts[40:], random))
    assert_true(folded, view)
