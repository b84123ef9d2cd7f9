"""A commit that waits for no disk is there after a kill, and after a power failure once somebody has waited."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from chatdoc.model.errors import StoreError, StoreGone
from chatdoc.store.ports import DocumentStore
from chatdoc.store.sqlite.connection import connect
from chatdoc.store.sqlite.folder import SqliteFolder
from chatdoc.store.sqlite.wal_sync import COMMITS_MAX
from tests import strace
from tests.store.documents import append, create
from tests.store_file import store_file

PAGE = 4096
PROGRAM = """
import os, sys
from pathlib import Path
from chatdoc.model.errors import StoreError
from chatdoc.store.sqlite.folder import SqliteFolder
from tests.store.documents import append, create
store = create(SqliteFolder(Path(sys.argv[1])))
store.wal.start()
for number in range(3):
    for _ in range(4):
        append(store, b"update")
        os.write(1, b"committed")
    try:
        store.wal.make_durable()
        os.write(1, b"durable")
    except StoreError as error:
        os.write(1, f"failed: {error}, durable: {store.wal.is_durable()}".encode())
"""


def started(folder: Path) -> DocumentStore:
    """A store whose commits wait for nothing."""
    store = create(SqliteFolder(folder, busy_timeout_s=0.1))
    store.wal.start()
    return store


def files(folder: Path) -> tuple[Path, Path]:
    """The database and its journal."""
    file = store_file(folder)
    return file, file.with_name(f"{file.name}-wal")


def test_no_commit_waits_and_one_wait_is_for_all_of_them(tmp_path: Path, folder: Path) -> None:
    """Between two commits the journal is written and never forced; before the wait has ended it is, once."""
    calls = strace.run(PROGRAM, folder, trace="write,pwrite64,fdatasync", paths=(), folder=tmp_path).calls
    marks = [at for at, call in enumerate(calls) if "committed" in call or '"durable"' in call]
    assert len(marks) == 15
    for start, end in pairwise(marks):
        kinds = [call.split("(")[0] for call in calls[start + 1 : end] if ".sqlite3-wal" in call]
        if "durable" in calls[end]:
            assert kinds == ["fdatasync"]
        else:
            assert set(kinds) == {"pwrite64"}


def test_what_was_waited_for_survives_a_power_failure(folder: Path, tmp_path: Path) -> None:
    """Of what was written since, a power failure leaves any blocks: the newest commits may be missing, no others."""
    store, random = started(folder), Random(5)
    _, journal = files(folder)
    for count in range(1, 12):
        for _ in range(3):
            append(store, random.randbytes(2000))
        store.wal.make_durable()
        durable, on_disk = store.updates.last_sequence(), journal.read_bytes()
        for _ in range(4):
            append(store, random.randbytes(3000))
        written = journal.read_bytes()
        for number in range(4):
            place = tmp_path / f"failed-{count}-{number}"
            shutil.copytree(folder, place)
            torn = bytearray(written[: random.choice((len(on_disk), len(written), len(on_disk) + 5000))])
            for at in range(0, len(torn), PAGE):
                if random.random() < 0.5:
                    torn[at : at + PAGE] = on_disk[at : at + PAGE].ljust(len(torn[at : at + PAGE]), b"\0")
            files(place)[1].write_bytes(torn)
            with SqliteFolder(place).open(store_file(place)) as found:
                last = found.updates.last_sequence()
                assert durable <= last <= durable + 4
                assert found.verify() == []
                kept = [entry.update for entry in found.updates.entries()]
            assert kept == [entry.update for entry in store.updates.entries()][:last]
    store.close()


def test_a_journal_that_cannot_be_forced_is_written_to_another_place(tmp_path: Path, folder: Path) -> None:
    """Asking the disk again would prove nothing; where a checkpoint works, everything is durable all the same."""
    journal = folder / ".chatdoc"
    plain = strace.run(PROGRAM, folder, trace="fdatasync", paths=(), folder=tmp_path)
    at = [number for number, call in enumerate(plain.calls, 1) if ".sqlite3-wal" in call]
    shutil.rmtree(journal)
    inject = f"error=EIO:when={at[-2]}"  # The last one is of closing.
    ended = strace.run(PROGRAM, folder, trace="fdatasync", paths=(), folder=tmp_path, inject=inject)
    assert ended.printed.count("durable") == 3, ended.printed
    assert "failed" not in ended.printed
    assert "INJECTED" in ended.calls[at[-2] - 1]
    assert any(".sqlite3>" in call for call in ended.calls[at[-2] : at[-2] + 3]), ended.calls


def test_a_disk_that_fails_acknowledges_nothing(tmp_path: Path, folder: Path) -> None:
    """The error says so, and what was committed is not called durable."""
    plain = strace.run(PROGRAM, folder, trace="fdatasync", paths=(), folder=tmp_path)
    first = len(plain.calls) - 2  # Behind it are the two of closing.
    shutil.rmtree(folder / ".chatdoc")
    inject = f"error=EIO:when={first}+"
    ended = strace.run(PROGRAM, folder, trace="fdatasync", paths=(), folder=tmp_path, inject=inject)
    assert "failed" in ended.printed
    assert "durable: False" in ended.printed
    assert "Check the disk" not in ended.printed.partition("failed")[0]


def test_what_a_killed_process_left_is_made_durable_first(tmp_path: Path, folder: Path) -> None:
    """A command that it did not acknowledge may be answered by its receipt now, which is an acknowledgement."""
    create(SqliteFolder(folder)).close()
    leave = (
        "import os, sys\nfrom pathlib import Path\nfrom chatdoc.store.sqlite.folder import SqliteFolder\n"
        "from tests.store.documents import append\n"
        "stores = SqliteFolder(Path(sys.argv[1]))\nstore = stores.open(stores.places()[0])\n"
    )
    killed = leave + "store.wal.start()\nappend(store, b'left')\nos.kill(os.getpid(), 9)\n"
    strace.run(killed, folder, trace="fdatasync", paths=(), folder=tmp_path)
    assert files(folder)[1].stat().st_size > 0
    calls = strace.run(
        leave + "os.write(1, b'opened')\nstore.wal.start()\nos.write(1, b'started')\n",
        folder, trace="write,fdatasync", paths=(), folder=tmp_path,
    ).calls  # fmt: skip
    between = calls[calls.index(next(one for one in calls if "opened" in one)) :]
    between = between[: between.index(next(one for one in between if "started" in one))]
    assert any("fdatasync" in call and ".sqlite3" in call for call in between)


def test_another_store_in_its_place_is_not_taken_for_it(folder: Path, tmp_path: Path) -> None:
    """A path is no identity: what was forced to the disk would be somebody else's journal."""
    store = started(folder)
    append(store, b"update")
    assert not store.wal.is_durable()
    home = folder / ".chatdoc"
    home.rename(tmp_path / "away")
    shutil.copytree(tmp_path / "away", home)
    with pytest.raises(StoreGone):
        store.wal.make_durable()
    assert not store.wal.is_durable()
    store.close()


