"""Whatever is handed to a method of the event log, it is told or refused in words, and the log stays readable."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chatdoc.document import Document
from chatdoc.model.clock import iso
from chatdoc.model.errors import ChatdocError, CommandRefused, NoEventLog, NotFound, StoreError
from chatdoc.model.events.types import ChangedFile
from chatdoc.store.projections.replay import TurnParts
from chatdoc.testing.clocks import START_MS, ManualClock
from chatdoc.workspace import Workspace, log_of
from tests.event_view.workplace import folded, opened

ODD: tuple[Any, ...] = (
    None, 5, -1, 1.5, True, b"x", "", "zz", "a\0b", "\ud800", "x" * 2000, [], [1], {}, {1: 2}, {"a": object()},
    object(), set(), (1,), 2**70, -(2**70), float("nan"), ChangedFile(path=5, kind="k"),  # type: ignore[arg-type]
    [ChangedFile(path="a", kind="k", additions=2**70)], "1969-01-01T00:00:00Z", "9999-12-31T23:59:59-05:00",
)  # fmt: skip
THREAD, MESSAGE = "THREAD", "MESSAGE"
METHODS: dict[str, dict[str, Any]] = {
    "create_thread": {
        "sender_id": "ada", "content": "Hi", "name": "Plan", "acp_config": None, "pin": None, "fields": None,
        "command_id": None,
    },
    "send": {
        "thread_id": THREAD, "sender_id": "ada", "content": "Hi", "reply_to": None, "fields": None, "command_id": None,
    },
    "configure": {"thread_id": THREAD, "updated_by": "ada", "name": "n", "acp_config": None, "fields": None},
    "append_activity": {
        "thread_id": THREAD, "kind": "tool.started", "summary": "ls", "tone": "info", "payload": None,
        "turn_id": None, "activity_id": None, "metadata": None, "created_at": None, "command_id": None,
    },
    "request_approval": {
        "thread_id": THREAD, "request_id": "one", "summary": "rm", "payload": None, "turn_id": None,
        "expires_at": None, "command_id": None,
    },
    "respond_approval": {"thread_id": THREAD, "request_id": "one", "decision": "accept", "command_id": None},
    "expire_approval": {"thread_id": THREAD, "request_id": "one", "command_id": None},
    "set_session": {
        "thread_id": THREAD, "status": "ready", "provider_name": None, "provider_session_id": None,
        "provider_thread_id": None, "active_turn_id": None, "last_error": None, "command_id": None,
    },
    "stop_session": {"thread_id": THREAD, "command_id": None},
    "request_interrupt": {"thread_id": THREAD, "turn_id": None, "command_id": None},
    "complete_checkpoint": {
        "thread_id": THREAD, "turn_id": "turn", "turn_count": 1, "checkpoint_ref": "ref", "status": "ready",
        "files": (), "assistant_message_id": None, "diff": "-", "from_turn": None, "command_id": None,
    },
    "revert": {"thread_id": THREAD, "turn_count": 1, "command_id": None},
    "undo_revert": {"thread_id": THREAD, "command_id": None},
    "update_project": {"title": "t", "default_model": None, "scripts": [], "command_id": None},
    "replay": {"from_sequence_exclusive": 0},
    "subscribe_events": {"from_sequence": 0},
    "start_turn": {
        "thread_id": THREAD, "sender_id": "codex", "answers": None, "message_id": None, "pace": None,
        "command_id": None, "fields": None,
    },
    "start_next": {"thread_id": THREAD, "sender_id": "codex", "pace": None, "fields": None},
    "interrupt": {
        "thread_id": THREAD, "message_id": MESSAGE, "reason": "interrupt", "by": None, "command_id": None,
    },
    "recover": {
        "thread_id": THREAD, "message_id": MESSAGE, "reason": "worker_stopped", "notice": None, "command_id": None,
    },
    "queue": {"thread_id": THREAD},
    "queue_turn": {
        "thread_id": THREAD, "sender_id": "ada", "content": "next?", "message_id": None, "reply_to": None,
        "command_id": None, "fields": None,
    },
    "withdraw": {"thread_id": THREAD, "message_id": MESSAGE, "by": "ada", "command_id": None},
    "send_now": {"thread_id": THREAD, "message_id": MESSAGE, "by": "ada", "command_id": None},
    "turn": {"thread_id": THREAD, "message_id": MESSAGE, "pace": None},
    "recover_turns": {"reason": "worker_stopped", "silent_ms": None},
}  # fmt: skip
OF_A_LOG: dict[str, dict[str, Any]] = {
    "events": {"from_sequence_exclusive": 0, "thread_id": None},
    "follow": {"from_sequence": 0, "thread_id": None},
    "thread": {"thread_id": THREAD},
    "message": {"message_id": MESSAGE},
    "messages": {"thread_id": THREAD, "limit": None, "before": None},
    "turns": {"thread_id": THREAD},
    "turn_ids": {"thread_id": THREAD},
    "replay_turns": {"parts": {}},
    "session": {"thread_id": THREAD},
    "approvals": {"thread_id": None},
    "replay_thread": {"thread_id": THREAD, "limit": None},
    "turn_diff": {"thread_id": THREAD, "from_turn": 0, "to_turn": 1},
    "compact": {"dry_run": True},
}


@pytest.fixture
def document(tmp_path: Path) -> Document:
    """A stored document with one thread of two messages."""
    document = opened(tmp_path, clock=ManualClock())
    thread = document.create_thread(sender_id="ada", content="Hello")
    document.send(thread.thread_id, sender_id="bob", content="Hi")
    return document


def use(target: object, document: Document, name: str, arguments: dict[str, Any]) -> None:
    """Call a method, and take what it gives; only errors of this library are let pass, none that blames the store."""
    thread = document.threads()[0].thread_id
    named = {THREAD: thread, MESSAGE: document.messages(thread)[1].message_id}
    given = {key: named.get(one, one) if isinstance(one, str) else one for key, one in arguments.items()}
    try:
        answer = getattr(target, name)(**given)
        match name:
            case "replay" | "events":
                list(answer)
            case "subscribe_events" | "follow":
                answer.wait(0.001)
                answer.close()
            case "start_turn" | "turn" | "start_next" if answer is not None:
                answer.append("text")
                answer.interrupt()
    except StoreError:
        raise
    except ChatdocError:
        pass


@pytest.mark.parametrize("name", METHODS)
def test_an_odd_argument_is_told_or_refused(document: Document, tmp_path: Path, name: str) -> None:
    """No error but this library's own comes out, the document stays open, and every event can be read and folded."""
    for argument in METHODS[name]:
        for odd in ODD:
            target = document if hasattr(document, name) else document.agents
            use(target, document, name, {**METHODS[name], argument: odd})
    assert document.engine.is_open
    assert len(list(document.replay())) == document.snapshot().snapshot_sequence
    before = folded(tmp_path)
    document.log.rebuild()
    assert {**folded(tmp_path), "projection_state": ()} == {**before, "projection_state": ()}


