"""Nobody waits for ever: who holds a lock for too long is named, and nothing that blocks is opened."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chatdoc import open_document
from chatdoc.model.errors import StoreError, WriteFailed
from chatdoc.store import file_lock
from chatdoc.store.atomic_file import write_atomically
from chatdoc.store.lock_holder import described
from chatdoc.store.plain_file import read_plain
from chatdoc.store.sqlite.folder import SqliteFolder
from chatdoc.store.sqlite.path_index import PathIndex

STOPS_IN_A_WRITE = """
import os, signal, sys
from pathlib import Path
from chatdoc.store import atomic_file
fill = atomic_file._fill
def stop(*given):
    fill(*given)
    print("held", flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)
atomic_file._fill = stop
atomic_file.write_atomically(Path(sys.argv[1]), b"theirs")
print("done", flush=True)
"""
STOPS_WITH_A_LOCK = """
import fcntl, os, signal, sys
file = os.open(sys.argv[1], os.O_RDONLY)
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
os.kill(os.getpid(), signal.SIGSTOP)
"""
STOPS_IN_A_TRANSACTION = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
os.kill(os.getpid(), signal.SIGSTOP)
"""
RUNS_IN_A_TRANSACTION = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""

Stopped = subprocess.Popen[str]


@pytest.fixture
def stopped() -> Iterator[Callable[[str, Path], Stopped]]:
    """Starts a program that stops itself once it holds something; ended with the test."""
    children: list[Stopped] = []

    def start(program: str, path: Path) -> Stopped:
        child = subprocess.Popen(
            [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True
        )
        children.append(child)
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WNOWAIT)
        return child

    yield start
    for child in children:
        child.kill()
        child.communicate(timeout=60)


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_lock, "WAIT_S", 0.1)
    monkeypatch.setattr(file_lock, "SLOW_WAIT_S", 0.5)


def test_a_writer_that_was_stopped_is_named_and_waited_for_no_longer(
    stopped: Callable[[str, Path], Stopped], tmp_path: Path
) -> None:
    """The error says which process, that it is stopped and since when; once it goes on, both writes are done."""
    target = tmp_path / "team.chat"
    target.write_bytes(b"before")
    child = stopped(STOPS_IN_A_WRITE, target)
    with pytest.raises(
        WriteFailed, match=rf"{target} was not written: process {child.pid}, which is stopped .*since 20\d\d-"
    ):
        write_atomically(target, b"ours")
    assert target.read_bytes() == b"before"
    child.send_signal(signal.SIGCONT)
    assert child.communicate(timeout=60)[0] == "done\n"
    write_atomically(target, b"ours")
    assert target.read_bytes() == b"ours"
    assert os.listdir(tmp_path) == ["team.chat"]


def test_save_says_so_and_loses_nothing(stopped: Callable[[str, Path], Stopped], tmp_path: Path) -> None:
    """The document stays open and can be saved later; what was sent is in its store."""
    with open_document(tmp_path / "team.chat") as document:
        thread = document.create_thread(sender_id="ada", content="Hello")
        child = stopped(STOPS_IN_A_WRITE, tmp_path / "team.chat")
        with pytest.raises(WriteFailed, match=f"process {child.pid}, which is stopped"):
            document.save()
        document.send(thread.thread_id, sender_id="ada", content="more")
        child.kill()
        child.wait(60)
        assert document.save()
    assert b"more" in (tmp_path / "team.chat").read_bytes()


def test_a_thread_of_this_process_is_named_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for himself need not look for another process."""
    held, file = threading.Event(), os.open(tmp_path / "held", os.O_CREAT | os.O_RDWR)
    fcntl.flock(file, fcntl.LOCK_EX)
    held.set()
    waiting = os.open(tmp_path / "held", os.O_RDONLY)
    try:
        with pytest.raises(WriteFailed, match=rf"this process \({os.getpid()}\), in another thread"):
            file_lock.lock_file(waiting, tmp_path / "held")
        monkeypatch.setattr(file_lock, "SLOW_WAIT_S", 60.0)
        threading.Timer(0.02, lambda: fcntl.flock(file, fcntl.LOCK_UN)).start()
        file_lock.lock_file(waiting, tmp_path / "held")
    finally:
        os.close(file)
        os.close(waiting)


def test_a_writer_that_is_merely_slow_is_waited_for_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that runs may be waiting for its disk."""
    monkeypatch.setattr(file_lock, "SLOW_WAIT_S", 60.0)
    file = os.open(tmp_path / "held", os.O_CREAT | os.O_RDWR)
    fcntl.flock(file, fcntl.LOCK_EX)
    waiting = os.open(tmp_path / "held", os.O_RDONLY)
    try:
        threading.Timer(0.25, lambda: fcntl.flock(file, fcntl.LOCK_UN)).start()
        file_lock.lock_file(waiting, tmp_path / "held")
    finally:
        os.close(file)
        os.close(waiting)


