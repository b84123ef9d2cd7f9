"""Threads of one process get their turns in the order they came, and commands that wait are one transaction."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chatdoc import open_document
from chatdoc.document import Document
from chatdoc.engine import thread_turns
from chatdoc.engine.permission import Permit, permitting
from chatdoc.model.errors import NotAllowed, NotFound
from chatdoc.verify import verify_store

WRITERS = 8


@pytest.fixture
def document(tmp_path: Path) -> Iterator[Document]:
    """A stored document with one thread, which is in order at the end."""
    path = tmp_path / "team.chat"
    with open_document(path) as opened:
        opened.create_thread(sender_id="ada", content="Hello")
        yield opened
        assert opened.check(full=True).ok
    assert verify_store(path) == []


class Queue:
    """Writers that wait, each with a command of its own, while this thread has the document in a transaction."""

    def __init__(self, document: Document, **odd: str) -> None:
        [thread] = document.threads()
        self._thread_id, self._document, self._odd = thread.thread_id, document, odd
        self.alone: frozenset[int] = frozenset()
        """Those whose command has no id."""
        self.answers: dict[int, Any] = {}
        self.groups: list[int] = []
        """How many commands each transaction had."""

    def let_go(self, monkeypatch: pytest.MonkeyPatch, plant: Callable[[], None] = lambda: None) -> None:
        """Let them write once all of them wait, and come back when they are done."""
        store = type(self._document.engine.store)
        write, write_each = store.write, store.write_each
        monkeypatch.setattr(store, "write", lambda *given: (self.groups.append(1), write(*given))[1])
        monkeypatch.setattr(
            store,
            "write_each",
            lambda store, works: (self.groups.append(len(works)), write_each(store, works))[1],
        )
        threads = [threading.Thread(target=self._send, args=(number,)) for number in range(WRITERS)]

        def work() -> None:
            for number, one in enumerate(threads):
                one.start()
                while len(self._document.engine._turns._waiting) <= number:
                    time.sleep(0.001)
            plant()

        self._document.group.together(work)
        for one in threads:
            one.join(60)
            assert not one.is_alive()

    def _send(self, number: int) -> None:
        where = self._odd.get(f"of_{number}", self._thread_id)
        try:
            self.answers[number] = self._document.send(
                where,
                sender_id="ada",
                content=str(number),
                command_id=None if number in self.alone else f"c{number}",
            )
        except BaseException as error:
            self.answers[number] = error


def contents(document: Document) -> list[str]:
    """What the messages say, behind the first one."""
    [thread] = document.threads()
    return [one.content for one in document.messages(thread.thread_id)][1:]


def test_threads_that_write_without_a_pause_take_turns(document: Document) -> None:
    """When the first one has said all it had to, no other one is far behind."""
    [thread] = document.threads()
    gate, said = threading.Barrier(WRITERS), list[str]()

    def send(name: str) -> None:
        gate.wait()
        for _ in range(40):
            document.send(thread.thread_id, sender_id="ada", content="again")
            said.append(name)

    threads = [threading.Thread(target=send, args=(f"t{number}",)) for number in range(WRITERS)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert len(said) == 40 * WRITERS
    first = next(number for number in range(len(said)) if said[: number + 1].count(said[number]) == 40)
    behind = min(said[: first + 1].count(name) for name in set(said))
    assert behind >= 30


def test_commands_that_wait_are_one_transaction(document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each thread has the answer of its own command, in the order they came."""
    queue = Queue(document)
    queue.let_go(monkeypatch)
    assert {number: one.content for number, one in queue.answers.items()} == {
        number: str(number) for number in range(WRITERS)
    }
    assert contents(document) == [str(number) for number in range(WRITERS)]
    assert queue.groups == [1, WRITERS]