@pytest.mark.parametrize("name", OF_A_LOG)
def test_an_odd_question_to_the_log_is_refused(document: Document, tmp_path: Path, name: str) -> None:
    """No error but this library's own comes out, of a document that is open and of one that is not."""
    with log_of(tmp_path / "team.chat") as log:
        for argument in OF_A_LOG[name]:
            for odd in ODD:
                for target in (document.log, log):
                    use(target, document, name, {**OF_A_LOG[name], argument: odd})
    assert len(list(document.replay())) == document.snapshot().snapshot_sequence


@pytest.mark.parametrize(
    "parts",
    [
        *(one for one in ODD if one != {}),
        {"turn": None}, {"turn": ()}, {"turn": (1, 2)}, {5: TurnParts({}, {})}, {"\ud800": TurnParts({}, {})},
        {MESSAGE: TurnParts({"\ud800": None}, {})}, {MESSAGE: TurnParts({}, {5: None})},  # type: ignore[dict-item]
        {MESSAGE: TurnParts(None, {})}, {MESSAGE: ({}, {})},  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_parts_that_can_be_no_turns_are_refused(document: Document, parts: Any) -> None:
    """With what was expected and what came: the store is as it was, and is not to be rebuilt."""
    turn = document.start_turn(document.threads()[0].thread_id, sender_id="codex").message_id
    given = (
        {turn if key == MESSAGE else key: one for key, one in parts.items()}
        if isinstance(parts, dict)
        else parts
    )
    with pytest.raises(CommandRefused, match=r"^parts"):
        document.log.replay_turns(given)
    assert [one.turn_id for one in document.log.replay_turns({turn: TurnParts({}, {})})] == [turn]


@pytest.mark.parametrize("odd", [None, 5, "a\0b", "\ud800", "x" * 5000, b"\xff", object()])
@pytest.mark.parametrize("of", [Workspace, log_of])
def test_what_names_no_folder_has_no_log(odd: Any, of: Callable[[Any], object]) -> None:
    """Neither a folder nor a file."""
    with pytest.raises(NoEventLog):
        of(odd)


def test_a_refusal_names_the_argument_what_was_expected_and_what_came(document: Document) -> None:
    """So that it can be put right without reading the code."""
    thread = document.threads()[0].thread_id
    with pytest.raises(CommandRefused, match=r"^turn_id: expected a text, got int$"):
        document.agents.append_activity(thread, kind="k", summary="s", turn_id=5)  # type: ignore[arg-type]
    with pytest.raises(
        CommandRefused, match=r"from_sequence: expected the sequence of an event, or 0, got None"
    ):
        document.subscribe_events(None)  # type: ignore[arg-type]
    with pytest.raises(
        CommandRefused, match=r"turn_count: expected a number of turns from 0 to 9007199254740991"
    ):
        document.agents.revert(thread, 2**70)
    with pytest.raises(CommandRefused, match=r"dry_run: expected True or False, got None"):
        document.log.compact(dry_run=None)  # type: ignore[arg-type]


def test_an_id_that_another_thread_has_is_refused(document: Document) -> None:
    """What an agent says there would be lost, or would take the place of what another one said."""
    first = document.threads()[0].thread_id
    second = document.create_thread(sender_id="ada", content="Other").thread_id
    document.agents.append_activity(first, kind="tool.started", summary="ls", activity_id="item-1")
    with pytest.raises(CommandRefused, match=f"activity_id: 'item-1' is an activity of thread {first}"):
        document.agents.append_activity(second, kind="tool.started", summary="cat", activity_id="item-1")
    for thread in (first, second):
        with pytest.raises(CommandRefused, match="request_id: 'item-1' is an activity"):
            document.agents.request_approval(thread, "item-1", summary="rm")


def test_a_turn_is_told_of_in_its_own_thread(document: Document) -> None:
    """A checkpoint or session of another thread would move its row."""
    first = document.threads()[0].thread_id
    second = document.create_thread(sender_id="ada", content="Other").thread_id
    turn = document.start_turn(first, sender_id="codex").message_id
    for say in (
        lambda: document.agents.append_activity(second, kind="k", summary="s", turn_id=turn),
        lambda: document.agents.set_session(second, "running", active_turn_id=turn),
        lambda: document.agents.request_interrupt(second, turn_id=turn),
        lambda: document.agents.complete_checkpoint(second, turn_id=turn, turn_count=1, checkpoint_ref="ref"),
    ):
        with pytest.raises(CommandRefused, match=f"turn {turn} is of thread {first}, expected one of"):
            say()


def test_a_request_keeps_its_time_however_it_was_made_and_whatever_is_reverted(tmp_path: Path) -> None:
    """Also when it was noted as an activity, and when a revert hides that it was."""
    clock = ManualClock()
    document = opened(tmp_path, clock=clock)
    thread = document.create_thread(sender_id="ada", content="Hello").thread_id
    expires_at = iso(START_MS + 60_000)
    document.agents.request_approval(thread, "one", summary="rm", turn_id="gone", expires_at=expires_at)
    asked = {"requestId": "two", "expiresAt": expires_at, "payload_json": 5}
    document.agents.append_activity(
        thread, kind="approval.requested", summary="rm", payload=asked, turn_id="gone"
    )
    document.agents.revert(thread, 0)
    for request in ("one", "two"):
        with pytest.raises(CommandRefused, match="may be answered until"):
            document.agents.expire_approval(thread, request)
    clock.advance(60_000)
    for request in ("one", "two"):
        with pytest.raises(CommandRefused, match="expired at"):
            document.agents.respond_approval(thread, request, "accept")
    with pytest.raises(CommandRefused, match=r"payload\.expiresAt: expected an ISO 8601 date"):
        document.agents.append_activity(
            thread, kind="approval.requested", summary="rm", payload={"requestId": "3", "expiresAt": "soon"}
        )


def test_an_id_is_that_of_one_turn_of_the_folder(document: Document, tmp_path: Path) -> None:
    """An agent that counts its turns in each thread hears of it; no other thread's turn gets its count."""
    first = document.threads()[0].thread_id
    second = document.create_thread(sender_id="ada", content="Other").thread_id
    for number in (1, 2):
        document.agents.complete_checkpoint(
            first, turn_id=f"{number}", turn_count=number, checkpoint_ref="ref"
        )
    before = folded(tmp_path)
    with pytest.raises(CommandRefused, match=f"turn_id: turn 1 is of thread {first}"):
        document.agents.complete_checkpoint(second, turn_id="1", turn_count=2, checkpoint_ref="ref")
    with pytest.raises(CommandRefused, match=f"active_turn_id: turn 1 is of thread {first}"):
        document.agents.set_session(second, "running", active_turn_id="1")
    assert folded(tmp_path) == before
    document.agents.revert(first, 0)
    with pytest.raises(CommandRefused, match=f"turn_id: turn 1 is of thread {first}"):
        document.agents.complete_checkpoint(second, turn_id="1", turn_count=2, checkpoint_ref="ref")


def test_a_refusal_shows_no_more_of_an_id_than_can_be_read(document: Document) -> None:
    """Whatever was handed in for one."""
    with pytest.raises(NotFound) as refused:
        document.agents.append_activity("x" * 100_000, kind="k", summary="s")
    assert len(str(refused.value)) < 250
