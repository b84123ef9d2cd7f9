"""The state machine of a turn is the table its docstring draws, and nothing else."""

from __future__ import annotations

from typing import get_args

import pytest

from chatdoc.document import Document
from chatdoc.model.commands import turn_states
from chatdoc.model.commands.decide import Command
from chatdoc.model.commands.turn_end import FailTurn, FinalizeTurn, InterruptTurn, KeepLate, RecoverTurn
from chatdoc.model.commands.turn_queue import QueueTurn
from chatdoc.model.commands.turn_states import NEXT, STATES, Step, next_state, state_of_thread, state_of_turn
from chatdoc.model.commands.turn_stream import AppendPiece, BindSession
from chatdoc.model.errors import CommandRefused, NotFound
from chatdoc.model.ids import ThreadId
from chatdoc.model.records.message import Message
from tests.agents.agents import append, named, start

ENDS = {
    "complete": lambda message: named(FinalizeTurn, message),
    "interrupted": lambda message: named(InterruptTurn, message),
    "error": lambda message: named(FailTurn, message, error="no route"),
}


def test_the_table_that_is_drawn_is_the_table_that_holds() -> None:
    """Every step and every state stands in the docstring, with the next state that the code goes to."""
    lines = (turn_states.__doc__ or "").splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    assert tuple(rows[0][1:]) == STATES
    drawn = {
        row[0]: {found: after for found, after in zip(STATES, row[1:], strict=True) if after != "-"}
        for row in rows[2:]
    }
    assert drawn == NEXT
    assert set(drawn) == set(get_args(Step))


@pytest.mark.parametrize("step", get_args(Step))
def test_an_illegal_step_is_refused_with_the_state_it_found(step: Step) -> None:
    """The refusal names the step, the ids, what was found and what was expected."""
    for found in STATES:
        if found in NEXT[step]:
            assert next_state(step, found, thread_id="T", message_id="M") == NEXT[step][found]
            continue
        with pytest.raises(CommandRefused) as refused:
            next_state(step, found, thread_id="T", message_id="M")
        assert f"it is {found}, expected {' or '.join(NEXT[step])}" in str(refused.value)
        assert "thread T, message M" in str(refused.value)


def _steps(message: Message) -> list[Command]:
    return [
        named(AppendPiece, message, seq=9, text="x"),
        named(BindSession, message, session_id="s"),
        named(FinalizeTurn, message),
        named(InterruptTurn, message),
        named(RecoverTurn, message),
        named(FailTurn, message, error="x"),
    ]


@pytest.mark.parametrize("end", ENDS)
def test_a_turn_that_is_over_takes_no_further_step(document: Document, thread_id: ThreadId, end: str) -> None:
    """However it ended, every later step is refused with how it ended, and changes nothing."""
    message = start(document, thread_id)
    append(document, message, "Hello")
    document.execute(ENDS[end](message))
    state = document.state(thread_id)
    assert state is not None
    assert (state.state, state.active_message_id) == (end, message.message_id)
    before = document.state_vector()
    for command in _steps(message):
        with pytest.raises(CommandRefused, match=f"it is {end}, expected running"):
            document.execute(command)
    assert document.state_vector() == before


def test_a_message_that_is_no_answer_takes_no_step(document: Document, thread_id: ThreadId) -> None:
    """The message of a person is idle: it can be neither finished nor kept late."""
    sent = document.send(thread_id, sender_id="ada", content="Hi")
    for command in [*_steps(sent), named(KeepLate, sent, content="x")]:
        with pytest.raises(CommandRefused, match="it is idle"):
            document.execute(command)


def test_a_step_names_a_thread_and_a_message_that_belong_together(
    document: Document, thread_id: ThreadId
) -> None:
    """The message of another thread is refused, an id that is nobody's is not found."""
    other = document.create_thread(sender_id="ada", content="other")
    message = start(document, thread_id)
    with pytest.raises(CommandRefused, match=f"expected one of thread {other.thread_id}"):
        document.execute(FinalizeTurn(thread_id=other.thread_id, message_id=message.message_id))
    for command in (
        FinalizeTurn(thread_id=thread_id, message_id=thread_id),  # type: ignore[arg-type]
        FinalizeTurn(thread_id=message.message_id, message_id=message.message_id),  # type: ignore[arg-type]
    ):
        with pytest.raises(NotFound):
            document.execute(command)


def test_a_thread_runs_one_turn_at_a_time(document: Document, thread_id: ThreadId) -> None:
    """A second start is refused while the first runs, and taken afterwards."""
    first = start(document, thread_id)
    with pytest.raises(CommandRefused, match="it is running"):
        start(document, thread_id)
    document.execute(named(InterruptTurn, first))
    second = start(document, thread_id)
    assert document.message(second.message_id).generating


def test_two_threads_run_their_turns_at_once(document: Document, thread_id: ThreadId) -> None:
    """Each turn is known by its own ids, and neither hears of the other."""
    other = document.create_thread(sender_id="ada", content="other", name="Other").thread_id
    one, two = start(document, thread_id), start(document, other)
    for text in "abc":
        append(document, one, text)
        append(document, two, text.upper())
    document.execute(named(FinalizeTurn, one))
    assert document.message(one.message_id).content == "abc"
    assert document.message(two.message_id).generating
    assert state_of_thread(document.view, other) == "running"
    document.execute(named(InterruptTurn, two))
    assert document.message(two.message_id).content == "ABC"
    assert document.check().ok


def test_a_thread_whose_active_message_is_over_is_not_running(
    document: Document, thread_id: ThreadId
) -> None:
    """A state that was left behind holds nobody up: how the message stands counts."""
    message = start(document, thread_id)
    assert state_of_turn(document.view, message.message_id) == "running"
    queued = QueueTurn(thread_id=thread_id, sender_id="ada", content="next")
    document.execute(queued)
    document.execute(named(FailTurn, message, error="x"))
    assert state_of_thread(document.view, thread_id) == "error"
    again = document.execute(queued)
    state = document.state(thread_id)
    assert state is not None
    assert state.state == "queued"
    assert state.active_message_id != again.message_id
