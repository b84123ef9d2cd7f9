"""An agent's session is found again: by its id, its thread or its status, after a restart, and as it was left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET

from chatdoc.document import Document
from chatdoc.in_memory import memory_document
from chatdoc.model.clock import iso
from chatdoc.model.errors import CommandRefused, NotFound, SessionUndecodable, StoreError
from chatdoc.testing.clocks import START_MS, ManualClock
from chatdoc.testing.white_box import execute_of
from tests.event_view.workplace import ask, opened, thread_of
from tests.every_store import on_every_store

FOLDED = (
    "SELECT status, provider_name, provider_session_id, provider_thread_id FROM projection_thread_sessions"
)

pytestmark = on_every_store


def test_new_session_has_what_was_not_said(document: Document) -> None:
    """It runs, its adapter has the provider's name, ids are trimmed, and the moment is the clock's."""
    made = document.log.sessions.upsert("  s-1 ", thread_id=" t ", provider_name="codex\n")
    assert made == document.log.sessions.get("s-1 ")
    assert (made.provider_session_id, made.thread_id, made.provider_name) == ("s-1", "t", "codex")
    assert (made.adapter_key, made.status, made.last_seen_at) == ("codex", "running", iso(START_MS))
    assert (made.provider_thread_id, made.resume_cursor, made.runtime_payload) == (None, None, None)


def test_what_is_not_given_stays_and_payloads_are_merged_field_by_field(
    document: Document, clock: ManualClock
) -> None:
    """The cursor stays unless it is given, also as None; a field of the payload replaces the whole field."""
    sessions = document.log.sessions
    sessions.upsert(
        "s-1",
        thread_id="t",
        provider_name="codex",
        provider_thread_id="p-1",
        status="starting",
        resume_cursor={"turn": 7},
        runtime_payload={"cwd": "/tmp", "model": {"name": "m", "effort": "high"}},
    )
    clock.advance(1_000)
    merged = sessions.upsert("s-1", runtime_payload={"model": {"name": "n"}, "pid": 4})
    assert merged.runtime_payload == {"cwd": "/tmp", "model": {"name": "n"}, "pid": 4}
    assert (merged.resume_cursor, merged.provider_thread_id) == ({"turn": 7}, "p-1")
    assert (merged.status, merged.last_seen_at) == ("starting", iso(START_MS + 1_000))
    cleared = sessions.upsert("s-1", resume_cursor=None, runtime_payload=None, provider_thread_id=None)
    assert (cleared.resume_cursor, cleared.runtime_payload, cleared.provider_thread_id) == (None, None, None)
    assert len(sessions.all()) == 1


def test_adapter_goes_with_another_provider_unless_it_is_given(document: Document) -> None:
    """And stays with the same provider."""
    sessions = document.log.sessions
    assert (
        sessions.upsert("s", thread_id="t", provider_name="codex", adapter_key="mine").adapter_key == "mine"
    )
    assert sessions.upsert("s", provider_name="codex").adapter_key == "mine"
    assert sessions.upsert("s", provider_name="claude").adapter_key == "claude"
    assert sessions.upsert("s", provider_name="codex", adapter_key="other").adapter_key == "other"


def test_sessions_are_listed_by_when_they_were_heard_of(document: Document, clock: ManualClock) -> None:
    """All of them, those of a thread, those with a status."""
    sessions = document.log.sessions
    for session_id, thread_id in (("b", "t"), ("a", "t"), ("c", "u")):
        clock.advance(10)
        sessions.upsert(session_id, thread_id=thread_id, provider_name="codex")
    clock.advance(10)
    sessions.stop("b")

    def ids(**wanted: Any) -> list[str]:
        return [one.provider_session_id for one in sessions.all(**wanted)]

    assert ids() == ["a", "c", "b"]
    assert ids(thread_id="t") == ["a", "b"]
    assert ids(status="stopped") == ["b"]
    assert ids(thread_id="u", status="stopped") == []
    sessions.remove("a")
    sessions.remove("a")
    assert ids() == ["c", "b"]


def test_sessions_are_there_after_a_restart(document: Document, tmp_path: Path) -> None:
    """With cursor and payload, for whoever opens the folder next."""
    made = document.log.sessions.upsert(
        "s-1", thread_id="t", provider_name="codex", resume_cursor=[1, None, "x"], runtime_payload={"n": 1.5}
    )
    document.close()
    with opened(tmp_path, seed=3) as again:
        assert again.log.sessions.all() == (made,)
    with pytest.raises(StoreError, match="closed"):
        document.log.sessions.get("s-1")


@pytest.mark.parametrize(
    ("session_id", "given", "says"),
    [
        (" ", {}, "provider_session_id: .* not blank"),
        ("s", {"thread_id": ""}, "thread_id: .* not blank"),
        ("s", {"provider_name": "\t"}, "provider_name: .* not blank"),
        ("s", {"provider_name": 7}, "provider_name: expected a text"),
        ("s", {"provider_name": UNSET}, "is new, and provider_name was not given"),
        ("s", {"thread_id": UNSET, "provider_name": UNSET}, "thread_id and provider_name was not given"),
        ("s", {"status": "asleep"}, "expected one of starting, running, stopped, error"),
        ("s", {"runtime_payload": [1]}, "runtime_payload: expected a dict or None"),
        ("s", {"resume_cursor": {1, 2}}, "resume_cursor"),
    ],
)
def test_what_is_no_session_is_refused(
    document: Document, session_id: str, given: dict[str, Any], says: str
) -> None:
    """With what was expected, and nothing is written."""
    with pytest.raises(CommandRefused, match=says):
        document.log.sessions.upsert(session_id, **{"thread_id": "t", "provider_name": "codex", **given})
    assert document.log.sessions.all() == ()


def test_unknown_session_is_named(document: Document) -> None:
    """Whoever asks for it or stops it learns which one is missing."""
    for doing in (document.log.sessions.get, document.log.sessions.stop):
        with pytest.raises(NotFound, match="no provider session 's-9'"):
            doing("s-9")


def test_stopped_thread_stops_its_sessions_in_the_same_transaction(
    document: Document, tmp_path: Path
) -> None:
    """What runs of the thread is stopped, what failed stays failed, cursors stay, and the log has no ids any more."""
    thread, sessions = thread_of(document), document.log.sessions
    for session_id, status in (("runs", "running"), ("starts", "starting"), ("failed", "error")):
        sessions.upsert(
            session_id, thread_id=thread, provider_name="codex", status=status, resume_cursor=session_id
        )  # type: ignore[arg-type]
    sessions.upsert("elsewhere", thread_id="other", provider_name="codex")
    document.agents.set_session(
        thread, "ready", provider_name="codex", provider_session_id="runs", provider_thread_id="p"
    )
    document.agents.stop_session(thread, command_id="stop-1")
    found = {one.provider_session_id: (one.status, one.resume_cursor) for one in sessions.all()}
    assert found == {
        "runs": ("stopped", "runs"),
        "starts": ("stopped", "starts"),
        "failed": ("error", "failed"),
        "elsewhere": ("running", None),
    }
    assert ask(tmp_path, FOLDED) == [("stopped", "codex", None, None)]
    sessions.upsert("runs", status="running")
    document.agents.stop_session(thread, command_id="stop-1")
    assert sessions.get("runs").status == "running"


def test_session_that_says_it_stopped_is_the_one_that_stops(document: Document, tmp_path: Path) -> None:
    """Others of its thread go on; the event keeps its id beside what happened."""
    thread, sessions = thread_of(document), document.log.sessions
    for session_id in ("old", "new"):
        sessions.upsert(session_id, thread_id=thread, provider_name="codex")
    document.agents.set_session(thread, "running", provider_name="codex", provider_session_id="new")
    document.agents.set_session(thread, "stopped", provider_session_id="old")
    assert [one.provider_session_id for one in sessions.all(status="stopped")] == ["old"]
    assert ask(tmp_path, FOLDED) == [("stopped", "codex", None, None)]


def test_stop_that_cannot_be_stored_changes_neither(
    document: Document, tmp_path: Path, any_store: str
) -> None:
    """Event and directory are one transaction."""
    if any_store == "postgres":
        pytest.skip("it breaks a table with a trigger of SQLite; the scenarios do so in both")
    thread = thread_of(document)
    document.log.sessions.upsert("s", thread_id=thread, provider_name="codex")
    execute_of(document)(
        "CREATE TEMP TRIGGER full BEFORE INSERT ON orchestration_events"
        " BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
    )
    with pytest.raises(StoreError, match="the disk is full"):
        document.agents.stop_session(thread)
    assert ask(tmp_path, "SELECT status FROM provider_session_runtime") == [("running",)]


@pytest.mark.parametrize(
    "damage", ["resume_cursor_json = '{'", "runtime_payload_json = '[1]'", "runtime_payload_json = x'ff'"]
)
def test_damaged_row_is_named_and_can_be_removed(document: Document, damage: str) -> None:
    """It is neither passed over nor taken for an empty one."""
    sessions = document.log.sessions
    sessions.upsert("s-1", thread_id="t", provider_name="codex", resume_cursor=1, runtime_payload={"a": 1})
    execute_of(document)(f"UPDATE provider_session_runtime SET {damage}")
    for doing in (sessions.all, lambda: sessions.get("s-1"), lambda: sessions.upsert("s-1")):
        with pytest.raises(
            SessionUndecodable, match=r"provider session 's-1' .* remove\(\) forgets it"
        ) as seen:
            doing()
        assert seen.value.provider_session_id == "s-1"
    sessions.remove("s-1")
    assert sessions.all() == ()


def test_document_in_memory_keeps_no_sessions() -> None:
    """It says so, and what to do."""
    document = memory_document(clock=ManualClock(), random=lambda size: b"\x01" * size)
    with pytest.raises(CommandRefused, match=r"in memory has no event log\. Open a file"):
        _ = document.log.sessions
