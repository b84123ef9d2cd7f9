"""A turn from question to end, as documents and log tell it: asked, queued, started, streamed, ended, and then."""

from __future__ import annotations

from typing import Any

import pytest

from chatdoc.document import Document
from chatdoc.model.clock import ms_of
from chatdoc.model.errors import CommandRefused, NotFound, TurnOver
from chatdoc.testing.clocks import START_MS
from tests.scenarios.story import Step, Story


def asked(story: Story, content: str = "2+2?") -> str:
    """A message that waits."""
    story.given(lambda document: document.agents.queue_turn(story.thread, sender_id="ada", content=content))
    message_id: str = story.answer.message_id
    return message_id


def started(story: Story, **given: Any) -> Any:
    """A turn that runs."""
    story.given(lambda document: document.start_turn(story.thread, sender_id="codex", **given))
    return story.answer


def test_a_turn_is_told_from_question_to_end(story: Story) -> None:
    """Each step tells what it changed, and nothing else."""
    story.when(lambda document: document.agents.queue_turn(story.thread, sender_id="ada", content="2+2?"))
    story.then_told("thread.message-sent", "thread.session-set", "thread.turn-start-requested")
    story.when(lambda document: document.agents.start_next(story.thread, sender_id="codex"))
    told = story.then_told("thread.message-sent", "thread.turn-start-withdrawn", "thread.session-set")
    turn, session = story.answer, told[-1].payload.session  # type: ignore[union-attr]
    assert (session.status, session.active_turn_id) == ("running", turn.message_id)
    turn.append("It is ")
    story.when(lambda _: turn.flush()).then_told("thread.message-sent")
    story.when(lambda _: turn.finalize("It is 4", usage={"output_tokens": 3}))
    sent, ended = story.then_told("thread.message-sent", "thread.session-set")
    assert (sent.payload.text, sent.payload.streaming) == ("It is 4", False)  # type: ignore[union-attr]
    assert ended.payload.session.status == "ready"  # type: ignore[union-attr]
    assert story.rows("projection_thread_turns", "status, turn_id") == [("completed", turn.message_id)]


@pytest.mark.parametrize("behind_ms", [0, 1, 3_600_000])
def test_an_answer_stands_after_its_question(story: Story, behind_ms: int) -> None:
    """Also when the agent's clock is behind the asker's, and whatever id the answer was given."""
    question = asked(story)
    story.clock.now_ms = ms_of(story.document.message(question).date) - behind_ms
    turn = story.document.start_turn(story.thread, sender_id="codex", answers=question, message_id="0" * 26)
    turn.finalize("4")
    assert [one.content for one in story.document.messages(story.thread)] == ["Hello", "2+2?", "4"]
    assert story.document.message(turn.message_id).extra["acp_started_at_ms"] == story.clock.now_ms


def test_a_question_is_queued_once(story: Story) -> None:
    """Asking again while it waits tells nothing; it keeps its place."""
    first, second = asked(story), asked(story, "3+3?")
    story.when(lambda document: document.agents.queue_turn(story.thread, message_id=first)).then_told()
    assert [one.message_id for one in story.document.agents.queue(story.thread)] == [first, second]


def test_a_question_asked_while_a_turn_runs_waits_and_the_turn_runs_on(story: Story) -> None:
    """The thread's state stays running with its answer; the question is shown as queued."""
    turn = started(story)
    story.when(lambda document: document.agents.queue_turn(story.thread, sender_id="ada", content="and 3+3?"))
    story.then_told("thread.message-sent", "thread.turn-start-requested")
    assert story.answer.extra["acp_state"] == "queued"
    state = story.document.state(story.thread)
    assert state is not None
    assert (state.state, state.active_message_id) == ("running", turn.message_id)
    turn.finalize("4")


def test_an_interrupt_that_comes_too_late_changes_nothing(story: Story) -> None:
    """The answer that is there stays, without a notice."""
    turn = started(story)
    done = turn.finalize("4")
    story.when(lambda document: document.agents.interrupt(story.thread, turn.message_id, by="ada"))
    story.then_refused(CommandRefused, "it is complete, expected running")
    assert story.document.message(turn.message_id) == done


def test_an_interrupt_of_what_waits_or_is_missing_says_so(story: Story) -> None:
    """A question that waits is withdrawn, not interrupted; an id that names nothing is named."""
    question = asked(story)
    story.when(lambda document: document.agents.interrupt(story.thread, question))
    story.then_refused(CommandRefused, "cannot interrupt")
    story.when(lambda document: document.agents.interrupt(story.thread, "01HF7YAT00T722E41W6H642ZZZ"))
    story.then_refused(NotFound, "01HF7YAT00T722E41W6H642ZZZ")
    assert len(story.document.agents.queue(story.thread)) == 1


ENDS: dict[str, Step] = {
    "interrupted": lambda document: document.agents.interrupt(*running(document), by="ada"),
    "error": lambda document: document.agents.turn(*running(document)).fail("no network"),
}


def running(document: Document) -> tuple[str, str]:
    """The one turn that runs."""
    (turn,) = document.agents.running()
    return turn.thread_id, turn.message_id