def test_a_long_journal_is_written_back_beside_the_writers(folder: Path) -> None:
    """Not in a commit, which would wait for the disk with it; a reader that is in the way costs nobody anything."""
    store = started(folder)
    file, _ = files(folder)
    for _ in range(COMMITS_MAX - 1):
        append(store, b"update")
    assert not store.wal.is_long()
    append(store, b"update")
    assert store.wal.is_long()
    reader = connect(file, timeout_s=1.0, access="read")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    append(store, b"after the reader came")
    store.wal.write_back()
    assert not store.wal.is_long()
    reader.close()
    before = file.read_bytes()
    for _ in range(COMMITS_MAX):
        append(store, b"more")
    store.wal.write_back()
    assert file.read_bytes() != before
    store.close()


def test_a_reader_in_the_way_leaves_an_error_that_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the journal cannot be forced and a reader holds the checkpoint up, nothing is called durable."""
    store = started(folder)
    file, _ = files(folder)
    reader = connect(file, timeout_s=1.0, access="read")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    append(store, b"update")

    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as failing:
        failing.setattr("os.fdatasync", fail)
        with pytest.raises(StoreError, match="forced to the disk: Input/output error"):
            store.wal.make_durable()
    assert not store.wal.is_durable()
    with pytest.raises(StoreError, match="a reader is in the way"):
        store.wal.make_durable()
    reader.close()
    store.wal.make_durable()
    assert store.wal.is_durable()
    store.close()


def test_commits_of_a_store_that_waits_are_durable_by_themselves(folder: Path) -> None:
    """Until it is started, and where it was opened with less, a journal promises no more than its commits do."""
    store = create(SqliteFolder(folder, durability="normal"))
    store.wal.start()
    append(store, b"update")
    assert store.wal.is_durable()
    assert not store.wal.is_long()
    store.wal.make_durable()
    store.close()


def test_a_power_failure_after_a_failed_write_of_the_journal_leaves_no_mixture(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk has an older journal then, whose pages would be taken for newer than those of the file."""
    store, random = started(folder), Random(7)
    _, journal = files(folder)
    for _ in range(5):
        append(store, random.randbytes(5000))
    store.wal.make_durable()
    on_disk = journal.read_bytes()
    for _ in range(5):
        append(store, random.randbytes(5000))
    fails, forced = True, []

    def fdatasync(_: int) -> None:
        if fails:
            raise OSError(5, "Input/output error")
        forced.append(journal.read_bytes())

    reader = connect(files(folder)[0], timeout_s=1.0, access="read")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    monkeypatch.setattr("os.fdatasync", fdatasync)
    with pytest.raises(StoreError):
        store.wal.make_durable()
    fails = False
    with pytest.raises(StoreError):  # The system takes the lost pages for written: asking it proves nothing.
        store.wal.make_durable()
    reader.close()
    store.wal.make_durable()
    place = tmp_path / "failed"
    shutil.copytree(folder, place)
    files(place)[1].write_bytes(forced[-1] if forced and len(forced[-1]) < len(on_disk) else on_disk)
    with SqliteFolder(place).open(store_file(place)) as found:
        assert found.verify() == []
        assert found.updates.last_sequence() == store.updates.last_sequence()
    store.close()


