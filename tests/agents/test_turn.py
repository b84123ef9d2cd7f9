"""Who runs a turn loses no text: not to a failing store, not to whoever else ends it, not to an error of its own."""

from __future__ import annotations

from typing import Any

import pytest

from chatdoc.agents.flush_policy import Pace
from chatdoc.agents.turn import Turn
from chatdoc.document import Document
from chatdoc.model.errors import (
    CommandRefused,
    FinalizeMismatch,
    NotFound,
    StoreError,
    TurnOver,
)
from chatdoc.model.ids import ThreadId
from chatdoc.model.records.message import Message

USAGE = {"input_tokens": 10, "output_tokens": 3}
AT_ONCE = Pace(chars=1, growth=1)


def _turn(document: Document, thread_id: ThreadId, **given: Any) -> Turn:
    return document.start_turn(thread_id, sender_id="codex", **given)


def test_a_turn_from_start_to_end(document: Document, thread_id: ThreadId) -> None:
    """Started, bound, streamed and finalized; the answer is there, and what it cost."""
    asked = document.send(thread_id, sender_id="ada", content="Say hello")
    with _turn(document, thread_id, answers=asked.message_id, fields={"acp_prompt": "hidden"}) as turn:
        assert turn.state == "running"
        assert [one.message_id for one in document.agents.running()] == [turn.message_id]
        turn.bind_session("s-1")
        for word in ("Hello", ", ", "world"):
            turn.append(word)
        done = turn.finalize(usage=USAGE)
    assert (done.content, done.acp_usage, done.reply_to_message_id) == (
        "Hello, world",
        USAGE,
        asked.message_id,
    )
    assert done.extra["acp_prompt"] == "hidden"
    assert document.config(thread_id).acp_config == {"model": "gpt", "sessionId": "s-1"}
    assert turn.state == "complete"
    assert document.agents.running() == ()
    assert document.check().ok


def test_an_error_in_the_body_fails_the_turn(document: Document, thread_id: ThreadId) -> None:
    """What was gathered is kept, and the error goes on."""
    turn = _turn(document, thread_id)

    def body() -> None:
        with turn:
            turn.append("Half")
            raise ZeroDivisionError("by zero")

    with pytest.raises(ZeroDivisionError):
        body()
    assert turn.message.content == "Half\n\nZeroDivisionError: by zero"
    assert turn.state == "error"


@pytest.mark.parametrize("stop", [None, KeyboardInterrupt, SystemExit])
def test_leaving_without_an_end_interrupts_the_turn(
    document: Document, thread_id: ThreadId, stop: type[BaseException] | None
) -> None:
    """So does being stopped: that is no error of the agent."""
    turn = _turn(document, thread_id)
    try:
        with turn:
            turn.append("Half")
            if stop is not None:
                raise stop
    except (KeyboardInterrupt, SystemExit):
        pass
    assert turn.message.content == "Half"
    assert turn.message.acp_interrupted_reason == "worker_stopped"
    assert turn.state == "interrupted"


@pytest.mark.parametrize("flushed", [True, False])
def test_a_turn_ended_by_somebody_else_keeps_all_it_was_given(
    document: Document, thread_id: ThreadId, flushed: bool
) -> None:
    """The next step says that it is over, and the text that was not yet written is shown with the rest."""
    turn = _turn(document, thread_id)
    turn.append("Half ")
    if flushed:
        turn.flush()
    document.agents.interrupt(thread_id, turn.message_id, by="ada")
    turn.gather("an answer")
    with pytest.raises(TurnOver, match=f"{turn.message_id} in thread {thread_id} is over: it is interrupted"):
        turn.flush()
    assert turn.message.content == "Half an answer"
    with pytest.raises(TurnOver):
        turn.append(", late")
    assert turn.message.content == "Half an answer, late"
    with pytest.raises(TurnOver):
        turn.finalize("All of it")
    assert turn.message.content == "Half an answer, late"
    turn.leave()
    assert document.check().ok


def test_a_final_text_that_comes_after_an_interrupt_is_in_the_history(
    document: Document, thread_id: ThreadId
) -> None:
    """An agent that was done when the user interrupted it loses neither what it streamed nor its last word."""
    turn = _turn(document, thread_id)
    turn.append("dra")
    document.agents.interrupt(thread_id, turn.message_id)
    turn.gather("ft")
    with pytest.raises(TurnOver):
        turn.finalize("Final", usage=USAGE)
    texts = [one.content for one in turn.message.history]
    assert {"draft", "Final"} <= set(texts)
    assert texts[0] == "draft"


