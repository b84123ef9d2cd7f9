"""The agent backend of `docs/` is a program that works: shown, served to other processes, stopped and killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chatdoc.crdt.keys import encode
from chatdoc.crdt.ydoc import update_of
from chatdoc.document import Document
from chatdoc.model.events.event import Event
from chatdoc.model.facts import Header, ThreadFact
from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.open import open_document
from tests import ctrl_c
from tests.agents.processes import ENVIRONMENT
from tests.tidy.source import PROJECT

PROGRAM = [sys.executable, str(PROJECT / "docs" / "agent_backend.py")]
PATIENCE_S = 60.0


@contextmanager
def served(path: Path) -> Iterator[subprocess.Popen[str]]:
    """The backend as a process of its own."""
    with ctrl_c.heard():
        process = subprocess.Popen([*PROGRAM, str(path)], env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(document: Document, event_type: str, thread_id: str, *, says: str) -> Event:
    """The first event of a type that says something, of a thread, whoever causes it."""
    with document.subscribe_events() as events:
        while (event := events.wait(PATIENCE_S)) is not None:
            if (event.event_type, event.stream_id) == (event_type, thread_id) and says in str(event.payload):
                return event
    raise AssertionError(f"no {event_type} in {thread_id} that says {says!r}")


def test_shown_it_answers_on_three_threads_at_once() -> None:
    """It tells what the log says, then how every thread ended; one answer was interrupted, one waited for leave."""
    done = subprocess.run(PROGRAM, env=ENVIRONMENT, capture_output=True, text=True, timeout=PATIENCE_S)
    assert (done.stderr, done.returncode) == ("", 0)
    *_, plan, build, asked, counted, short, integrity = done.stdout.splitlines()
    assert plan == "Plan   codex: I heard: hello."
    assert build == "Build  codex: I heard: run `make test`. You said accept."
    assert asked == "Ship   ada: in short"
    assert counted.startswith("Ship   codex: I heard: count. 1")
    assert counted.endswith("(interrupted)")
    assert short == "Ship   codex: I heard: in short."
    assert integrity == "integrity: clean"
    assert "approval.requested: run `make test`" in done.stdout
    assert "thread.turn-interrupt-requested" in done.stdout


def test_other_processes_ask_interrupt_and_give_leave(tmp_path: Path) -> None:
    """What this process says in the log, the backend hears; stopped by Ctrl-C it ends the turn that runs, and well."""
    path = tmp_path / "team.chat"
    with open_document(path) as document:
        plan, build = (
            document.create_thread(sender_id="ada", content="Hi", name=name).thread_id
            for name in ("Plan", "Build")
        )
        document.agents.queue_turn(plan, sender_id="ada", content="count")
        with served(path) as backend:
            first = wait_for(document, "thread.message-sent", plan, says="I heard: count")
            document.agents.queue_turn(build, sender_id="ada", content="run it")
            asked = wait_for(document, "thread.activity-appended", build, says="approval.requested")
            document.agents.respond_approval(build, asked.payload.activity.id, "decline")  # type: ignore[union-attr]
            wait_for(document, "thread.session-set", build, says="ready")
            document.agents.request_interrupt(plan)
            wait_for(document, "thread.session-set", plan, says="interrupted")
            document.agents.queue_turn(plan, sender_id="ada", content="count again")
            wait_for(document, "thread.message-sent", plan, says="I heard: count again")
            backend.send_signal(signal.SIGINT)
            _, errors = backend.communicate(timeout=PATIENCE_S)
            assert (errors, backend.returncode) == ("", 0)
        counted, again = document.messages(plan)[2::2]
        assert counted.message_id == first.payload.message_id  # type: ignore[union-attr]
        assert [one.acp_interrupted_reason for one in (counted, again)] == ["interrupt", "worker_stopped"]
        assert document.messages(build)[-1].content == "I heard: run it. You said decline."
        assert document.log.approvals() == []
        assert document.agents.running() == ()
        assert document.check(full=True).ok


def test_a_turn_that_somebody_ends_lets_its_agent_go(tmp_path: Path) -> None:
    """Interrupted while its agent waits for leave, a turn ends and the next one starts; leave may expire, too."""
    path = tmp_path / "team.chat"
    with open_document(path) as document:
        plan = document.create_thread(sender_id="ada", content="Hi", name="Plan").thread_id
        document.agents.queue_turn(plan, sender_id="ada", content="run it")
        with served(path):
            wait_for(document, "thread.activity-appended", plan, says="approval.requested")
            wait_for(document, "thread.message-sent", plan, says="I heard: run it")
            (running,) = document.agents.running()
            document.agents.interrupt(plan, running.message_id, by="ada")
            assert document.log.approvals() == []
            document.agents.queue_turn(plan, sender_id="ada", content="run that")
            asked = wait_for(document, "thread.activity-appended", plan, says="summary='run that'")
            document.agents.expire_approval(plan, asked.payload.activity.id)  # type: ignore[union-attr]
            wait_for(document, "thread.session-set", plan, says="ready")
        answers = [one for one in document.messages(plan) if one.sender_id == "codex"]
        assert [one.acp_interrupted_reason for one in answers] == ["interrupt", None]
        assert answers[-1].content == "I heard: run that. You said expired."
        assert document.check(full=True).ok


def test_killed_and_started_again_it_goes_on_with_what_waits(tmp_path: Path) -> None:
    """The turn that ran is ended by the next start, its request for leave is closed, and the next answer comes."""
    path = tmp_path / "team.chat"
    with open_document(path) as document:
        plan = document.create_thread(sender_id="ada", content="Hi", name="Plan").thread_id
        document.agents.queue_turn(plan, sender_id="ada", content="run it")
        with served(path) as backend:
            wait_for(document, "thread.activity-appended", plan, says="approval.requested")
            document.agents.queue_turn(plan, sender_id="ada", content="hello")
            backend.kill()
            backend.wait()
        assert [one.standing for one in document.agents.running()] == ["dead"]
        with served(path):
            wait_for(document, "thread.session-set", plan, says="ready")
        answers = [one for one in document.messages(plan) if one.sender_id == "codex"]
        assert [one.acp_interrupted_reason for one in answers] == ["server_restart", None]
        assert answers[-1].content == "I heard: hello."
        assert document.log.approvals() == []


def test_a_message_that_waits_before_its_thread_is_there_stops_nobody(tmp_path: Path) -> None:
    """A peer's message may come before its thread: others are answered meanwhile, and it is when that has come."""
    path = tmp_path / "team.chat"
    with open_document(path) as document:
        plan = document.create_thread(sender_id="ada", content="Hi", name="Plan").thread_id
        thread_id, early = ThreadId("01HF7YAT00000000000000000T"), MessageId("01HF7YAT00000000000000000M")
        header = Header(
            message_id=early,
            thread_id=thread_id,
            sender_id="bob",
            date="2024-01-01T00:00:00.000Z",
            content="early",
            fields={"acp_state": "queued"},
        )
        thread = ThreadFact(
            thread_id=thread_id, created_at=header.date, created_by="bob", root_message_id=early
        )
        with served(path):
            document.agents.queue_turn(plan, sender_id="ada", content="one")
            wait_for(document, "thread.session-set", plan, says="ready")
            document.receive(update_of(77, 0, [encode(header)]))
            document.agents.queue_turn(plan, sender_id="ada", content="two")
            wait_for(document, "thread.message-sent", plan, says="I heard: two")
            document.receive(update_of(77, 1, [encode(thread)]))
            wait_for(document, "thread.message-sent", thread_id, says="I heard: early")
