"""What an agent says becomes document and log: sessions, turns, text, checkpoints, requests, and all else."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chatdoc.apps.provider.runtime_event import RuntimeEvent
from chatdoc.model.errors import CommandRefused, NotFound
from tests.apps.provider.saying import said
from tests.apps.provider.scene import Scene
from tests.event_view.workplace import ask


def test_a_turn_as_an_agent_tells_it(scene: Scene) -> None:
    """Session, question, text, cost and end are where everybody looks for them."""
    asked = scene.document.agents.queue_turn(scene.thread, sender_id="ada", content="2+2?")
    scene.hears("session.started", provider_session_id="s-1", provider_thread_id="th-1")
    assert scene.session == ("ready", None)
    scene.hears("turn.started", "t-1", provider_thread_id="th-1")
    assert scene.session == ("running", None)
    assert scene.document.agents.queue(scene.thread) == []
    for piece in ("It ", "is ", "4"):
        scene.hears("message.delta", "t-1", delta=piece, item_id="i-1")
    scene.hears("message.completed", "t-1", text="It is 4.", item_id="i-1")
    scene.hears("turn.completed", "t-1", usage={"output_tokens": 3})
    answer = scene.last
    assert (answer.content, answer.sender_id, answer.generating) == ("It is 4.", "codex", False)
    assert answer.acp_usage == {"output_tokens": 3}
    assert answer.reply_to_message_id == asked.message_id
    assert scene.document.config(scene.thread).acp_config == {"model": "gpt", "sessionId": "th-1"}
    assert (scene.session, scene.turns) == (("ready", None), [("completed", None)])
    assert scene.activities == []


def test_session_that_starts_while_a_turn_runs_is_running(scene: Scene) -> None:
    """It says what is so, and takes no start that waits from another message."""
    turn = scene.document.start_turn(scene.thread, sender_id="codex")
    scene.document.agents.queue_turn(scene.thread, sender_id="ada", content="next")
    scene.hears("session.started", provider_session_id="s-1")
    assert scene.session == ("running", None)
    assert len(ask(scene.folder, "SELECT * FROM pending_turn_starts")) == 1
    turn.finalize("done")


def test_agent_may_name_the_message_of_its_turn(scene: Scene) -> None:
    """A backend that began the turn itself hands its message on; text goes there."""
    turn = scene.document.start_turn(scene.thread, sender_id="codex")
    turn.append("I ")
    turn.flush()
    scene.hears("message.delta", turn_id=turn.message_id, delta="see")
    scene.hears("turn.completed", turn_id=turn.message_id)
    assert scene.last.content == "I see"
    assert len(scene.turns) == 1


def test_items_follow_each_other_with_an_empty_line_between(scene: Scene) -> None:
    """Also when they are streamed by turns: then the text is put right at the end."""
    for item, delta in (("a", "one"), ("b", "two"), ("a", " more"), ("b", "!")):
        scene.hears("message.delta", "t-1", item_id=item, delta=delta)
    scene.hears("turn.completed", "t-1")
    assert scene.last.content == "one more\n\ntwo!"


def test_whole_text_of_an_item_is_what_counts(scene: Scene) -> None:
    """Where it is not what was streamed it replaces that; where it is empty what was streamed stays."""
    scene.hears("message.delta", "t-1", item_id="a", delta="teh")
    scene.hears("message.completed", "t-1", item_id="a", text="the")
    scene.hears("message.delta", "t-1", item_id="b", delta="end")
    scene.hears("message.completed", "t-1", item_id="b", text="")
    scene.hears("turn.completed", "t-1")
    assert scene.last.content == "the\n\nend"


@pytest.mark.parametrize(
    ("status", "session", "turn"),
    [
        ("failed", ("error", "no quota"), "error"),
        ("interrupted", ("interrupted", None), "interrupted"),
        ("cancelled", ("interrupted", None), "interrupted"),
    ],
)
def test_turn_that_ends_badly_keeps_its_text(scene: Scene, status: str, session: Any, turn: str) -> None:
    """And the session says how it ended."""
    scene.hears("turn.started", "t-1")
    scene.hears("message.delta", "t-1", delta="half")
    scene.hears("turn.completed", "t-1", status=status, error="no quota")
    assert scene.last.content.startswith("half")
    assert (scene.session, scene.turns) == (session, [(turn, None)])


def test_session_that_exits_ends_what_ran(scene: Scene) -> None:
    """The turn is interrupted with its text, the session stopped, and the directory says so."""
    scene.hears("session.started", provider_session_id="s-1", resumeCursor={"at": 3})
    scene.hears("turn.started", "t-1")
    scene.hears("message.delta", "t-1", delta="half")
    scene.hears("session.exited", provider_session_id="s-1", reason="error")
    assert (scene.last.content, scene.last.acp_interrupted_reason) == ("half", "backend_error")
    assert scene.session == ("stopped", None)
    kept = scene.document.log.sessions.get("s-1")
    assert (kept.status, kept.resume_cursor, kept.adapter_key) == ("error", {"at": 3}, "codex")


def test_runtime_error_fails_the_turn_and_is_noted(scene: Scene) -> None:
    """Without a turn the session alone is in error; an error that is tried again changes nothing else."""
    scene.hears("turn.started", "t-1")
    scene.hears("message.delta", "t-1", delta="half")
    scene.hears("runtime.error", "t-1", message="reconnecting", willRetry=True)
    assert scene.session == ("running", None)
    scene.hears("runtime.error", "t-1", message="gone")
    assert (scene.session, scene.turns) == (("error", "gone"), [("error", None)])
    assert scene.last.content == "half\n\ngone"
    scene.hears("turn.completed", "t-1", status="failed", error="gone")
    scene.hears("runtime.error", message="away")
    assert scene.session == ("error", "away")
    assert [kind for kind, *_ in scene.activities] == ["runtime.error"] * 3
    sets = ask(
        scene.folder, "SELECT count(*) FROM orchestration_events WHERE event_type = 'thread.session-set'"
    )
    assert sets == [(3,)]


@pytest.mark.parametrize(
    ("runtime", "status"),
    [
        ("failed", "error"),
        ("cancelled", "missing"),
        ("interrupted", "missing"),
        ("completed", "ready"),
        ("", "ready"),
    ],
)
def test_checkpoint_stands_as_its_runtime_says(scene: Scene, runtime: str, status: str) -> None:
    """With its files, its difference and the count of its turn."""
    scene.hears("turn.started", "t-1")
    scene.hears("turn.completed", "t-1")
    scene.hears(
        "checkpoint.captured",
        "t-1",
        turnCount=1,
        checkpointRef="refs/1",
        status=runtime,
        files=[{"path": "a.py", "kind": "modified", "additions": 2}],
        diff="+ a\n",
    )
    rows = ask(
        scene.folder, "SELECT status, turn_id, assistant_message_id, files_json FROM projection_checkpoints"
    )
    assert rows[0][:3] == (status, scene.last.message_id, scene.last.message_id)
    assert msgspec.json.decode(rows[0][3])[0]["path"] == "a.py"
    assert scene.document.log.turn_diff(scene.thread, 0, 1) == "+ a\n"


def test_leave_is_asked_answered_and_may_be_taken_back(scene: Scene) -> None:
    """A request that its agent resolves waits no longer."""
    scene.hears("turn.started", "t-1")
    for request in ("r-1", "r-2"):
        scene.hears("approval.requested", "t-1", requestId=request, summary="rm -rf build", raw={"id": 7})
    scene.document.agents.respond_approval(scene.thread, "r-1", "decline")
    scene.hears("approval.resolved", "t-1", requestId="r-2", decision="accept")
    assert scene.document.log.approvals() == []
    kept = ask(
        scene.folder, "SELECT json_extract(payload_json, '$.raw.id') FROM projection_thread_activities"
    )
    assert (7,) in kept


def test_what_an_agent_does_is_an_activity_with_what_it_really_said(scene: Scene) -> None:
    """Tools, and whatever nobody here knows; the names its provider uses are beside it."""
    scene.hears("turn.started", "t-1", raw={"method": "turn/started"})
    scene.hears("tool.started", "t-1", summary="make test", command="make test", provider_item_id="i-7")
    scene.hears("weather.changed", to="rain", raw="☂")
    assert scene.activities == [
        ("turn.started", "info", "turn.started"),
        ("tool.started", "tool", "make test"),
        ("weather.changed", "info", "weather.changed"),
    ]
    rows = ask(
        scene.folder,
        "SELECT payload_json, metadata_json, actor_kind FROM orchestration_events"
        " WHERE event_type = 'thread.activity-appended' ORDER BY sequence",
    )
    payloads = [msgspec.json.decode(row[0])["activity"]["payload"] for row in rows]
    assert payloads[0]["raw"] == {"method": "turn/started"}
    assert (payloads[1]["command"], payloads[2]["raw"]) == ("make test", "☂")
    metadata = msgspec.json.decode(rows[1][1])
    assert (metadata["adapterKey"], metadata["providerItemId"]) == ("codex", "i-7")
    assert {row[2] for row in rows} == {"provider"}


def test_turn_of_an_automation_binds_no_session(scene: Scene) -> None:
    """Its session is not the thread's."""
    scene.hears("turn.started", "t-1", automationId="nightly", provider_thread_id="th-9")
    scene.hears("turn.completed", "t-1")
    assert scene.document.config(scene.thread).acp_config == {"model": "gpt"}


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        ("message.delta", {"delta": "x"}, "names no turn"),
        ("message.delta", {"turn": "t", "delta": 7}, "payload.delta to be a text"),
        ("turn.completed", {"turn": "t", "status": "fine"}, "expected payload.status"),
        ("turn.completed", {"turn": "t", "usage": 3}, "payload.usage an object"),
        (
            "checkpoint.captured",
            {"turn": "t", "turnCount": 1, "checkpointRef": "r", "files": [3]},
            "payload.files",
        ),
        ("checkpoint.captured", {"turn": "t", "checkpointRef": "r"}, "number of turns"),
        ("approval.requested", {"summary": "rm"}, "request_id"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_what_was_expected(
    scene: Scene, kind: str, given: dict[str, Any], words: str
) -> None:
    """And it may be said rightly afterwards."""
    with pytest.raises(CommandRefused, match=words):
        scene.hears(kind, **given)
    assert scene.hears("tool.started", summary="ls") is True


def test_thread_nobody_knows_is_named(scene: Scene) -> None:
    """Nothing is written for it."""
    with pytest.raises(NotFound, match="nowhere"):
        scene.ingestion.take(said("nowhere", "session.started"))


def test_an_event_comes_from_json_as_its_adapter_writes_it(scene: Scene) -> None:
    """Field names are those of the contract."""
    text = msgspec.json.encode(
        {
            "eventId": "e", "type": "turn.started", "provider": "codex", "threadId": scene.thread,
            "createdAt": "2026-01-01T00:00:00.000Z", "providerTurnId": "t", "raw": {"method": "turn/started"},
        }
    )  # fmt: skip
    assert scene.ingestion.take(msgspec.json.decode(text, type=RuntimeEvent)) is True
    assert scene.last.generating
