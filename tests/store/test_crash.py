"""A process killed, or let down by the disk, at any system call leaves a store with everything acknowledged."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from chatdoc.store.sqlite.folder import SqliteFolder
from tests import strace
from tests.store.documents import DOCUMENT_ID, GENESIS, create, marker, receipt, rows, whole
from tests.store.session import change, update
from tests.tidy.source import PROJECT

PROGRAM = (
    "import runpy, sys; sys.argv[0] = 'session'; runpy.run_module('tests.store.session', run_name='__main__')"
)
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1"}
POINTS_MAX = 6
"""At most this many points of one system call are disturbed; they are spread over the whole session."""


def paths(folder: Path) -> tuple[Path, ...]:
    """Every file that a session writes; its drafts have names that only it knows."""
    home = folder / ".chatdoc"
    names = [f"{DOCUMENT_ID}.sqlite3{end}" for end in ("", "-wal", "-shm", "-journal")]
    return (folder, home, home / "backups", home / "paths", *(home / name for name in names))


def spread(count: int) -> Iterator[int]:
    """The points 1 to `count`, or POINTS_MAX of them with the first and the last."""
    steps = min(count, POINTS_MAX)
    yield from sorted({1 + round(step * (count - 1) / max(steps - 1, 1)) for step in range(steps)})


def require_promises_kept(folder: Path, printed: str, why: str) -> None:
    """Open the store as the next process would; all that was acknowledged is there, and it can be written."""
    lines = [line.split() for line in printed.splitlines()]
    acknowledged = [int(words[1]) for words in lines if words[0] == "appended"]
    stores = SqliteFolder(folder, durability="normal")
    found = stores.find(folder / "team.chat", [DOCUMENT_ID])
    if found.place is None:
        assert found.standing == "new", why
        assert ["begun"] not in lines, why
        create(stores).close()
        return
    with stores.open(found.place) as store:
        assert store.verify() == [], why
        assert stores.places() == [found.place], why
        assert not any(name.startswith(".new-") for name in os.listdir(stores.home)) or "KILL" in why, why
        assert store.registry.markers() == (marker("committed"),), why
        entries = {entry.sequence: entry.update for entry in store.updates.entries()}
        assert entries.pop(1) == GENESIS, why
        assert set(acknowledged) <= set(entries), why
        assert store.events.last_sequence() == (len(entries) + 1 if entries else 0), why
        for sequence, found_update in entries.items():
            assert found_update == update(sequence), (why, sequence)
            expected = receipt(str(sequence)) if sequence % 2 else None
            assert store.receipts.get(str(sequence)) == expected, (why, sequence)
        snapshot = whole(store.snapshots.row_pieces())
        assert snapshot is None or snapshot == rows(snapshot.sequence, lines=1500), why
        for words in lines:
            if words[0] == "rows":
                assert snapshot is not None, why
                assert snapshot.sequence >= int(words[1]), why
        last = store.updates.last_sequence()
        assert store.write(lambda unit: change(unit, last)) == last + 1, why


@pytest.mark.parametrize(
    "call", ["mkdir", "openat", "pwrite64", "fdatasync", "fsync", "link", "ftruncate", "unlink"]
)
@pytest.mark.parametrize("fresh", [True, False], ids=["making", "working"])
def test_crash_at_any_call_keeps_what_was_acknowledged(
    tmp_path: Path, folder: Path, call: str, fresh: bool
) -> None:
    """Killed at the call, the disk full, the disk failing, once or for good: nothing acknowledged is missing."""
    origin = tmp_path / "origin"
    if not fresh:
        subprocess.run(
            [sys.executable, "-c", PROGRAM, folder, "3"], env=ENVIRONMENT, check=True, capture_output=True
        )
    shutil.copytree(folder, origin)
    plain = strace.run(PROGRAM, folder, 3, trace=call, paths=paths(folder), folder=tmp_path)
    require_promises_kept(folder, plain.printed, "undisturbed")
    assert "failed" not in plain.printed
    assert plain.calls or call in ("link", "fsync", "mkdir", "unlink"), "nothing was disturbed"
    hows = ("signal=KILL:when={}", "error=EIO:when={}", "error=ENOSPC:when={}+")
    for when in spread(len(plain.calls)):
        for how in hows:
            shutil.rmtree(folder)
            shutil.copytree(origin, folder)
            inject = how.format(when)
            ended = strace.run(
                PROGRAM, folder, 3, trace=call, paths=paths(folder), folder=tmp_path, inject=inject
            )
            require_promises_kept(folder, ended.printed, f"{call} {inject}: {ended.printed}")


@pytest.mark.parametrize("durability", ["full", "normal"])
def test_entry_is_on_the_disk_before_it_is_acknowledged(
    tmp_path: Path, folder: Path, durability: str
) -> None:
    """At FULL the journal is forced to the disk between its last write and the acknowledgement; at NORMAL it is not."""
    program = (
        "import os, sys\nfrom pathlib import Path\nfrom chatdoc.store.sqlite.folder import SqliteFolder\n"
        "from tests.store.documents import append, create\n"
        f"store = create(SqliteFolder(Path(sys.argv[1]), durability={durability!r}))\n"
        "for number in range(3):\n"
        "    append(store, b'update')\n"
        "    os.write(1, b'acknowledged')\n"
    )
    calls = strace.run(
        program, folder, trace="write,pwrite64,fsync,fdatasync", paths=(), folder=tmp_path
    ).calls
    marks = [at for at, call in enumerate(calls) if '"acknowledged"' in call]
    assert len(marks) == 3
    for start, end in pairwise(marks):
        kinds = [call.split("(")[0] for call in calls[start + 1 : end] if ".sqlite3-wal" in call]
        assert "pwrite64" in kinds
        assert (kinds[-1] in ("fsync", "fdatasync")) == (durability == "full"), kinds


def test_new_store_is_on_the_disk_before_it_has_its_name(tmp_path: Path, folder: Path) -> None:
    """The draft is forced to the disk, then linked into place, then its folder is forced to the disk."""
    calls = strace.run(PROGRAM, folder, 0, trace="fsync,link", paths=(), folder=tmp_path).calls
    own = [call for call in calls if ".chatdoc" in call]
    kinds = [call.split("(")[0] for call in own]
    at = next(number for number, call in enumerate(own) if call.startswith("link(") and ".sqlite3" in call)
    assert ".new-" in own[at - 1]
    assert kinds[at - 1] == kinds[at + 1] == "fsync"
    assert f"<{folder / '.chatdoc'}>" in own[at + 1]


@pytest.mark.parametrize("bytes_max", [45_000, 60_000, 90_000])
def test_short_write_loses_nothing_acknowledged(folder: Path, bytes_max: int) -> None:
    """When the system takes only part of a write and then no more, the entries before it stand."""
    limited = (
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({bytes_max}, {bytes_max}))\n"
    )
    create(SqliteFolder(folder), marker=marker("committed")).close()
    done = subprocess.run(
        [sys.executable, "-c", limited + PROGRAM, folder, "20"],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "failed" in done.stdout
    require_promises_kept(folder, done.stdout, done.stdout)


@pytest.mark.parametrize("acknowledged", [1, 7, 40])
def test_killed_writer_loses_nothing_acknowledged(folder: Path, acknowledged: int) -> None:
    """kill -9 in the middle of steady appending; the next process finds every entry that was told."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, folder, "100000"], env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        printed = "".join(writer.stdout.readline() for _ in range(acknowledged + 1))
        writer.send_signal(signal.SIGKILL)
        printed += writer.stdout.read()
    require_promises_kept(folder, printed.rpartition("\n")[0], "killed")