def test_a_flush_that_is_retried_is_a_no_op(
    document: Document, thread_id: ThreadId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the answer to a flush is lost, the same piece is written again, and stands there once."""
    turn = _turn(document, thread_id)
    execute = turn._execute

    def answer_lost(*args: Any, **given: Any) -> Any:
        execute(*args, **given)
        raise StoreError("the answer was lost")

    turn.gather("Hello")
    monkeypatch.setattr(turn, "_execute", answer_lost)
    with pytest.raises(StoreError):
        turn.flush()
    monkeypatch.undo()
    before = document.state_vector()
    turn.flush()
    assert document.state_vector() == before
    turn.append(", world")
    assert turn.finalize().content == "Hello, world"


def test_a_flush_that_failed_keeps_its_text(
    document: Document, thread_id: ThreadId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be written is written by the next flush, or by the end."""
    turn = _turn(document, thread_id)

    def fail(*_: Any, **__: Any) -> Any:
        raise StoreError("no space left")

    turn.gather("Hello")
    monkeypatch.setattr(turn, "_execute", fail)
    with pytest.raises(StoreError):
        turn.flush()
    turn.gather(", world")
    monkeypatch.undo()
    assert turn.finalize().content == "Hello, world"


def test_what_is_finalized_is_read_again(
    document: Document, thread_id: ThreadId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A document that does not show what was written is an error that says what is wrong."""
    turn = _turn(document, thread_id)
    turn.append("Hello")
    before: Message = turn.message
    monkeypatch.setattr(turn._reader, "message", lambda message_id: before)
    with pytest.raises(FinalizeMismatch) as mismatch:
        turn.finalize(usage=USAGE)
    for part in (turn.message_id, "still generating", "lack what was appended", "acp_usage is None"):
        assert part in str(mismatch.value)


def test_steps_that_are_repeated_add_nothing(document: Document, thread_id: ThreadId) -> None:
    """Their ids follow from thread, message, step and number: a second delivery of all of them is a no-op."""

    def run() -> Message:
        turn = _turn(document, thread_id, command_id="job-1", pace=AT_ONCE)
        assert turn.message_id == first or not first
        for text in ("Hello", ", ", "world"):
            turn.append(text)
        return turn.finalize(usage=USAGE)

    first = ""
    done = run()
    first, before = done.message_id, document.state_vector()
    # The turn goes on behind the pieces there are, so the repetition starts with the same receipts.
    assert run() == done
    assert document.state_vector() == before


def test_a_turn_is_begun_once_however_often_it_is_asked_for(document: Document, thread_id: ThreadId) -> None:
    """The same command id, or the same message id, gives the turn that was begun."""
    given = "01HF7YAT000000000000000001"
    one, two = (_turn(document, thread_id, message_id=given) for _ in range(2))
    assert one.message_id == two.message_id == given
    one.interrupt()
    three, four = (_turn(document, thread_id, command_id="again") for _ in range(2))
    assert three.message_id == four.message_id != given
    assert len(document.messages(thread_id)) == 3


def test_a_turn_that_runs_is_gone_on_with(document: Document, thread_id: ThreadId) -> None:
    """Another hold on it writes behind the last piece; once it is over there is nothing to go on with."""
    turn = _turn(document, thread_id)
    turn.append("One ")
    turn.flush()
    again = document.agents.turn(thread_id, turn.message_id)
    again.append("two")
    assert again.finalize().content == "One two"
    with pytest.raises(CommandRefused, match="it is complete"):
        document.agents.turn(thread_id, turn.message_id)
    turn.append("three")
    with pytest.raises(TurnOver):
        turn.flush()


def test_two_that_hold_one_turn_do_not_overwrite_each_other(document: Document, thread_id: ThreadId) -> None:
    """The second that writes under a number is refused with both texts; its own text it still has."""
    one, two = _turn(document, thread_id), None
    two = document.agents.turn(thread_id, one.message_id)
    one.append("one")
    one.flush()
    two.gather("two")
    with pytest.raises(Exception, match=r"says something else|used for another command"):
        two.flush()
    one.finalize()
    with pytest.raises(TurnOver):
        two.flush()
    assert "two" in [text.content for text in one.message.history]


def test_the_next_turn_answers_what_waits(document: Document, thread_id: ThreadId) -> None:
    """Messages sent while a turn runs are started one after the other once it has ended; then there is none."""
    first = _turn(document, thread_id)
    sent = [
        document.agents.queue_turn(thread_id, sender_id="ada", content=text)
        for text in ("one", "two", "three")
    ]
    document.agents.send_now(thread_id, sent[2].message_id)
    document.agents.withdraw(thread_id, sent[0].message_id)
    assert [one.content for one in document.agents.queue(thread_id)] == ["three", "two"]
    with pytest.raises(CommandRefused, match="it is running"):
        document.agents.start_next(thread_id, sender_id="codex")
    first.finalize("done")
    answered = []
    while (turn := document.agents.start_next(thread_id, sender_id="codex")) is not None:
        answered.append(document.message(turn.message.reply_to_message_id or "").content)
        turn.finalize("done")
    assert answered == ["three", "two"]
    assert document.agents.queue(thread_id) == []
    for ask in (document.agents.queue, lambda one: document.agents.start_next(one, sender_id="codex")):
        with pytest.raises(NotFound):
            ask("nobody")


def test_text_that_no_peer_would_take_is_refused_before_it_is_gathered(
    document: Document, thread_id: ThreadId
) -> None:
    """Half a character is told at once, and what was appended before stays."""
    turn = _turn(document, thread_id)
    turn.append("Hello")
    with pytest.raises(CommandRefused, match="half of a surrogate pair"):
        turn.append("\ud83d")
    assert turn.finalize().content == "Hello"
    failing = _turn(document, thread_id)
    failing.fail(ValueError("\ud83d"))
    assert failing.message.content == "ValueError: ?"
