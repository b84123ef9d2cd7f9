"""Processes that write one store take turns: who has just written comes after who waits, and nobody waits in vain."""

from __future__ import annotations

import fcntl
import os
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatdoc.store.sqlite import process_turns
from chatdoc.store.sqlite.database import Database
from chatdoc.store.sqlite.process_turns import ProcessTurns
from tests.forked import Forked
from tests.open.chats import furnish

if not hasattr(fcntl, "F_OFD_SETLK"):
    pytest.skip("this system has no locks of open files, so nobody is waited for", allow_module_level=True)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Path]:
    """The file of a store that another connection keeps open, so that its journal stays."""
    furnish(tmp_path / "a.chat")
    (file,) = (tmp_path / ".chatdoc").glob("*.sqlite3")
    other = Database(file)
    other.rows("SELECT count(*) FROM updates", (), "be read")
    yield file
    other.close()


def is_awaited(store: Path) -> bool:
    """Whether somebody has the place behind the writer."""
    with open(f"{store}-wal", "rb") as journal:
        asked = struct.pack("hhqqi", fcntl.F_RDLCK, os.SEEK_SET, (1 << 62) + 1, 1, 0)
        told = fcntl.fcntl(journal, fcntl.F_OFD_GETLK, asked)
    return struct.unpack("hhqqi", told)[0] != fcntl.F_UNLCK


def until_awaited(store: Path) -> None:
    """Return once somebody has it."""
    pause = threading.Event()
    while not is_awaited(store):
        pause.wait(0.001)


def test_who_waits_writes_before_who_has_had_a_turn(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten times: SQLite's own lock goes to who is there at the moment, and that is who has just let go of it."""
    monkeypatch.setattr(process_turns, "TURN_US", 0)
    ours, theirs = Database(store), Database(store)
    order: list[str] = []

    def write(database: Database, name: str) -> None:
        database.transact(lambda: order.append(name), "write")

    def first() -> None:
        waiting.start()
        until_awaited(store)
        order.append("ours")

    for _ in range(10):
        waiting = threading.Thread(target=write, args=(theirs, "theirs"))
        ours.transact(first, "write")
        write(ours, "ours again")
        waiting.join()
    assert order == ["ours", "theirs", "ours again"] * 10
    ours.close()
    theirs.close()


KILLED = """
import sys
from pathlib import Path
from chatdoc.store.sqlite.database import Database
database = Database(Path(sys.argv[1]))
database.transact(lambda: (print("inside", flush=True), sys.stdin.read()), "write")
"""


def test_a_writer_that_is_killed_leaves_no_place_taken(store: Path) -> None:
    """The system lets go of what he had."""
    turns = ProcessTurns(store)
    with Forked(store, source=KILLED, talks=True) as writer:
        assert writer.stdout.readline() == "inside\n"
        waiting = threading.Thread(target=turns.enter)
        waiting.start()
        until_awaited(store)
        writer.kill()
    waiting.join()
    assert not is_awaited(store)
    turns.leave()
    turns.close()


def test_a_place_that_nobody_leaves_keeps_nobody_from_writing(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is waited for once, and again as soon as it was free."""
    monkeypatch.setattr(process_turns, "WAIT_S", 0.01)
    lost, turns, database = ProcessTurns(store), ProcessTurns(store), Database(store)
    assert lost.enter()
    assert not turns.enter()
    monkeypatch.setattr(process_turns, "WAIT_S", float("inf"))
    assert not turns.enter()
    lost.leave()
    assert turns.enter()
    turns.leave()
    for one in (lost, turns, database):
        one.close()


@pytest.mark.parametrize("why", ["no journal", "no such locks", "no file"])
def test_where_there_are_no_places_nobody_waits(
    store: Path, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written is written all the same."""
    if why == "no journal":
        turns = ProcessTurns(store.with_name("nothing.sqlite3"))
    elif why == "no file":
        turns = ProcessTurns(store)
        (store.parent / "odd.sqlite3-wal").mkdir()
        turns = ProcessTurns(store.parent / "odd.sqlite3")
    else:
        monkeypatch.setattr(process_turns, "_SET", None)
        turns = ProcessTurns(store)
    assert not turns.enter()
    turns.leave()
    turns.close()


def test_a_store_that_fails_within_leaves_its_place(store: Path) -> None:
    """The next one writes at once."""
    ours, theirs = Database(store), Database(store)

    def fail() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ours.transact(fail, "write")
    assert theirs.transact(lambda: 5, "write") == 5
    ours.close()
    theirs.close()