def test_an_entry_of_the_path_index_is_waited_for_no_longer(
    stopped: Callable[[str, Path], Stopped], tmp_path: Path
) -> None:
    """A process that stopped while it removed an entry keeps nobody."""
    (tmp_path / "paths").mkdir()
    index = PathIndex(tmp_path)
    assert index.claim("team.chat", "store.db")
    child = stopped(STOPS_WITH_A_LOCK, index.file("team.chat"))
    with pytest.raises(WriteFailed, match=f"process {child.pid}, which is stopped"):
        index.release(index.file("team.chat"), "store.db")
    assert index.get("team.chat") == "store.db"


def test_a_transaction_that_was_stopped_is_named(
    stopped: Callable[[str, Path], Stopped], tmp_path: Path
) -> None:
    """The store's writer is named with what it does; reading goes on meanwhile."""
    with open_document(tmp_path / "team.chat") as document:
        document.create_thread(sender_id="ada", content="Hello")
        place = document.store_path
        assert place is not None
        child = stopped(STOPS_IN_A_TRANSACTION, place)
        with (
            SqliteFolder(tmp_path, busy_timeout_s=0.1).open(place) as hasty,
            pytest.raises(StoreError, match=f"Process {child.pid}, which is stopped .* is writing to it"),
        ):
            hasty.write(lambda unit: unit.append_update(b"\x00\x00", "test", recorded_at_ms=0))
        assert len(document.threads()) == 1
        child.kill()
        child.wait(60)
        document.create_thread(sender_id="ada", content="again")


def test_a_transaction_that_runs_for_long_is_waited_for(tmp_path: Path) -> None:
    """As the one is that tells the event log what a chat of a million messages said: who writes meanwhile waits."""
    with open_document(tmp_path / "team.chat") as document:
        document.create_thread(sender_id="ada", content="Hello")
        place = document.store_path
    assert place is not None
    program = [sys.executable, "-c", RUNS_IN_A_TRANSACTION, str(place)]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        with SqliteFolder(tmp_path, busy_timeout_s=0.1).open(place) as hasty:
            threading.Timer(0.6, child.stdin.close).start()
            hasty.write(lambda unit: unit.put_cursor("written", 1))
            assert hasty.cursors.get("written") == 1


@pytest.mark.parametrize("end", ["", "-wal", "-shm", "-journal"])
def test_a_pipe_where_a_file_of_the_store_belongs_hangs_nobody(tmp_path: Path, end: str) -> None:
    """Opening is refused; it never waits for somebody at the other end."""
    with open_document(tmp_path / "team.chat") as document:
        document.create_thread(sender_id="ada", content="Hello")
        place = document.store_path
    assert place is not None
    Path(f"{place}{end}").unlink(missing_ok=True)
    os.mkfifo(f"{place}{end}", 0o600)
    program = f"from chatdoc import open_document; open_document({str(tmp_path / 'team.chat')!r}).close()"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, timeout=60, text=True, check=False
    )
    assert f"{place}{end} is a FIFO, expected a plain file" in done.stderr


def test_plain_files_are_read_and_nothing_else(tmp_path: Path) -> None:
    """A pipe and a folder raise OSError at once."""
    (tmp_path / "file").write_bytes(b"bytes")
    assert read_plain(tmp_path / "file") == b"bytes"
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "."):
        with pytest.raises(OSError, match="no plain file"):
            read_plain(tmp_path / name)


def test_a_process_that_cannot_be_seen_is_another() -> None:
    """Without a table of locks there is no number, and words for it."""
    assert described(None) == "another process"
    assert described(2**22 + 1) == f"process {2**22 + 1}"
