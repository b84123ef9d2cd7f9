"""Messages wait in one order, are shown as waiting, may leave or go ahead, and one starts when a turn has ended."""

from __future__ import annotations

from typing import Any

import pytest

from chatdoc.document import Document
from chatdoc.engine.load import load
from chatdoc.model.commands.turn_end import FinalizeTurn, InterruptTurn
from chatdoc.model.commands.turn_queue import QueueTurn, SendNow, WithdrawQueued, queue_of
from chatdoc.model.commands.turn_start import StartTurn
from chatdoc.model.errors import CommandRefused
from chatdoc.model.ids import ThreadId
from chatdoc.model.records.message import Message
from tests.agents.agents import append, named, start
from tests.engine.begin import begin, pull


def _queue(document: Document, thread_id: ThreadId, content: str) -> Message:
    command = QueueTurn(thread_id=thread_id, sender_id="ada", content=content)
    message: Message = document.execute(command)
    return message


def _waiting(document: Document, thread_id: ThreadId) -> list[str]:
    return [document.message(one).content for one in queue_of(document.view, thread_id)]


def _state(document: Document, thread_id: ThreadId) -> tuple[str, str | None]:
    state = document.state(thread_id)
    assert state is not None
    return state.state, state.active_message_id


def test_messages_sent_while_a_turn_runs_wait_in_order(document: Document, thread_id: ThreadId) -> None:
    """They are shown as queued; the thread goes on running the turn it runs."""
    running = start(document, thread_id)
    sent = [_queue(document, thread_id, text) for text in ("one", "two", "three")]
    assert _waiting(document, thread_id) == ["one", "two", "three"]
    assert all(document.message(one.message_id).extra["acp_state"] == "queued" for one in sent)
    assert _state(document, thread_id) == ("running", running.message_id)
    assert document.check().ok


def test_a_message_queued_while_nothing_runs_is_what_the_state_names(
    document: Document, thread_id: ThreadId
) -> None:
    """The first that waits is active, whatever comes after it."""
    first = _queue(document, thread_id, "one")
    _queue(document, thread_id, "two")
    assert _state(document, thread_id) == ("queued", first.message_id)


def test_a_withdrawn_message_stays_and_waits_no_longer(document: Document, thread_id: ThreadId) -> None:
    """The next one is named by the state; after the last the thread is idle; withdrawing twice is refused."""
    one, two = _queue(document, thread_id, "one"), _queue(document, thread_id, "two")
    document.execute(named(WithdrawQueued, one, by="ada"))
    assert _waiting(document, thread_id) == ["two"]
    assert _state(document, thread_id) == ("queued", two.message_id)
    assert document.message(one.message_id).content == "one"
    assert "acp_state" not in document.message(one.message_id).extra
    document.execute(named(WithdrawQueued, two))
    assert _state(document, thread_id) == ("idle", None)
    with pytest.raises(CommandRefused, match="it is not queued"):
        document.execute(named(WithdrawQueued, two))


def test_a_message_sent_now_goes_before_all_others(document: Document, thread_id: ThreadId) -> None:
    """The latest that was hurried is first, the others keep their order."""
    start(document, thread_id)
    sent = {text: _queue(document, thread_id, text) for text in ("one", "two", "three", "four")}
    document.execute(named(SendNow, sent["three"]))
    document.execute(named(SendNow, sent["four"]))
    assert _waiting(document, thread_id) == ["four", "three", "one", "two"]
    assert document.message(sent["three"].message_id).extra["acp_send_mode"] == "immediate"
    document.execute(named(SendNow, sent["three"]))
    assert _waiting(document, thread_id) == ["three", "four", "one", "two"]


def test_a_message_withdrawn_and_queued_again_goes_to_the_end(
    document: Document, thread_id: ThreadId
) -> None:
    """It waits behind those that waited all the time, and is not hurried any more."""
    start(document, thread_id)
    one, _ = _queue(document, thread_id, "one"), _queue(document, thread_id, "two")
    document.execute(named(SendNow, one))
    document.execute(named(WithdrawQueued, one))
    document.execute(named(QueueTurn, one))
    assert _waiting(document, thread_id) == ["two", "one"]
    before = document.state_vector()
    document.execute(named(QueueTurn, one))
    assert document.state_vector() == before


