"""Whoever writes, the stored log and the tables folded from it say what the document shows, after every step."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from random import Random

import pytest

from chatdoc.crdt.keys import encode
from chatdoc.crdt.ydoc import Replica
from chatdoc.document import Document
from chatdoc.model.clock import iso
from chatdoc.model.errors import UpdateRefused
from chatdoc.model.events.derive import begin
from chatdoc.model.facts import Header
from chatdoc.model.ids import MessageId, derive
from chatdoc.testing import hostile
from chatdoc.testing.clocks import ManualClock
from chatdoc.testing.oracle import Oracle
from chatdoc.testing.writer import Writer
from tests.event_view.workplace import ask, opened
from tests.model.events.folding import Folded
from tests.model.events.truth import assert_tables, assert_true
from tests.store_file import store_file

STEPS = 60


class Folders:
    """One document in two folders that are peers; in the first one two processes have it open."""

    def __init__(self, place: Path, seed: int) -> None:
        self.random, self.clock = Random(seed), ManualClock()
        self.places = [place / "here", place / "here", place / "there"]
        for one in set(self.places):
            one.mkdir()
        self.documents = [self._open(number, seed + number) for number in range(3)]
        self._seeds = seed + 100

    def exchange(self) -> None:
        """Let the folders get from each other what they lack, or all there is."""
        one, other = self.random.sample([self.random.randrange(2), 2], 2)
        ours, theirs = self.documents[one], self.documents[other]
        whole = self.random.random() < 0.2
        try:
            ours.receive(theirs.diff(None if whole else ours.state_vector()), origin="peer")
        except UpdateRefused:
            assert whole

    def reopen(self) -> None:
        """Let one process end and another begin."""
        number = self.random.randrange(3)
        self.documents[number].close()
        self._seeds += 1
        self.documents[number] = self._open(number, self._seeds)

    def assert_true(self) -> None:
        """Raise AssertionError unless every store tells what the documents in it show."""
        for place, document in zip(self.places, self.documents, strict=True):
            document.threads()
            expected = Folded(begin(document.view, project_id="p", now_iso=iso(0)))
            assert_true(expected, document.view)
            connection = sqlite3.connect(store_file(place))
            try:
                assert_tables(connection, expected)
            finally:
                connection.close()

    def close(self) -> None:
        """End all processes."""
        for document in self.documents:
            document.close()

    def _open(self, number: int, seed: int) -> Document:
        return opened(self.places[number], seed=seed, clock=self.clock)


@pytest.mark.parametrize("seed", range(4))
def test_stored_log_is_true_after_every_step(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands, turns, peers, other processes and a hostile peer write at once; nothing is told wrong or not at all."""
    monkeypatch.setattr(hostile, "DEEDS", (*hostile.DEEDS, "reuse", "reuse", "reuse"))
    folders = Folders(tmp_path, seed)
    random, writer = folders.random, Writer(folders.random, Oracle(), alone=False)
    enemy = hostile.HostilePeer(random)
    for _ in range(STEPS):
        folders.clock.advance(random.randrange(0, 50))
        deed = random.choices(["write", "exchange", "reopen", "hostile"], [60, 20, 3, 16 * (seed % 2)])[0]
        if deed == "write":
            writer.act(random.choice(folders.documents))
        elif deed == "exchange":
            folders.exchange()
        elif deed == "reopen":
            folders.reopen()
        else:
            enemy.act(folders.documents)
        folders.assert_true()
    folders.close()


def test_message_under_a_client_id_used_twice_is_told(tmp_path: Path) -> None:
    """Yjs would never show it, so it is written anew; the log has it as it came."""
    with opened(tmp_path) as document:
        thread = document.create_thread(sender_id="ada", content="Hello")
        for text in ("first", "second"):
            header = Header(
                message_id=MessageId(derive("message", 1_000, text)),
                thread_id=thread.thread_id,
                sender_id="eve",
                date=iso(1_000),
                reply_to_message_id=thread.root_message_id,
                content=text,
            )
            document.receive(Replica(77).transact([encode(header)]), origin="eve")
        texts = ask(tmp_path, "SELECT text FROM projection_thread_messages ORDER BY text")
        assert texts == [("Hello",), ("first",), ("second",)]
