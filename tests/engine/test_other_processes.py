"""Whoever subscribes hears what other processes write without a call, from a thread that holds nothing up."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest

from chatdoc import open_document
from chatdoc.crdt.keys import encode
from chatdoc.crdt.ydoc import Replica
from chatdoc.document import Document
from chatdoc.model.facts import Header
from chatdoc.model.ids import MessageId, ThreadId
from invariants.report import IntegrityReport

WRITES = """
import sys, time
from chatdoc import open_document
with open_document(sys.argv[1]) as document:
    [thread] = document.threads()
    for number in range(int(sys.argv[2])):
        document.send(thread.thread_id, sender_id="py", content=str(number))
        print(time.time(), flush=True)
        time.sleep(0.1)
"""
SUBSCRIBES_AND_ENDS = """
import sys
from chatdoc import open_document
document = open_document(sys.argv[1])
document.subscribe(lambda *_: None)
"""


def begun(folder: Path) -> Path:
    """A file with one thread."""
    with open_document(folder / "team.chat") as document:
        document.create_thread(sender_id="ada", content="Hello")
    return folder / "team.chat"


def watchers() -> list[threading.Thread]:
    """The threads that wait for the feed of a store."""
    return [one for one in threading.enumerate() if one.name == "chatdoc watcher"]


def until(holds: Callable[[], object], patience_s: float = 60.0) -> bool:
    """Whether something comes to hold."""
    end = time.monotonic() + patience_s
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


def test_another_process_is_heard_within_50_ms_and_named(tmp_path: Path) -> None:
    """Nobody calls in; updates come once each, in order, with an origin that names who wrote."""
    file = begun(tmp_path)
    heard: list[tuple[float, str]] = []
    with open_document(file) as document:
        document.subscribe(lambda _, origin: heard.append((time.time(), origin)))
        with subprocess.Popen(
            [sys.executable, "-c", WRITES, str(file), "8"], stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            written = [float(line) for line in child.stdout]
        assert until(lambda: len(heard) == 8)
        assert {origin for _, origin in heard} == {f"process {child.pid}"}
        late = sorted(at - done for (at, _), done in zip(heard, written, strict=True))
        assert late[0] < 0.05, (
            late
        )  # The machine may be busy: the quickest of eight tells what is waited for.
        document.create_thread(sender_id="ada", content="mine")
        assert heard[-1][1] == "local"
    assert until(lambda: not watchers())


def test_a_report_that_another_process_changed_is_heard(tmp_path: Path) -> None:
    """The same for those who subscribe to what the rules say."""
    file = begun(tmp_path)
    heard: list[IntegrityReport] = []
    with open_document(file) as document, open_document(file) as other:
        document.subscribe_report(heard.append)
        [thread] = other.threads()
        other.receive(_orphan())
        assert until(lambda: heard)
        assert not heard[0].ok
        assert len(document.messages(thread.thread_id)) == 1


def test_nobody_who_subscribes_needs_no_thread(tmp_path: Path) -> None:
    """None before, none without `watch`, one for all, and none once all have ended."""
    with open_document(begun(tmp_path)) as document:
        assert not watchers()
        document.subscribe(lambda *_: None, watch=False)
        assert not watchers()
        ends = [document.subscribe(lambda *_: None) for _ in range(3)]
        assert len(watchers()) == 1
        for end in ends:
            end()
        assert until(lambda: not watchers())


def test_a_document_that_nobody_has_any_more_is_let_go_of(tmp_path: Path) -> None:
    """The thread does not keep what was not closed."""
    document: Document | None = open_document(begun(tmp_path))
    assert document is not None
    document.subscribe(lambda *_: None)
    gone = weakref.ref(document.engine)
    document = None
    assert until(lambda: gc.collect() is not None and gone() is None)
    assert until(lambda: not watchers())


def test_a_program_that_forgot_to_close_ends(tmp_path: Path) -> None:
    """The thread keeps no interpreter alive."""
    file = begun(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", SUBSCRIBES_AND_ENDS, str(file)], timeout=60, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_child_after_fork_has_no_part_in_it(tmp_path: Path) -> None:
    """Whatever the thread does in the moment of the fork, the child is told and does not hang; the parent goes on."""
    file = begun(tmp_path)
    heard: list[str] = []
    with open_document(file) as document, open_document(file) as other:
        end = document.subscribe(lambda _, origin: heard.append(origin))
        writing = threading.Thread(
            target=lambda: [other.create_thread(sender_id="ada", content=str(n)) for n in range(60)]
        )
        writing.start()
        for _ in range(10):
            child = os.fork()
            if not child:
                code = 1
                try:
                    document.threads()
                    document.subscribe(lambda *_: None)
                    end()
                    document.close()
                    code = 0
                finally:
                    os._exit(code)
            assert until(lambda pid=child: _ended_well(pid)), "the child hangs"  # type: ignore[misc]
        writing.join()
        assert until(lambda: len(heard) == 60)


def _ended_well(pid: int) -> bool:
    found, status = os.waitpid(pid, os.WNOHANG)
    if not found:
        return False
    assert status == 0
    return True


def _orphan() -> bytes:
    """A message of a thread that is not there, as a peer would send it."""
    fact = Header(
        message_id=MessageId("01HF7YAT00000000000000000Z"),
        thread_id=ThreadId("01HF7YAT00000000000000000Y"),
        sender_id="mallory",
        date="2024-01-01T00:00:00.000Z",
        content="orphan",
    )
    return Replica(77).transact([encode(fact)])


@pytest.mark.parametrize("how", ["close", "end"])
def test_nothing_is_heard_after_the_end(tmp_path: Path, how: str) -> None:
    """Closing a document or ending a subscription ends it for what others write, too."""
    file = begun(tmp_path)
    heard: list[str] = []
    with open_document(file) as other:
        document = open_document(file)
        end = document.subscribe(lambda _, origin: heard.append(origin))
        document.close() if how == "close" else end()
        other.create_thread(sender_id="ada", content="more")
        assert until(lambda: not watchers())
        assert not heard
        document.close()