def test_an_answer_that_writes_nothing_waits_for_what_others_committed(tmp_path: Path, folder: Path) -> None:
    """It may be the receipt of a commit that another process has not forced yet; once is enough for each of these."""
    program = (
        "import os, sys\nfrom pathlib import Path\nfrom chatdoc.store.sqlite.folder import SqliteFolder\n"
        "from tests.store.documents import append, create\n"
        "stores = SqliteFolder(Path(sys.argv[1]))\nother = create(stores)\nother.wal.start()\n"
        "store = stores.open(stores.places()[0])\n"
        "for _ in range(2):\n    append(other, b'update')\n    os.write(1, b'committed')\n"
        "    store.write(lambda unit: None)\n    os.write(1, b'answered')\n"
        "    store.write(lambda unit: None)\n    os.write(1, b'again')\n"
    )
    calls = strace.run(program, folder, trace="write,fdatasync", paths=(), folder=tmp_path).calls
    marks = ("committed", "answered", "again")
    told = [
        next((mark for mark in marks if mark in call), "forced")
        for call in calls
        if ".sqlite3-wal" in call or any(mark in call for mark in marks)
    ]
    told = told[told.index("committed") :]
    assert told[:4] == ["committed", "forced", "answered", "again"]
    assert told[4:8] == ["committed", "forced", "answered", "again"]