def test_a_message_that_starts_waits_no_longer(document: Document, thread_id: ThreadId) -> None:
    """The answer names it, and it is started once: a second that takes it from the queue is refused."""
    one = _queue(document, thread_id, "one")
    answer = start(document, thread_id, answers=one.message_id, from_queue=True)
    assert answer.reply_to_message_id == one.message_id
    assert answer.extra["parent_message_id"] == one.message_id
    assert _waiting(document, thread_id) == []
    assert _state(document, thread_id) == ("running", answer.message_id)
    document.execute(named(FinalizeTurn, answer, content="done"))
    with pytest.raises(CommandRefused, match="not queued any more"):
        start(document, thread_id, answers=one.message_id, from_queue=True)


def test_interrupt_then_send_at_once_then_continue_loses_nothing(
    document: Document, thread_id: ThreadId
) -> None:
    """What was streamed is the text of the first answer, the message starts the second, and all of it is there."""
    first = start(document, thread_id)
    append(document, first, "Half an ", "answer")
    sent = _queue(document, thread_id, "rather this")
    document.execute(named(InterruptTurn, first))
    assert _waiting(document, thread_id) == ["rather this"]
    second = start(document, thread_id, answers=sent.message_id, from_queue=True)
    append(document, second, "Of course")
    document.execute(named(FinalizeTurn, second))
    shown = [one.content for one in document.messages(thread_id)]
    assert shown == ["root", "Half an answer", "rather this", "Of course"]
    assert document.message(first.message_id).acp_interrupted
    assert document.check().ok


def test_a_deleted_message_is_not_started(document: Document, thread_id: ThreadId) -> None:
    """Deleting a message that waits withdraws it."""
    one, two = _queue(document, thread_id, "one"), _queue(document, thread_id, "two")
    document.delete_message(one.message_id, deleted_by="ada")
    assert _waiting(document, thread_id) == ["two"]
    assert _state(document, thread_id) == ("queued", two.message_id)
    document.restore_message(one.message_id, restored_by="ada")
    assert _waiting(document, thread_id) == ["two"]


def test_an_answer_cannot_be_queued(document: Document, thread_id: ThreadId) -> None:
    """An agent does not answer what an agent is writing."""
    answer = start(document, thread_id)
    with pytest.raises(CommandRefused, match="it is an agent's answer"):
        document.execute(named(QueueTurn, answer))


def test_the_queue_is_the_same_for_peers_and_after_a_restart(document: Document, thread_id: ThreadId) -> None:
    """It lies in the document: a peer and a reopened document show it in the same order."""
    sent = [_queue(document, thread_id, text) for text in ("one", "two", "three")]
    document.execute(named(SendNow, sent[2]))
    document.execute(named(WithdrawQueued, sent[0]))
    peer = begin(2)
    pull(peer, document)
    opened = load(document.engine.store, random=lambda size: b"\x07" * size)
    for view in (document.view, peer.view, opened.view):
        assert queue_of(view, thread_id) == [sent[2].message_id, sent[1].message_id]


def test_a_turn_may_not_be_started_with_fields_that_starting_sets(
    document: Document, thread_id: ThreadId
) -> None:
    """What tells a turn from other messages follows from the command alone."""
    with pytest.raises(CommandRefused, match="acp_started_at_ms, generating"):
        start(document, thread_id, fields={"generating": False, "acp_started_at_ms": 1})
    with pytest.raises(CommandRefused, match="expected a ULID or a UUID"):
        start(document, thread_id, message_id="me")
    given = "01HF7YAT000000000000000001"
    assert start(document, thread_id, message_id=given).message_id == given
    document.execute(InterruptTurn(thread_id=thread_id, message_id=given))  # type: ignore[arg-type]
    with pytest.raises(CommandRefused, match="there is one of this id already"):
        document.execute(StartTurn(thread_id=thread_id, sender_id="codex", message_id=given))  # type: ignore[arg-type]


def test_a_message_that_nobody_sends_waits_for_nobody(document: Document, thread_id: ThreadId) -> None:
    """A forgotten sender is asked for, and who hurries or withdraws a message is a text."""
    with pytest.raises(CommandRefused, match="sender_id: expected 1 to 1000 characters, got 0"):
        document.agents.queue_turn(thread_id, content="Say hello")
    asked = document.agents.queue_turn(thread_id, sender_id="ada", content="Say hello")
    for call in (document.agents.send_now, document.agents.withdraw):
        by: Any = b"ada"
        with pytest.raises(CommandRefused, match="by: expected a text, got bytes"):
            call(thread_id, asked.message_id, by=by)
    assert [one.message_id for one in document.agents.queue(thread_id)] == [asked.message_id]