def test_after_a_failed_fsync_the_next_write_works(tmp_path: Path, folder: Path) -> None:
    """The one write is not acknowledged; SQLite's own state is built anew, and what comes after it is kept."""
    create(SqliteFolder(folder), marker=marker("committed")).close()
    ended = strace.run(
        PROGRAM, folder, 4, trace="fdatasync", paths=paths(folder), folder=tmp_path, inject="error=EIO:when=3"
    )
    lines = ended.printed.splitlines()
    first = next(at for at, line in enumerate(lines) if line.startswith("failed"))
    assert lines[0] == "begun"
    assert "nothing acknowledged was lost" in lines[first]
    assert lines[first + 1].startswith("appended"), ended.printed
    require_promises_kept(folder, ended.printed, "reopened")


@pytest.mark.parametrize("call", ["pwrite64", "fdatasync", "fsync", "ftruncate"])
@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_one_failed_call_costs_one_write_at_most(tmp_path: Path, folder: Path, call: str, error: str) -> None:
    """A fault that passes is retried without reopening: of four writes at most one fails, wherever it strikes."""
    create(SqliteFolder(folder), marker=marker("committed")).close()
    origin = tmp_path / "origin"
    shutil.copytree(folder, origin)
    plain = strace.run(PROGRAM, folder, 4, trace=call, paths=paths(folder), folder=tmp_path)
    for when in spread(len(plain.calls)):
        shutil.rmtree(folder)
        shutil.copytree(origin, folder)
        ended = strace.run(
            PROGRAM,
            folder,
            4,
            trace=call,
            paths=paths(folder),
            folder=tmp_path,
            inject=f"error={error}:when={when}",
        )
        why = f"{call} {error} {when}: {ended.printed}"
        if "begun" in ended.printed:
            assert ended.printed.count("appended") >= 3, why
        require_promises_kept(folder, ended.printed, why)