def test_a_refusal_is_told_to_its_own_thread(document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others of its transaction are carried out."""
    queue = Queue(document, of_3="nowhere")
    queue.let_go(monkeypatch)
    assert isinstance(queue.answers.pop(3), NotFound)
    assert {one.content for one in queue.answers.values()} == set("0124567")
    assert contents(document) == list("0124567")


@pytest.mark.parametrize("failure", [RuntimeError("planted"), KeyboardInterrupt()])
@pytest.mark.parametrize("command", [0, 4])
def test_a_failure_of_a_group_is_nobody_elses(
    document: Document, monkeypatch: pytest.MonkeyPatch, failure: BaseException, command: int
) -> None:
    """Where the transaction is undone, each thread goes by itself, and all but who was interrupted are done once."""
    queue = Queue(document)
    session = type(document.engine.copy.session)
    write, count = session.write, 0

    def fail(*given: Any, **named: Any) -> Any:
        nonlocal count
        count += 1
        if count == command + 1:
            raise failure
        return write(*given, **named)

    queue.let_go(monkeypatch, lambda: monkeypatch.setattr(session, "write", fail))
    failed = {number: one for number, one in queue.answers.items() if isinstance(one, BaseException)}
    assert list(failed.values()) == ([] if isinstance(failure, Exception) else [failure])
    assert sorted(contents(document)) == [str(one) for one in range(WRITERS) if one not in failed]


def test_whose_command_was_done_and_who_goes_next_are_woken(
    document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody looks by himself, wherever in the queue a command stands that has no id, and must go by itself."""
    monkeypatch.setattr(thread_turns, "STEP_S", 600.0)
    queue = Queue(document)
    queue.alone = frozenset({0, 3, 4})
    queue.let_go(monkeypatch)
    assert {number: one.content for number, one in queue.answers.items()} == {
        number: str(number) for number in range(WRITERS)
    }
    assert contents(document)[0] == "0"
    assert sorted(queue.groups) == [1, 1, 1, 1, WRITERS - 3]


def test_a_failure_wakes_who_goes_next(document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction that is undone is over, too."""
    monkeypatch.setattr(thread_turns, "STEP_S", 600.0)
    queue = Queue(document)
    queue.alone = frozenset(range(WRITERS))

    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError("planted")

    queue.let_go(monkeypatch, lambda: monkeypatch.setattr(type(document.engine.copy.session), "write", fail))
    assert [type(one) for one in queue.answers.values()] == [RuntimeError] * WRITERS
    assert contents(document) == []


def test_who_was_cut_off_on_the_way_out_holds_nobody_up(document: Document) -> None:
    """An interrupt may strike a thread before it has left the queue; whoever comes later finds that it is gone."""
    gone = threading.Thread(target=lambda: document.engine._turns._waiting.append(thread_turns.Waiting(None)))
    gone.start()
    gone.join(60)
    [thread] = document.threads()
    document.send(thread.thread_id, sender_id="ada", content="after")
    assert contents(document) == ["after"]
    assert document.engine._turns._waiting == []


@pytest.mark.parametrize("first", [0, 1], ids=["asked first", "asked second"])
def test_a_rule_is_that_of_who_gave_the_command_whoever_carries_it_out(
    document: Document, first: int
) -> None:
    """Of two that wait, one thread does both: the rule of a client is asked for its own command, and for no other."""
    [thread] = document.threads()
    found: dict[str, Any] = {}

    def send(name: str, permit: Permit | None) -> None:
        try:
            with permitting(permit):
                found[name] = document.send(
                    thread.thread_id, sender_id="ada", content=name, command_id=f"of {name}"
                ).content
        except NotAllowed:
            found[name] = "not allowed"

    given = [("client", lambda fact, view: False), ("backend", None)]
    threads = [threading.Thread(target=send, args=one) for one in (given[first], given[1 - first])]

    def work() -> None:
        for number, one in enumerate(threads):
            one.start()
            while len(document.engine._turns._waiting) <= number:
                time.sleep(0.001)

    document.group.together(work)
    for one in threads:
        one.join(60)
    assert found == {"client": "not allowed", "backend": "backend"}
    assert [one.content for one in document.messages(thread.thread_id)] == ["Hello", "backend"]
