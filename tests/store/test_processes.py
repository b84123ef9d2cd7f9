"""Processes that have the same store open find each other's entries, none is lost or doubled, and waits are bounded."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

import pytest

from chatdoc.model.errors import ReceiptExists, StoreError
from chatdoc.store.sqlite.folder import SqliteFolder
from chatdoc.store.sqlite.store import SqliteStore
from tests.forked import Forked
from tests.store.documents import (
    DOCUMENT_ID,
    GENESIS,
    NOW,
    append,
    project,
    rows,
    tell,
    thread_drafts,
    updates,
    whole,
)

CREATE = """
import sys
from pathlib import Path
from chatdoc.model.errors import DocumentExists
from chatdoc.store.sqlite.folder import SqliteFolder
from tests.store.documents import create
folder, path, document_id = sys.argv[1:]
try:
    create(SqliteFolder(Path(folder)), path, document_id).close()
    print("made")
except DocumentExists:
    print("exists")
"""
APPEND = """
import sys
from pathlib import Path
from chatdoc.store.sqlite.folder import SqliteFolder
from tests.store.documents import append, tell, thread_drafts
name, place = sys.argv[1], Path(sys.argv[2])
with SqliteFolder(place.parent.parent, durability="normal").open(place) as store:
    for number in range(60):
        print(append(store, f"{name} {number}".encode(), name))
        tell(store, thread_drafts(f"{name}{number % 3}", 1)[number > 2]._replace(cause=-1))
"""
HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


def at_once(program: str, *arguments: tuple[object, ...]) -> list[str]:
    """What processes print that run the same program in the same moment."""
    with ExitStack() as running:
        children = [running.enter_context(Forked(*given, source=program)) for given in arguments]
        for child in children:
            child.let_go()
        assert [(child.wait(), child.printed()[1]) for child in children] == [(0, b"")] * len(children)
        return [child.printed()[0].decode() for child in children]


def test_entries_of_another_process_are_found(store: SqliteStore, stores: SqliteFolder) -> None:
    """changed() says when to look, and entries() has what the other appended."""
    with stores.open(store.location) as other:
        assert not store.feed.changed()
        assert append(other, b"theirs") == 2
        assert store.feed.changed()
        assert not store.feed.changed()
        assert updates(store, after=1) == [b"theirs"]
        assert append(other, b"more") == 3
        assert append(store, b"ours") == 4
        assert other.feed.changed()
        assert updates(other) == [GENESIS, b"theirs", b"more", b"ours"]


def test_streams_go_on_after_what_another_process_told(store: SqliteStore, stores: SqliteFolder) -> None:
    """Sequences, versions and the chain are read anew where somebody else has written in between."""
    tell(store, project())
    with stores.open(store.location) as other:
        for number in range(3):
            mine, theirs = (thread_drafts(f"{who}{number}", 1) for who in ("ours", "theirs"))
            assert tell(store, *mine) == [2 + number * 4, 3 + number * 4]
            assert tell(other, *theirs) == [4 + number * 4, 5 + number * 4]
    assert store.verify() == []


def test_one_of_two_processes_answers_a_command(store: SqliteStore, stores: SqliteFolder) -> None:
    """The second one to store a receipt is told, and its update is not stored."""
    with stores.open(store.location) as other:
        append(other, b"theirs", command_id="command")
        with pytest.raises(ReceiptExists):
            append(store, b"ours", command_id="command")
    assert updates(store, after=1) == [b"theirs"]


def test_snapshot_of_another_process_is_found(store: SqliteStore, stores: SqliteFolder) -> None:
    """The newest of all snapshots counts, whoever took it."""
    store.snapshots.put_rows(rows(sequence=1), recorded_at_ms=NOW)
    with stores.open(store.location) as other:
        other.snapshots.put_rows(rows(sequence=3, lines=2000), recorded_at_ms=NOW)
    store.snapshots.put_rows(rows(sequence=2), recorded_at_ms=NOW)
    assert whole(store.snapshots.row_pieces()) == rows(sequence=3, lines=2000)


def test_processes_writing_at_once_lose_nothing(store: SqliteStore) -> None:
    """Three processes of sixty appends each: all places are different, each with its own bytes; the chains hold."""
    tell(store, project())
    names = ("one", "two", "three")
    said = at_once(APPEND, *((name, store.location) for name in names))
    given = {name: [int(line) for line in lines.split()] for name, lines in zip(names, said, strict=True)}
    assert sorted(chain.from_iterable(given.values())) == list(range(2, 182))
    found = {entry.sequence: entry.update.decode() for entry in store.updates.entries(after=1)}
    assert found == {
        sequence: f"{name} {number}" for name in names for number, sequence in enumerate(given[name])
    }
    assert store.verify() == []


def test_one_of_many_processes_makes_the_store(folder: Path) -> None:
    """Processes that make a store of the same path in the same moment: one does, the others say that it exists."""
    ids = [DOCUMENT_ID, DOCUMENT_ID, "01HF7YAT000000000000000009", "01HF7YAT00000000000000000A"]
    said = at_once(CREATE, *((folder, "team.chat", document_id) for document_id in ids))
    assert sorted(said) == ["exists\n", "exists\n", "exists\n", "made\n"]
    (place,) = SqliteFolder(folder).places()
    assert (folder / ".chatdoc" / "paths" / "team.chat").read_text() == place.name


def test_writer_that_does_not_let_go_is_named(store: SqliteStore, folder: Path) -> None:
    """After the timeout the error says which process writes; nothing was written, and later it works."""
    place = store.location
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(place)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with SqliteFolder(folder, durability="normal", busy_timeout_s=0.05).open(place) as hasty:
            with pytest.raises(StoreError, match=rf"Process {holder.pid} is writing"):
                append(hasty, b"update", command_id="command")
            assert hasty.updates.last_sequence() == 1
            holder.communicate("")
            assert append(hasty, b"update", command_id="command") == 2


def test_commit_of_another_process_is_seen_at_once(store: SqliteStore) -> None:
    """wait() ends within 50 ms of a commit that another process made, while a thread of ours reads and writes.

    The machine may be busy: the quickest of ten tells what is waited for.
    """
    while store.feed.wait(0.05):
        pass
    other = sqlite3.connect(store.location, isolation_level=None, check_same_thread=False)
    late = []
    for number in range(10):
        timer = threading.Timer(0.03, other.execute, (f"UPDATE document SET log_began_at_ms = {number}",))
        timer.start()
        start = time.monotonic()
        assert store.feed.wait(60), "a commit of another process went by unseen"
        late.append(time.monotonic() - start - 0.03)
        timer.join()
        while store.feed.wait(0.05):
            pass
    other.close()
    assert min(late) < 0.05, late
    assert not store.feed.wait(0)


def test_own_commit_wakes_who_waits_and_close_lets_go(store: SqliteStore) -> None:
    """A thread that waits hears of a commit made through this object, and of its end."""
    while store.feed.wait(0.05):
        pass
    heard: list[bool] = []
    waiting = threading.Thread(target=lambda: heard.extend([store.feed.wait(60), store.feed.wait(60)]))
    waiting.start()
    time.sleep(0.05)
    append(store, b"update")
    time.sleep(0.2)
    store.close()
    waiting.join(timeout=30)
    assert not waiting.is_alive()
    assert heard[0] is True
