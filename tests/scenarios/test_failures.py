"""A command whose rows cannot be written happened not at all: no event, no receipt, no trace in memory."""

from __future__ import annotations

import pytest

from chatdoc.model.errors import StoreError
from chatdoc.testing import white_box
from tests.event_view.workplace import ask
from tests.scenarios.story import Story
from tests.store_file import DATABASES

BREAK = (
    "CREATE TEMP TRIGGER broken BEFORE {} ON main.projection_thread_sessions"
    " BEGIN SELECT RAISE(ABORT, 'the rows are gone'); END"
)

BREAK_POSTGRES = (
    "CREATE FUNCTION gone() RETURNS trigger LANGUAGE plpgsql AS"
    " $$BEGIN RAISE EXCEPTION 'the rows are gone' USING ERRCODE = '58030'; END$$",
    "CREATE TRIGGER broken BEFORE INSERT OR UPDATE ON projection_thread_sessions"
    " FOR EACH ROW EXECUTE FUNCTION gone()",
)
MEND_POSTGRES = "DROP FUNCTION gone CASCADE"


def break_sessions(story: Story) -> None:
    """From now on no session row can be written by this opening; the events before one can."""
    execute = white_box.execute_of(story.document)
    if DATABASES:
        for statement in BREAK_POSTGRES:
            execute(statement)
        return
    for change in ("INSERT", "UPDATE"):
        execute(BREAK.format(change).replace("broken", f"broken_{change.lower()}"))


def mend_sessions(story: Story) -> None:
    """Session rows can be written again."""
    execute = white_box.execute_of(story.document)
    if DATABASES:
        execute(MEND_POSTGRES)
        return
    for change in ("insert", "update"):
        execute(f"DROP TRIGGER broken_{change}")


def test_rolls_back_all_events_for_a_multi_event_command_when_projection_fails_mid_dispatch(
    story: Story,
) -> None:
    """The second event of two cannot be folded, so the first is not there either; the retry gets their places."""
    stop = "stop the session"
    before = story.folded()
    last = story.document.snapshot().snapshot_sequence
    break_sessions(story)
    story.when(lambda document: document.agents.stop_session(story.thread, command_id=stop))
    story.then_refused(StoreError, "rows are gone")
    assert story.folded() == before
    assert ask(story.folder, "SELECT * FROM orchestration_command_receipts") == []
    mend_sessions(story)
    story.when(lambda document: document.agents.stop_session(story.thread, command_id=stop))
    story.then_told("thread.session-stop-requested", "thread.session-set")
    assert story.answer == last + 2
    story.when(lambda document: document.agents.stop_session(story.thread, command_id=stop)).then_told()
    assert story.answer == last + 2


def test_reconciles_command_state_when_projection_fails(story: Story) -> None:
    """Memory is as the log says at once, without opening anything again; the retry is the first that counts."""
    break_sessions(story)
    story.when(lambda document: document.start_turn(story.thread, sender_id="codex", command_id="start"))
    story.then_refused(StoreError, "rows are gone")
    assert story.document.agents.running() == ()
    assert story.document.state(story.thread) is None
    mend_sessions(story)
    story.when(lambda document: document.start_turn(story.thread, sender_id="codex", command_id="start"))
    story.then_told("thread.message-sent", "thread.session-set")
    story.answer.finalize("done")


def test_keeps_processing_queued_commands_after_a_storage_failure(story: Story) -> None:
    """One command of several fails; the others are carried out, in their order."""
    break_sessions(story)
    with pytest.raises(StoreError):
        story.document.agents.set_session(story.thread, "running", command_id="one")
    story.document.agents.append_activity(story.thread, kind="tool.started", summary="ls", command_id="two")
    mend_sessions(story)
    story.document.agents.set_session(story.thread, "ready", command_id="one again")
    assert story.rows("projection_thread_activities", "summary") == [("ls",)]
    assert story.rows("projection_thread_sessions", "status") == [("ready",)]
    told = [one.event_type for one in story.document.replay()][-2:]
    assert told == ["thread.activity-appended", "thread.session-set"]
    receipts = ask(
        story.folder, "SELECT command_id FROM orchestration_command_receipts ORDER BY result_sequence"
    )
    assert receipts == [("two",), ("one again",)]
