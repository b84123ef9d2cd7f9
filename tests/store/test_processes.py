"""Processes that have the same store open find each other's entries, and none is lost or doubled."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest

from chatdoc.model.errors import DocumentExists, ReceiptExists, StoreError
from chatdoc.store.sqlite.store import Store
from tests import strace
from tests.store.documents import GENESIS, NOW, begin, receipt, rows
from tests.tidy.source import PROJECT

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1"}
BEGIN = """
import sys
from pathlib import Path
from chatdoc.store.sqlite.store import Store
from tests.store.documents import begin
with Store.open(Path(sys.argv[1])) as store:
    begin(store, sys.argv[2])
"""
APPEND = """
import sys
from itertools import chain
from pathlib import Path
from chatdoc.store.sqlite.store import Store
name, folder = sys.argv[1:]
with Store.open(Path(folder), durability="normal") as store:
    log = store.log("team.chat")
    for number in range(100):
        print(log.append(f"{name} {number}".encode(), name, recorded_at_ms=1))
"""


def test_entries_of_another_process_are_found(store: Store, folder: Path) -> None:
    """changed() says when to look, and entries() has what the other appended."""
    log = store.log("team.chat")
    with Store.open(folder, durability="normal") as other:
        theirs = other.log("team.chat")
        assert not log.changed()
        assert theirs.append(b"theirs", "other", recorded_at_ms=NOW) == 2
        assert log.changed()
        assert not log.changed()
        assert [entry.update for entry in log.entries(after=1)] == [b"theirs"]
        assert theirs.append(b"more", "other", recorded_at_ms=NOW) == 3
        assert log.append(b"ours", "local", recorded_at_ms=NOW) == 4
        assert theirs.changed()
        assert [entry.update for entry in theirs.entries()] == [GENESIS, b"theirs", b"more", b"ours"]


def test_append_between_others_appends_gets_the_next_place(store: Store, folder: Path) -> None:
    """With a receipt as well as without, an entry comes after what another process wrote unseen."""
    log = store.log("team.chat")
    with Store.open(folder, durability="normal") as other:
        theirs = other.log("team.chat")
        for number in range(3):
            theirs.append(b"theirs", "other", recorded_at_ms=NOW)
            answer = receipt(str(number)) if number else None
            assert log.append(b"ours", "local", recorded_at_ms=NOW, receipt=answer) == 3 + 2 * number
    assert len(list(log.entries())) == 7


def test_one_of_two_processes_answers_a_command(store: Store, folder: Path) -> None:
    """The second one to store a receipt is told, and its update is not stored."""
    log = store.log("team.chat")
    with Store.open(folder, durability="normal") as other:
        other.log("team.chat").append(b"theirs", "command", recorded_at_ms=NOW, receipt=receipt())
        with pytest.raises(ReceiptExists):
            log.append(b"ours", "command", recorded_at_ms=NOW, receipt=receipt())
    assert [entry.update for entry in log.entries(after=1)] == [b"theirs"]


def test_one_of_two_processes_begins_a_document(store: Store, folder: Path) -> None:
    """The second one is told that the document exists, and can open it."""
    with Store.open(folder, durability="normal") as other:
        begin(other, "new.chat")
        with pytest.raises(DocumentExists):
            begin(store, "new.chat")
        assert store.log("new.chat").last_sequence() == 1


def test_snapshot_of_another_process_is_found(store: Store, folder: Path) -> None:
    """The newest of all snapshots counts, whoever took it."""
    log = store.log("team.chat")
    log.put_rows(rows(sequence=1), recorded_at_ms=NOW)
    with Store.open(folder, durability="normal") as other:
        other.log("team.chat").put_rows(rows(sequence=3, lines=2000), recorded_at_ms=NOW)
    log.put_rows(rows(sequence=2), recorded_at_ms=NOW)
    assert log.rows() == rows(sequence=3, lines=2000)


def test_processes_appending_at_once_lose_nothing(store: Store, folder: Path) -> None:
    """Three processes of a hundred appends each: 300 places, all different, each with its own bytes."""
    names = ("one", "two", "three")
    children = [
        subprocess.Popen(
            [sys.executable, "-c", APPEND, name, str(folder)],
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    given = {
        name: [int(line) for line in child.communicate()[0].split()]
        for name, child in zip(names, children, strict=True)
    }
    assert sorted(chain.from_iterable(given.values())) == list(range(2, 302))
    found = {entry.sequence: entry.update.decode() for entry in store.log("team.chat").entries(after=1)}
    assert found == {
        sequence: f"{name} {number}" for name in names for number, sequence in enumerate(given[name])
    }


def test_stores_made_at_once_are_one_store(folder: Path) -> None:
    """Processes that make the same store in the same moment end up in the same one."""
    names = [f"{number}.chat" for number in range(4)]
    children = [
        subprocess.Popen([sys.executable, "-c", BEGIN, str(folder), name], env=ENVIRONMENT) for name in names
    ]
    assert [child.wait(timeout=60) for child in children] == [0] * len(names)
    with Store.open(folder) as store:
        assert [one.path for one in store.registrations()] == names


def test_slow_maker_does_not_replace_the_store_of_another(tmp_path: Path, folder: Path) -> None:
    """A process held up before the last step of making a store makes others wait, and overwrites nothing."""
    trace = ["-f", "--seccomp-bpf", "-qq", "-o", str(tmp_path / "trace"), "-e", "trace=rename"]
    slow = [strace.require_strace(), *trace, "-e", "inject=rename:delay_enter=700000"]
    begin_in_child = [sys.executable, "-c", BEGIN, str(folder)]
    with subprocess.Popen([*slow, *begin_in_child, "slow.chat"], env=ENVIRONMENT) as maker:
        draft = folder / ".chatdoc" / "store.sqlite3.new"
        while not draft.exists() and maker.poll() is None:
            pass
        subprocess.run([*begin_in_child, "fast.chat"], env=ENVIRONMENT, check=True)
    assert maker.returncode == 0
    with Store.open(folder) as store:
        assert [one.path for one in store.registrations()] == ["fast.chat", "slow.chat"]


def test_writer_that_does_not_let_go_is_named(store: Store, folder: Path) -> None:
    """After the timeout the error says that another process writes; nothing was written, and later it works."""
    holder = sqlite3.connect(folder / ".chatdoc" / "store.sqlite3", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with Store.open(folder, durability="normal", busy_timeout_ms=50) as hasty:
        log = hasty.log("team.chat")
        with pytest.raises(StoreError, match="Another process is writing"):
            log.append(b"update", "local", recorded_at_ms=NOW)
        with pytest.raises(StoreError, match="Another process is writing"):
            log.append(b"update", "local", recorded_at_ms=NOW, receipt=receipt())
        assert log.last_sequence() == 1
        holder.execute("ROLLBACK")
        holder.close()
        assert log.append(b"update", "local", recorded_at_ms=NOW, receipt=receipt()) == 2
