"""What only the log knows is told by commands: refused with a reason, or one event and its rows."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from chatdoc.apps.cli.brief import brief
from chatdoc.document import Document
from chatdoc.model.clock import iso
from chatdoc.model.commands.stable_id import stable_id
from chatdoc.model.errors import CommandConflict, CommandRefused, NotFound, StoreDamaged
from chatdoc.model.events.types import ActivityAppended, ChangedFile, SessionSet
from chatdoc.testing.clocks import START_MS, ManualClock
from tests.event_view.workplace import ask, folded, opened, thread_of
from tests.store_file import store_file

ACTIVITIES = "projection_thread_activities"


@pytest.mark.parametrize("decision", ["accept", "acceptForSession", "decline", "cancel"])
def test_a_request_is_answered_once(document: Document, tmp_path: Path, decision: str) -> None:
    """It is pending until the first answer, which holds; a second one is refused with the first."""
    thread = thread_of(document)
    document.agents.request_approval(
        thread, "rm-1", summary="rm -rf build", payload={"command": "rm -rf build"}
    )
    assert [one.request_id for one in document.log.approvals()] == ["rm-1"]
    document.agents.respond_approval(thread, "rm-1", decision)  # type: ignore[arg-type]
    assert document.log.approvals(thread) == []
    with pytest.raises(CommandRefused, match=f"is closed: {decision}"):
        document.agents.respond_approval(thread, "rm-1", "decline")
    assert ask(tmp_path, "SELECT status, decision FROM projection_pending_approvals") == [
        ("resolved", decision)
    ]


def test_who_asked_is_told_beside_what_happened(document: Document) -> None:
    """In the metadata of each event, whose payload is the one of old; a line of the log ends with the name."""
    thread = thread_of(document)
    agents, before = document.agents, document.log.last_sequence()
    agents.request_approval(thread, "one", summary="push")
    agents.respond_approval(thread, "one", "accept", by="ada")
    agents.request_interrupt(thread, by="bob")
    agents.revert(thread, 0, by="ada")
    agents.undo_revert(thread, by="eve")
    agents.stop_session(thread, by="bob")
    agents.revert(thread, 0)
    told = [
        (one.event_type.removeprefix("thread."), one.metadata.get("by"), brief(one).rpartition(" by ")[2])
        for one in document.log.events(from_sequence_exclusive=before)
        if not isinstance(one.payload, ActivityAppended | SessionSet)
    ]
    assert told == [
        ("approval-response-requested", "ada", "ada"),
        ("turn-interrupt-requested", "bob", "bob"),
        ("checkpoint-revert-requested", "ada", "ada"),
        ("reverted", "ada", "ada"),
        ("revert-undone", "eve", "eve"),
        ("session-stop-requested", "bob", "bob"),
        ("checkpoint-revert-requested", None, "to turn 0"),
        ("reverted", None, "to turn 0"),
    ]
    for wrong in ("", 5, "\ud800"):
        with pytest.raises(CommandRefused, match="by"):
            agents.revert(thread, 0, by=wrong)  # type: ignore[arg-type]


def test_a_request_is_the_same_whoever_is_named(document: Document) -> None:
    """One that was given before names were told may be repeated with one, and its receipt answers."""
    thread = thread_of(document)
    first = document.agents.revert(thread, 0, command_id="ada-1")
    assert document.agents.revert(thread, 0, by="ada", command_id="ada-1") == first
    with pytest.raises(CommandConflict):
        document.agents.revert(thread, 1, by="ada", command_id="ada-1")


def test_approvals_survive_a_crash_in_the_log_alone(document: Document, tmp_path: Path) -> None:
    """With every folded row thrown away, who asked and who answered is there again."""
    thread = thread_of(document)
    document.agents.request_approval(thread, "one", summary="push", expires_at=iso(START_MS + 60_000))
    document.agents.request_approval(thread, "two", summary="delete")
    document.agents.respond_approval(thread, "two", "decline")
    rows = folded(tmp_path)
    with opened(tmp_path, seed=5) as again:
        again.log.rebuild()
        assert [one.request_id for one in again.log.approvals()] == ["one"]
    after = folded(tmp_path)
    assert after["projection_pending_approvals"] == rows["projection_pending_approvals"]


def test_an_expired_request_is_closed_and_not_answered(document: Document, clock: ManualClock) -> None:
    """Before its time it cannot be closed, after it it cannot be answered."""
    thread = thread_of(document)
    document.agents.request_approval(thread, "one", summary="push", expires_at=iso(START_MS + 60_000))
    with pytest.raises(CommandRefused, match="may be answered until"):
        document.agents.expire_approval(thread, "one")
    clock.advance(60_000)
    with pytest.raises(CommandRefused, match="expired at"):
        document.agents.respond_approval(thread, "one", "accept")
    document.agents.expire_approval(thread, "one")
    assert document.log.approvals() == []


def test_an_unknown_request_is_named(document: Document) -> None:
    """An answer to nothing says which request and thread were meant."""
    with pytest.raises(NotFound, match="no request 'nothing'"):
        document.agents.respond_approval(thread_of(document), "nothing", "accept")


def test_what_an_agent_says_twice_adds_nothing(document: Document, tmp_path: Path) -> None:
    """With an activity id, and with a command id from what is said."""
    thread = thread_of(document)
    for _ in range(2):
        said = ("tool.completed", "item-7")
        document.agents.append_activity(
            thread, kind=said[0], summary="ls", command_id=stable_id("provider", thread, *said)
        )
        document.agents.append_activity(thread, kind="tool.started", summary="cat", activity_id="item-8")
    assert len(ask(tmp_path, "SELECT * FROM projection_thread_activities")) == 2
    events = "SELECT actor_kind FROM orchestration_events WHERE event_type = 'thread.activity-appended'"
    assert ask(tmp_path, events) == [("provider",), ("server",)]


def test_an_activity_that_is_told_late_keeps_its_date(document: Document, tmp_path: Path) -> None:
    """Its row stands where it happened; what is no date is refused and writes nothing."""
    thread = thread_of(document)
    document.agents.append_activity(thread, kind="k", summary="now", activity_id="one")
    document.agents.append_activity(
        thread, kind="k", summary="then", activity_id="two", created_at="2020-01-02T03:04:05+01:00"
    )
    rows = "SELECT activity_id, created_at FROM projection_thread_activities ORDER BY created_at"
    assert ask(tmp_path, rows)[0] == ("two", "2020-01-02T02:04:05.000Z")
    for wrong in ("yesterday", 5):
        with pytest.raises(CommandRefused, match="created_at: expected an ISO 8601 date"):
            document.agents.append_activity(thread, kind="k", summary="s", created_at=wrong)  # type: ignore[arg-type]
    assert len(ask(tmp_path, rows)) == 2


def test_a_stopped_session_forgets_its_provider(document: Document, tmp_path: Path) -> None:
    """The wish and its outcome are two events, the second caused by the first."""
    thread = thread_of(document)
    document.agents.set_session(thread, "running", provider_name="codex", provider_session_id="s-1")
    document.agents.set_session(thread, "ready")
    row = "SELECT status, provider_name, provider_session_id FROM projection_thread_sessions"
    assert ask(tmp_path, row) == [("ready", "codex", "s-1")]
    document.agents.stop_session(thread)
    assert ask(tmp_path, row) == [("stopped", "codex", None)]
    wish, outcome = ask(
        tmp_path,
        "SELECT event_id, causation_event_id FROM orchestration_events ORDER BY sequence DESC LIMIT 2",
    )[::-1]
    assert outcome[1] == wish[0]


def test_a_checkpoint_keeps_its_difference(document: Document) -> None:
    """The text comes back from the blobs only; what was never stored is named."""
    thread = thread_of(document)
    document.agents.complete_checkpoint(
        thread,
        turn_id="turn-1",
        turn_count=1,
        checkpoint_ref="refs/chatdoc/checkpoints/1",
        files=[ChangedFile(path="a.py", kind="modified", additions=2)],
        diff="--- a.py\n+++ a.py\n",
    )
    assert document.log.turn_diff(thread, 0, 1).startswith("--- a.py")
    with pytest.raises(NotFound, match="from turn 1 to turn 2"):
        document.log.turn_diff(thread, 1, 2)


def test_a_revert_hides_and_its_undoing_shows(document: Document, tmp_path: Path) -> None:
    """All rows are as before; the document itself never changed; a second undoing is refused."""
    thread = thread_of(document)
    for number in (1, 2):
        turn = document.start_turn(thread, sender_id="codex")
        turn.append(f"answer {number}")
        turn.finalize()
        document.agents.complete_checkpoint(
            thread,
            turn_id=turn.message_id,
            turn_count=number,
            checkpoint_ref=f"ref-{number}",
            assistant_message_id=turn.message_id,
        )
    before, text = folded(tmp_path), document.text()
    document.agents.revert(thread, 1)
    shown = ask(tmp_path, "SELECT text FROM projection_thread_messages WHERE role = 'assistant'")
    assert shown == [("answer 1",)]
    assert document.text() == text
    document.agents.undo_revert(thread)
    after = folded(tmp_path)
    for table in ("projection_thread_messages", "projection_thread_turns", "projection_checkpoints"):
        assert after[table] == before[table]
    with pytest.raises(CommandRefused, match="no revert hides"):
        document.agents.undo_revert(thread)


def test_updated_scripts_of_the_project_stay(document: Document, tmp_path: Path) -> None:
    """They are there after the folder was opened again."""
    document.agents.update_project(
        scripts=[{"name": "test", "command": "make test"}], default_model="gpt-5-codex"
    )
    document.close()
    with opened(tmp_path, seed=9) as again:
        (project,) = again.snapshot().projects
    assert project.scripts == [{"name": "test", "command": "make test"}]
    assert project.default_model == "gpt-5-codex"


@pytest.mark.parametrize("count", [-1, 1.5, True, "2"])
def test_a_turn_count_is_a_number_of_turns(document: Document, count: object) -> None:
    """Anything else is refused with what was expected."""
    with pytest.raises(CommandRefused, match="expected a number of turns"):
        document.agents.revert(thread_of(document), count)  # type: ignore[arg-type]


@pytest.mark.parametrize("reverted", [False, True])
def test_a_damaged_row_is_named_and_comes_back_with_a_rebuild(
    document: Document, tmp_path: Path, reverted: bool
) -> None:
    """Also one that a revert hides; nothing was answered by then, and the document stays open."""
    thread = thread_of(document)
    document.agents.request_approval(thread, "one", summary="push", turn_id="turn")
    if reverted:
        document.agents.revert(thread, 0)
    table, column = ("reverted_rows", "row_json") if reverted else (ACTIVITIES, "payload_json")
    with sqlite3.connect(store_file(tmp_path)) as connection:
        connection.execute(f"UPDATE {table} SET {column} = '{{'")
    connection.close()
    with pytest.raises(
        StoreDamaged, match=rf"row one of {table} is not the JSON that was stored.*Rebuild the proj"
    ):
        document.agents.respond_approval(thread, "one", "accept")
    document.log.rebuild()
    document.agents.respond_approval(thread, "one", "accept")
