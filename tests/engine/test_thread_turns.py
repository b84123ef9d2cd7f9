"""Threads of one process wait for each other's transactions, and no longer than they must."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatdoc import open_document
from chatdoc.document import Document
from chatdoc.engine import thread_turns
from chatdoc.model.errors import StoreError


@pytest.fixture
def document(tmp_path: Path) -> Iterator[Document]:
    """A stored document with one thread."""
    with open_document(tmp_path / "team.chat") as opened:
        opened.create_thread(sender_id="ada", content="Hello")
        yield opened


class Stuck:
    """A thread that has a document in a transaction until it is let go."""

    def __init__(self, document: Document) -> None:
        self._inside, self._go_on = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._hold, args=(document,), name="stuck")
        self._thread.start()
        assert self._inside.wait(20)

    def _hold(self, document: Document) -> None:
        def work() -> None:
            self._inside.set()
            assert self._go_on.wait(30)

        document.group.together(work)

    def end(self) -> None:
        """Let it go on."""
        self._go_on.set()
        self._thread.join(30)


@pytest.mark.parametrize(
    "what", ["threads", "save", "check", "text", "state_vector", "diff", "create_thread", "close"]
)
def test_nobody_waits_for_ever_for_another_thread(
    document: Document, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is asked is refused with the thread's name, and done once that thread has ended its transaction."""
    monkeypatch.setattr(thread_turns, "WAIT_S", 0.3)
    given = {"sender_id": "ada", "content": "more"} if what == "create_thread" else {}
    stuck = Stuck(document)
    try:
        with pytest.raises(StoreError, match="thread 'stuck' of this process"):
            getattr(document, what)(**given)
    finally:
        stuck.end()
    getattr(document, what)(**given)


def test_who_waits_goes_on_at_once(document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of a transaction wakes who waits, long before he would look by himself."""
    monkeypatch.setattr(thread_turns, "STEP_S", 600.0)
    stuck = Stuck(document)
    read = threading.Thread(target=document.threads)
    read.start()
    stuck.end()
    read.join(60)
    assert not read.is_alive()


def test_many_threads_all_get_their_turn(document: Document) -> None:
    """Each command of each thread is done once."""
    [thread] = document.threads()

    def send(name: str) -> None:
        for number in range(15):
            document.send(thread.thread_id, sender_id=name, content=str(number))

    threads = [threading.Thread(target=send, args=(f"t{one}",)) for one in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert len(document.messages(thread.thread_id)) == 1 + 8 * 15
