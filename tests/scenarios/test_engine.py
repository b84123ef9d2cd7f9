"""Orchestration, through an open document: commands become events, events become rows, and all can be read again."""

from __future__ import annotations

from typing import Any

import pytest

from chatdoc.document import Document
from chatdoc.model.commands.decide import Command
from chatdoc.model.commands.sessions import SetSession
from chatdoc.model.errors import CommandConflict, CommandRefused, NotFound
from chatdoc.model.events.types import ChangedFile
from chatdoc.model.ids import ThreadId
from tests.scenarios.story import Step, Story


def answer_next(document: Document) -> None:
    """The agent answers what waits."""
    turn = document.agents.start_next(document.threads()[0].thread_id, sender_id="codex")
    assert turn is not None
    turn.finalize("4")


def ask_for_turn(document: Document) -> str:
    """A message that waits for the agent of the only thread."""
    thread_id = document.threads()[0].thread_id
    return document.agents.queue_turn(thread_id, sender_id="ada", content="2+2?").message_id


def test_returns_deterministic_read_models_for_repeated_calls(story: Story) -> None:
    """Asked twice, also after a restart, the snapshot is the same value."""
    story.given(ask_for_turn, answer_next)
    first = story.document.snapshot()
    assert story.document.snapshot() == first
    again = story.reopened().document.snapshot()
    assert (again.threads, again.projects) == (first.threads, first.projects)


def test_replays_append_only_events_from_sequence(story: Story) -> None:
    """From any place on, the rest and nothing else; what was replayed before stays as it was."""
    story.given(ask_for_turn)
    before = list(story.document.replay())
    story.given(ask_for_turn)
    after = list(story.document.replay())
    assert after[: len(before)] == before
    for place in range(len(after) + 1):
        assert list(story.document.replay(from_sequence_exclusive=place)) == after[place:]


def test_stores_completed_checkpoint_summaries_even_when_no_files_changed(story: Story) -> None:
    """The event, the row and the snapshot have it, with an empty list."""
    story.given(lambda document: document.start_turn(story.thread, sender_id="codex"))
    turn = story.answer
    story.given(lambda _: turn.finalize("nothing to do")).when(
        lambda document: document.agents.complete_checkpoint(
            story.thread, turn_id=turn.message_id, turn_count=1, checkpoint_ref="refs/1", diff=""
        )
    )
    story.then_told("thread.turn-diff-completed")
    ((checkpoint,),) = [thread.checkpoints for thread in story.document.snapshot().threads]
    assert (checkpoint.status, checkpoint.files) == ("ready", [])
    assert story.document.log.turn_diff(story.thread, 0, 1) == ""


def test_a_checkpoint_leads_from_the_turn_before(story: Story) -> None:
    """The difference from the baseline, turn 0, to turn 1 is stored with it; another one is not made up."""
    story.given(lambda document: document.start_turn(story.thread, sender_id="codex"))
    turn = story.answer
    story.given(lambda _: turn.finalize("done")).when(
        lambda document: document.agents.complete_checkpoint(
            story.thread,
            turn_id=turn.message_id,
            turn_count=1,
            checkpoint_ref=f"refs/chatdoc/checkpoints/{story.thread}/turn/1",
            files=[ChangedFile(path="a.py", kind="added", additions=1)],
            diff="+ a\n",
        )
    )
    story.then_told("thread.turn-diff-completed")
    assert story.document.log.turn_diff(story.thread, 0, 1) == "+ a\n"
    story.when(lambda document: document.log.turn_diff(story.thread, 0, 2))
    story.then_refused(NotFound, "from turn 0 to turn 2")


def test_projects_dispatched_engine_events_immediately(story: Story) -> None:
    """When a command comes back, all eight projectors stand at its last event, and its rows are there."""
    story.when(ask_for_turn)
    events = story.then_told("thread.message-sent", "thread.session-set", "thread.turn-start-requested")
    assert {one.last_applied_sequence for one in story.document.log.projections()} == {events[-1].sequence}
    assert story.rows("pending_turn_starts", "message_id") == [(story.answer,)]


