"""Threads come late, go and come back under a reactor, and its store fails: no request is lost, and nobody is kept."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from chatdoc.apps.provider.marks import Marks
from chatdoc.apps.provider.reactor import Reactor
from chatdoc.crdt.keys import encode
from chatdoc.crdt.ydoc import update_of
from chatdoc.model.errors import StoreError
from chatdoc.model.facts import Header, MarkFact, ThreadFact
from chatdoc.model.ids import MessageId, Stamp, ThreadId
from tests.apps.provider.agents import Scribe
from tests.apps.provider.scene import Scene
from tests.apps.provider.test_reactor import asks, react


def test_a_thread_that_is_restored_starts_what_waits(scene: Scene) -> None:
    """Whoever takes a deletion back wants the answer, too."""
    called = threading.Event()

    class Agent(Scribe):
        def _note(self, request_id: str, name: str, *said: Any) -> None:
            super()._note(request_id, name, *said)
            called.set()

    scribe = Agent()
    first = asks(scene, "1")
    scene.document.delete_thread(scene.thread, deleted_by="ada")
    reactor = Reactor(scene.document, scribe, name="codex")
    running = threading.Thread(target=reactor.run)
    running.start()
    other = scene.document.create_thread(sender_id="ada", content="Other", name="Other").thread_id
    second = scene.document.agents.queue_turn(other, sender_id="ada", content="2").message_id
    assert called.wait(60)
    called.clear()
    scene.document.restore_thread(scene.thread, restored_by="ada")
    assert called.wait(10)
    reactor.close()
    running.join(60)
    assert scribe.calls == [("start_turn", second), ("start_turn", first)]


def test_a_message_that_waits_before_its_thread_is_there_stops_nobody(scene: Scene) -> None:
    """A peer's message may come before its thread; it is handed over when that has come, and others until then."""
    reactor, scribe = react(scene)
    thread_id, early = ThreadId("01HF7YAT00000000000000000T"), MessageId("01HF7YAT00000000000000000M")
    header = Header(
        message_id=early, thread_id=thread_id, sender_id="bob", date="2024-01-01T00:00:00.000Z", content="early"
    )  # fmt: skip
    stamp = Stamp("01HF7YAT00000000000000000S")
    queued = MarkFact(message_id=early, field="acp_state", stamp=stamp, value="queued", by="bob")
    scene.document.receive(update_of(77, 0, [encode(header), encode(queued)]))
    second = asks(scene, "2")
    reactor.catch_up()
    assert scribe.calls == [("start_turn", second)]
    thread = ThreadFact(
        thread_id=thread_id, created_at=header.date, created_by="bob", root_message_id=early
    )  # fmt: skip
    scene.document.receive(update_of(77, 2, [encode(thread)]))
    reactor.catch_up()
    assert scribe.calls[1:] == [("start_turn", early)]


@pytest.mark.parametrize("call", ["start_turn", "interrupt", "stop_session"])
def test_a_thread_that_is_deleted_while_its_agent_fails_stops_nobody(scene: Scene, call: str) -> None:
    """What could not be passed on is told or let go, and the next thread's agent is asked."""
    reactor, scribe = react(scene)
    other = scene.document.create_thread(sender_id="ada", content="Other", name="Other").thread_id

    def fails(*_: object, **__: object) -> None:
        scene.document.delete_thread(scene.thread, deleted_by="ada")
        raise OSError("it is gone")

    first = asks(scene, "1")
    if call == "interrupt":
        scene.hears("turn.started", "t-1", messageId=first)
        scene.document.agents.request_interrupt(scene.thread)
    elif call == "stop_session":
        scene.document.agents.withdraw(scene.thread, first)
        scene.document.agents.stop_session(scene.thread)
    setattr(scribe, call, fails)
    reactor.catch_up()
    del scribe.__dict__[call]
    second = scene.document.agents.queue_turn(other, sender_id="ada", content="2").message_id
    reactor.catch_up()
    assert scribe.calls == [("start_turn", second)]


@pytest.mark.parametrize("step", ["is_done", "done"])
def test_a_request_is_passed_on_although_its_store_failed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Whoever calls a reactor again, once the database is there or the disk has room, misses nothing."""
    reactor, scribe = react(scene)
    scene.document.agents.stop_session(scene.thread)
    works = getattr(Marks, step)

    def fails(*_: object) -> None:
        raise StoreError("no database")

    monkeypatch.setattr(Marks, step, fails)
    for _ in range(2):
        with pytest.raises(StoreError):
            reactor.catch_up()
    monkeypatch.setattr(Marks, step, works)
    reactor.catch_up()
    reactor.catch_up()
    assert set(scribe.calls) == {("stop_session", scene.thread)}
    assert len(set(scribe.request_ids)) == 1