@pytest.mark.parametrize("end", ENDS)
def test_a_real_answer_that_comes_after_the_end_is_kept(story: Story, end: str) -> None:
    """The turn stays ended as it was; what its agent still had to say is in the message's history."""
    turn = started(story)
    turn.append("It is ")
    turn.flush()
    story.given(ENDS[end])
    with pytest.raises(TurnOver, match=f"it is {end}"):
        turn.finalize("It is 4")
    message = story.document.message(turn.message_id)
    assert "It is 4" in [one.content for one in message.history]
    state = story.document.state(story.thread)
    assert state is not None
    assert state.state == end


def test_an_error_is_shown_behind_what_was_streamed_and_in_the_session(story: Story) -> None:
    """Text, state, session and turn all say it."""
    turn = started(story)
    turn.append("It is")
    story.when(lambda _: turn.fail("no quota")).then_told("thread.message-sent", "thread.session-set")
    assert story.answer.content == "It is\n\nno quota"
    assert story.rows("projection_thread_sessions", "status, last_error") == [("error", "no quota")]
    assert story.rows("projection_thread_turns", "status") == [("error",)]


def test_an_interrupt_keeps_text_and_notice_apart(story: Story) -> None:
    """What was streamed is the text; why it ended stands beside it, once."""
    turn = started(story)
    turn.append("Interrupted by the user. No, wait")
    turn.flush()
    story.given(lambda document: document.agents.interrupt(story.thread, turn.message_id, by="ada"))
    message = story.answer
    assert message.content == "Interrupted by the user. No, wait"
    assert (message.acp_interrupted, message.acp_interrupted_reason) == (True, "interrupt")
    assert message.acp_interrupted_text == "Interrupted by the user."


def test_recovering_an_old_turn_leaves_what_waits_waiting(story: Story) -> None:
    """The questions asked meanwhile start in their order, and config was never written."""
    config = story.document.config(story.thread)
    turn = started(story)
    first, second = asked(story), asked(story, "3+3?")
    story.given(
        lambda document: document.agents.recover(story.thread, turn.message_id, reason="server_restart")
    )
    assert story.answer.acp_interrupted_reason == "server_restart"
    for expected in (first, second):
        story.given(lambda document: document.agents.start_next(story.thread, sender_id="codex"))
        assert story.answer.answers == expected
        story.answer.finalize("done")
    assert story.document.config(story.thread) == config


def test_keeps_the_turn_running_across_interim_assistant_messages(story: Story) -> None:
    """Another message of the agent's, and its edits, end nothing; the turn's own end does."""
    turn = started(story)
    story.given(
        lambda document: document.send(
            story.thread, sender_id="codex", content="Looking …", fields={"acp_thread_id": "th-1"}
        )
    )
    interim = story.answer.message_id
    story.given(lambda document: document.edit(interim, author_id="codex", content="Looked"))
    assert (turn.message_id, "running") in story.rows("projection_thread_turns", "turn_id, status")
    turn.finalize("4")
    assert (turn.message_id, "completed") in story.rows("projection_thread_turns", "turn_id, status")


def test_keeps_accumulated_assistant_text_when_completion_text_is_empty(story: Story) -> None:
    """In the document, in the event and in the row."""
    turn = started(story)
    turn.append("It is 4")
    turn.flush()
    story.given(lambda _: turn.finalize())
    assert story.document.message(turn.message_id).content == "It is 4"
    row = story.document.log.message(turn.message_id)
    assert row is not None
    assert (row.text, row.streaming) == ("It is 4", False)


def test_restores_pending_turn_start_metadata_across_restart(story: Story) -> None:
    """What waits is there with its moment, and a turn that starts then knows which question it answers."""
    question = asked(story)
    waited = story.rows("pending_turn_starts", "message_id, requested_at")
    story.reopened()
    assert story.rows("pending_turn_starts", "message_id, requested_at") == waited
    story.given(lambda document: document.agents.start_next(story.thread, sender_id="codex"))
    turn = story.answer
    rows = story.rows("projection_thread_turns", "turn_id, user_message_id")
    assert rows == [(turn.message_id, question)]
    assert story.rows("pending_turn_starts") == []
    turn.finalize("4")


def test_resolves_turn_count_conflicts(story: Story) -> None:
    """Two turns claim to be the first: the later claim holds, the other has no count, and nothing fails."""
    ids = []
    for _ in range(2):
        turn = started(story)
        ids.append(turn.message_id)
        story.given(
            lambda _, turn=turn: turn.finalize("done"),
            lambda document, turn=turn: document.agents.complete_checkpoint(
                story.thread, turn_id=turn.message_id, turn_count=1, checkpoint_ref="refs/1"
            ),
        )
    counts = dict(story.rows("projection_thread_turns", "turn_id, turn_count"))
    assert counts == {ids[0]: None, ids[1]: 1}


def test_settles_a_superseded_running_turn(story: Story) -> None:
    """A turn that was ended while another one began stays ended as it was; neither runs on."""
    turn = started(story)
    story.given(lambda document: document.agents.interrupt(story.thread, turn.message_id))
    again = started(story)
    again.finalize("4")
    rows = dict(story.rows("projection_thread_turns", "turn_id, status"))
    assert rows == {turn.message_id: "interrupted", again.message_id: "completed"}
    assert story.document.agents.running() == ()
    assert ms_of(story.document.message(again.message_id).date) > START_MS
