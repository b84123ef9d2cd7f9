"""Requests that anybody makes reach the agent once and in order; failures are told, and the next one goes on."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import pytest

from chatdoc.apps.provider.reactor import Reactor
from chatdoc.model.commands.activities import DETAIL_LENGTH_MAX
from tests.agents.processes import ENVIRONMENT
from tests.apps.provider.agents import Scribe
from tests.apps.provider.scene import Scene
from tests.event_view.workplace import ask

ASKING = """
import sys
from chatdoc.open import open_document
path, thread_id = sys.argv[1:]
with open_document(path) as document:
    document.agents.queue_turn(thread_id, sender_id="bob", content="from afar")
"""


def react(scene: Scene, *refuses: str, **given: Any) -> tuple[Reactor, Scribe]:
    """A reactor that is there from now on, and its agent."""
    scribe = Scribe(*refuses, **given)
    return Reactor(scene.document, scribe, name="codex"), scribe


def asks(scene: Scene, content: str) -> str:
    """A message that waits."""
    return scene.document.agents.queue_turn(scene.thread, sender_id="ada", content=content).message_id


def test_messages_are_handed_over_one_after_the_other(scene: Scene) -> None:
    """The next one when the turn before has ended, the one that jumps the queue first."""
    reactor, scribe = react(scene)
    first, second, third = (asks(scene, text) for text in ("1", "2", "3"))
    reactor.catch_up()
    assert scribe.calls == [("start_turn", first)]
    scene.document.agents.send_now(scene.thread, third)
    reactor.catch_up()
    assert len(scribe.calls) == 1
    scene.hears("turn.started", "t-1", messageId=first)
    reactor.catch_up()
    scene.hears("turn.completed", "t-1")
    reactor.catch_up()
    assert scribe.calls[1:] == [("start_turn", third)]
    scene.hears("turn.started", "t-2", messageId=third)
    scene.hears("turn.completed", "t-2")
    reactor.catch_up()
    assert scribe.calls[2:] == [("start_turn", second)]


def test_each_request_reaches_the_agent_as_what_it_is(scene: Scene) -> None:
    """Interrupts, answers, the end of a session and going back."""
    reactor, scribe = react(scene)
    scene.hears("turn.started", "t-1")
    turn_id = scene.last.message_id
    scene.hears("approval.requested", "t-1", requestId="r-1", summary="rm")
    scene.document.agents.respond_approval(scene.thread, "r-1", "acceptForSession")
    scene.document.agents.request_interrupt(scene.thread, turn_id=turn_id)
    scene.document.agents.request_interrupt(scene.thread)
    scene.document.agents.stop_session(scene.thread)
    scene.document.agents.revert(scene.thread, 0)
    reactor.catch_up()
    assert scribe.calls == [
        ("respond_approval", "r-1", "acceptForSession"),
        ("interrupt", turn_id),
        ("interrupt", None),
        ("stop_session", scene.thread),
        ("revert", 0),
    ]
    assert scene.activities[1:] == []


def test_interrupt_of_a_turn_that_is_over_is_not_passed_on(scene: Scene) -> None:
    """Nor one of a thread where nothing runs; before a turn that was handed over has started it is."""
    reactor, scribe = react(scene)
    scene.hears("turn.started", "t-1")
    scene.document.agents.request_interrupt(scene.thread, turn_id=scene.last.message_id)
    scene.hears("turn.completed", "t-1")
    scene.document.agents.request_interrupt(scene.thread)
    reactor.catch_up()
    assert scribe.calls == []
    asks(scene, "go")
    reactor.catch_up()
    scene.document.agents.request_interrupt(scene.thread)
    reactor.catch_up()
    assert scribe.calls[-1] == ("interrupt", None)


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        ("interrupt", "provider.turn.interrupt.failed"),
        ("respond_approval", "provider.approval.respond.failed"),
        ("stop_session", "provider.session.stop.failed"),
        ("revert", "checkpoint.revert.failed"),
    ],
)
def test_call_that_fails_is_told_and_the_next_one_goes_on(scene: Scene, call: str, kind: str) -> None:
    """With a detail that is cut, and not tried again."""
    reactor, scribe = react(scene, call, words="x" * 500)
    scene.hears("turn.started", "t-1")
    scene.hears("approval.requested", "t-1", requestId="r-1", summary="rm")
    scene.document.agents.respond_approval(scene.thread, "r-1", "accept")
    scene.document.agents.request_interrupt(scene.thread, turn_id=scene.last.message_id)
    scene.document.agents.stop_session(scene.thread)
    scene.document.agents.revert(scene.thread, 0)
    reactor.catch_up()
    reactor.catch_up()
    assert len(scribe.calls) == 4
    assert scene.activities[1:] == [(kind, "error", "x" * DETAIL_LENGTH_MAX)]


def test_turn_that_cannot_be_started_is_told_and_the_next_message_goes(scene: Scene) -> None:
    """The message waits no longer and stays; asked again, it is a new request."""
    reactor, scribe = react(scene, "start_turn")
    first, second = asks(scene, "1"), asks(scene, "2")
    reactor.catch_up()
    assert [call for call in scribe.calls if call[0] == "start_turn"] == [
        ("start_turn", first),
        ("start_turn", second),
    ]
    assert scene.activities == [("provider.turn.start.failed", "error", "no such agent")] * 2
    assert scene.document.agents.queue(scene.thread) == []
    assert [one.content for one in scene.document.messages(scene.thread)] == ["Hello", "1", "2"]
    scribe.refuses.clear()
    scene.document.agents.queue_turn(scene.thread, message_id=first)
    reactor.catch_up()
    assert scribe.calls[2:] == [("start_turn", first)]


def test_answer_to_a_request_the_agent_forgot_closes_it(scene: Scene) -> None:
    """The failure names the request."""
    reactor, _ = react(scene, "respond_approval", words="unknown pending approval request")
    scene.hears("approval.requested", requestId="r-1", summary="rm")
    scene.document.agents.respond_approval(scene.thread, "r-1", "accept")
    reactor.catch_up()
    found = ask(
        scene.folder,
        "SELECT json_extract(payload_json, '$.activity.payload.requestId') FROM orchestration_events"
        " WHERE payload_json LIKE '%respond.failed%'",
    )
    assert found == [("r-1",)]


def test_what_was_passed_on_is_not_passed_on_again_after_a_restart(scene: Scene) -> None:
    """What was asked while nobody was there is, and what still waits keeps waiting for its turn."""
    reactor, scribe = react(scene)
    scene.document.agents.stop_session(scene.thread)
    first = asks(scene, "1")
    reactor.catch_up()
    assert scribe.calls == [("stop_session", scene.thread), ("start_turn", first)]
    scene.document.agents.revert(scene.thread, 0)
    scene.restart()
    again, scribe = react(scene)
    again.catch_up()
    assert scribe.calls == [("revert", 0)]
    Reactor(scene.document, scribe, name="codex", from_sequence=0).catch_up()
    assert len(scribe.calls) == 1


def test_call_cut_off_by_a_crash_is_made_again_under_the_same_id(scene: Scene) -> None:
    """Nobody knows whether the agent heard it; the id tells it so."""

    class Dying(Scribe):
        def _note(self, request_id: str, name: str, *said: Any) -> None:
            super()._note(request_id, name, *said)
            raise KeyboardInterrupt

    dying = Dying()
    reactor = Reactor(scene.document, dying, name="codex")
    message_id = asks(scene, "1")
    with pytest.raises(KeyboardInterrupt):
        reactor.catch_up()
    scene.restart()
    again, scribe = react(scene)
    again.catch_up()
    assert scribe.calls == [("start_turn", message_id)]
    assert scribe.request_ids == dying.request_ids


def test_new_reactor_begins_with_what_waits_and_not_with_what_was(scene: Scene) -> None:
    """Requests of a time when there was no agent were asked of nobody."""
    scene.document.agents.stop_session(scene.thread)
    message_id = asks(scene, "1")
    reactor, scribe = react(scene)
    reactor.catch_up()
    assert scribe.calls == [("start_turn", message_id)]
    everything = Scribe()
    Reactor(scene.document, everything, name="other", from_sequence=0).catch_up()
    assert ("stop_session", scene.thread) in everything.calls


def test_session_that_ends_before_its_turn_began_gives_the_message_back(scene: Scene) -> None:
    """It is told that the turn will not start, and the next message goes to the agent."""
    reactor, scribe = react(scene)
    first, second = asks(scene, "1"), asks(scene, "2")
    reactor.catch_up()
    scene.hears("session.exited")
    reactor.catch_up()
    assert scribe.calls == [("start_turn", first), ("start_turn", second)]
    assert [kind for kind, *_ in scene.activities] == ["provider.turn.start.failed"]


def test_request_of_another_process_is_passed_on_by_one_that_runs(scene: Scene) -> None:
    """A reactor in a thread of its own hears of it, and ends when it is closed."""
    heard = threading.Event()

    class Waiting(Scribe):
        def _note(self, request_id: str, name: str, *said: Any) -> None:
            super()._note(request_id, name, *said)
            heard.set()

    scribe = Waiting()
    reactor = Reactor(scene.document, scribe, name="codex")
    running = threading.Thread(target=reactor.run)
    running.start()
    path = str(scene.folder / "team.chat")
    subprocess.run([sys.executable, "-c", ASKING, path, scene.thread], env=ENVIRONMENT, check=True)
    assert heard.wait(60)
    reactor.close()
    running.join(60)
    assert not running.is_alive()
    asked = scene.document.message(scribe.calls[0][1])
    assert (scribe.calls[0][0], asked.content) == ("start_turn", "from afar")


@pytest.mark.parametrize("waits", [True, False], ids=["before it follows", "while it follows"])
def test_one_that_runs_goes_on_behind_what_was_compacted(
    scene: Scene, caplog: pytest.LogCaptureFixture, waits: bool
) -> None:
    """While its agent took long the log was compacted beyond it: it says so, and hands over what waits and comes."""
    called, may_go_on = threading.Semaphore(0), threading.Event()

    class Slow(Scribe):
        def _note(self, request_id: str, name: str, *said: Any) -> None:
            super()._note(request_id, name, *said)
            called.release()
            assert may_go_on.wait(60)

    scribe = Slow()
    first = asks(scene, "1") if waits else ""
    reactor = Reactor(scene.document, scribe, name="codex")
    running = threading.Thread(target=reactor.run)
    running.start()
    first = first or asks(scene, "1")
    assert called.acquire(timeout=60)
    # This is folded away before it is looked at.
    scene.document.agents.request_interrupt(scene.thread)
    scene.hears("turn.started", "t-1")
    scene.hears("turn.completed", "t-1")
    second = asks(scene, "2")
    scene.document.log.compact(dry_run=False)
    may_go_on.set()
    assert called.acquire(timeout=60)
    scene.document.agents.stop_session(scene.thread)
    assert called.acquire(timeout=60)
    reactor.close()
    running.join(60)
    assert not running.is_alive()
    assert scribe.calls == [("start_turn", first), ("start_turn", second), ("stop_session", scene.thread)]
    assert len([one for one in caplog.messages if "compacted away before reactor codex" in one]) == 1
