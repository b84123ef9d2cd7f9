"""A save locks the document while its text is made, and nobody waits for the disk with it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chatdoc import Document, open_document
from chatdoc.engine import chat_file
from chatdoc.model.view.view import View
from migrate.v2.merge_external import Merged, merge

SECONDS_MAX = 60


class Gate:
    """The disk of the calling tests: who forces a file to it waits here."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_reached, self.may_go_on = threading.Event(), threading.Event()
        real = os.fsync

        def fsync(file: int) -> None:
            self.is_reached.set()
            assert self.may_go_on.wait(SECONDS_MAX)
            real(file)

        monkeypatch.setattr(os, "fsync", fsync)


@pytest.fixture
def doc(tmp_path: Path) -> Iterator[Document]:
    """A document with a thread, saved."""
    with open_document(tmp_path / "a.chat", create=True) as opened:
        opened.create_thread(sender_id="alice", content="the root")
        opened.save()
        yield opened


def test_who_writes_does_not_wait_for_a_save(doc: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes meanwhile is not in the text that is being written, and is in the next."""
    [thread] = doc.threads()
    assert doc.path is not None
    doc.send(thread.thread_id, sender_id="alice", content="first")
    gate = Gate(monkeypatch)
    with ThreadPoolExecutor(1) as pool:
        saving = pool.submit(doc.save)
        assert gate.is_reached.wait(SECONDS_MAX)
        doc.send(thread.thread_id, sender_id="alice", content="second")
        assert not saving.done()
        gate.may_go_on.set()
        assert saving.result(SECONDS_MAX)
    text = doc.path.read_text()
    assert "first" in text
    assert "second" not in text
    assert doc.save()
    assert "second" in doc.path.read_text()
    assert not doc.save()


def test_a_second_save_and_a_close_wait_for_the_first(doc: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each writes what there is when its turn comes, and at the end the file has everything."""
    [thread] = doc.threads()
    path = doc.path
    assert path is not None
    doc.send(thread.thread_id, sender_id="alice", content="first")
    gate = Gate(monkeypatch)
    with ThreadPoolExecutor(3) as pool:
        saving = pool.submit(doc.save)
        assert gate.is_reached.wait(SECONDS_MAX)
        doc.send(thread.thread_id, sender_id="alice", content="second")
        again = pool.submit(doc.save)
        gate.may_go_on.set()
        assert saving.result(SECONDS_MAX)
        assert again.result(SECONDS_MAX)
        doc.send(thread.thread_id, sender_id="alice", content="third")
        gate.may_go_on.clear()
        gate.is_reached.clear()
        saving = pool.submit(doc.save)
        assert gate.is_reached.wait(SECONDS_MAX)
        doc.send(thread.thread_id, sender_id="alice", content="fourth")
        closing = pool.submit(doc.close)
        gate.may_go_on.set()
        assert saving.result(SECONDS_MAX)
        closing.result(SECONDS_MAX)
    text = path.read_text()
    assert all(word in text for word in ("first", "second", "third", "fourth"))


def test_an_edit_of_the_file_that_comes_while_it_is_written_is_taken(
    doc: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As ever, though others write to the document at the same time."""
    [thread] = doc.threads()
    path = doc.path
    assert path is not None
    doc.send(thread.thread_id, sender_id="alice", content="first")
    before = path.read_bytes()
    gate = Gate(monkeypatch)
    with ThreadPoolExecutor(1) as pool:
        saving = pool.submit(doc.save)
        assert gate.is_reached.wait(SECONDS_MAX)
        path.write_bytes(before.replace(b"the root", b"the r00t"))
        doc.send(thread.thread_id, sender_id="alice", content="second")
        gate.may_go_on.set()
        assert saving.result(SECONDS_MAX)
    assert [one.content for one in doc.messages(thread.thread_id)] == ["the r00t", "first", "second"]


def test_nobody_changes_the_document_while_an_edit_of_the_file_is_compared_with_it(
    doc: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Comparing enters facts into the view and takes them out again: who writes meanwhile would lose his own."""
    [thread] = doc.threads()
    path = doc.path
    assert path is not None
    doc.send(thread.thread_id, sender_id="alice", content="first")
    before, compared = path.read_bytes(), []

    def may_enter() -> bool:
        entered = doc.engine.hold(timeout_s=0)
        if entered:
            doc.engine.let_go()
        return entered

    def watched(view: View, source: bytes) -> Merged:
        with ThreadPoolExecutor(1) as other:
            compared.append(other.submit(may_enter).result(SECONDS_MAX))
        return merge(view, source)

    monkeypatch.setattr(chat_file, "merge", watched)
    gate = Gate(monkeypatch)
    with ThreadPoolExecutor(1) as pool:
        saving = pool.submit(doc.save)
        assert gate.is_reached.wait(SECONDS_MAX)
        path.write_bytes(before.replace(b"the root", b"the r00t"))
        gate.may_go_on.set()
        assert saving.result(SECONDS_MAX)
    assert compared == [False]