def test_rejects_duplicate_thread_creation(story: Story) -> None:
    """The same command makes the same thread; its id with another command is a conflict; neither tells anything."""

    def create(content: str) -> Step:
        return lambda document: document.create_thread(sender_id="ada", content=content, command_id="one")

    story.when(create("Plan B")).then_told("thread.created", "thread.message-sent")
    first = story.answer
    story.when(create("Plan B")).then_told()
    assert story.answer == first
    story.when(create("Plan C"))
    story.then_refused(CommandConflict, "'one' was used for another command")
    assert len(story.document.threads()) == 2


def test_a_start_is_caused_by_the_message_that_asks(story: Story) -> None:
    """Message first, then the request; both have the command that asked, and one causes the other."""
    story.when(
        lambda document: document.agents.queue_turn(
            story.thread, sender_id="ada", content="2+2?", command_id="ask"
        )
    )
    sent, _, requested = story.then_told(
        "thread.message-sent", "thread.session-set", "thread.turn-start-requested"
    )
    assert requested.causation_event_id == sent.event_id
    assert (sent.command_id, requested.correlation_id) == ("ask", "ask")
    said: Any = sent.payload
    assert (said.role, said.turn_id, said.streaming, said.text) == ("user", None, False, "2+2?")
    asked: Any = requested.payload
    assert (asked.message_id, asked.model) == (said.message_id, "gpt")


NOWHERE = "nowhere"
OF_A_THREAD: dict[str, Step] = {
    "send": lambda document: document.send(NOWHERE, sender_id="ada", content="Hi"),
    "configure": lambda document: document.configure(NOWHERE, updated_by="ada", name="x"),
    "delete": lambda document: document.delete_thread(NOWHERE, deleted_by="ada"),
    "queue": lambda document: document.agents.queue_turn(NOWHERE, sender_id="ada", content="Hi"),
    "start": lambda document: document.start_turn(NOWHERE, sender_id="codex", message_id="0" * 26),
    "interrupt": lambda document: document.agents.request_interrupt(NOWHERE),
    "activity": lambda document: document.agents.append_activity(NOWHERE, kind="tool.started", summary="ls"),
    "approval": lambda document: document.agents.request_approval(NOWHERE, "r-1", summary="rm"),
    "session": lambda document: document.execute(SetSession(thread_id=ThreadId(NOWHERE), status="ready")),
    "stop": lambda document: document.agents.stop_session(NOWHERE),
    "revert": lambda document: document.agents.revert(NOWHERE, 0),
    "checkpoint": lambda document: document.agents.complete_checkpoint(
        NOWHERE, turn_id="t", turn_count=1, checkpoint_ref="r"
    ),
}


@pytest.mark.parametrize("what", OF_A_THREAD)
def test_requires_a_thread_that_exists(story: Story, what: str) -> None:
    """Every command of a thread names it when it is not there, and leaves nothing."""
    before = story.folded()
    story.when(OF_A_THREAD[what]).then_refused(NotFound, "no thread 'nowhere'")
    assert story.folded() == before


@pytest.mark.parametrize("count", [-1, 0.5, None])
def test_requires_a_turn_count_that_is_no_less_than_zero(story: Story, count: Any) -> None:
    """Going back to fewer than no turns is refused."""
    story.when(lambda document: document.agents.revert(story.thread, count))
    story.then_refused(CommandRefused, "expected a number of turns from 0")


def test_requires_the_command_to_be_one(story: Story) -> None:
    """Anything else is named, with what there is."""

    class Dance:
        pass

    command: Command = Dance()  # type: ignore[assignment]
    story.when(lambda document: document.execute(command))
    story.then_refused(CommandRefused, "Dance is not a command")


def test_every_thread_belongs_to_the_project_of_its_folder(story: Story) -> None:
    """The project comes before the first thread, once; whoever opens the folder again finds it."""
    story.reopened().when(lambda document: document.create_thread(sender_id="bob", content="Hi"))
    created, _ = story.then_told("thread.created", "thread.message-sent")
    (project,) = story.document.snapshot().projects
    said: Any = created.payload
    assert said.project_id == project.id
    assert {thread.project_id for thread in story.document.snapshot().threads} == {project.id}
    assert next(iter(story.document.replay())).event_type == "project.created"
