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

from chatdoc.store.sqlite.store import Store
from tests import strace
from tests.store.documents import GENESIS, NOW, begin, marker, receipt, rows
from tests.store.session import update
from tests.tidy.source import PROJECT

PROGRAM = (
    "import runpy, sys; sys.argv[0] = 'session'; runpy.run_module('tests.store.session', run_name='__main__')"
)
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1"}
POINTS_MAX = 6
"""At most this many points of one system call are disturbed; they are spread over the whole session."""


def paths(folder: Path) -> tuple[Path, ...]:
    """Every file that a session writes."""
    home = folder / ".chatdoc"
    names = ["store.sqlite3" + new + end for new in ("", ".new") for end in ("", "-wal", "-shm", "-journal")]
    return (folder, home, home / "backups", *(home / name for name in names))


def spread(count: int) -> Iterator[int]:
    """The points 1 to `count`, or POINTS_MAX of them with the first and the last."""
    steps = min(count, POINTS_MAX)
    yield from sorted({1 + round(step * (count - 1) / max(steps - 1, 1)) for step in range(steps)})


def require_promises_kept(folder: Path, printed: str, why: str) -> None:
    """Open the store as the next process would; all that was acknowledged is there, and it can be written."""
    lines = [line.split() for line in printed.splitlines()]
    acknowledged = [int(words[1]) for words in lines if words[0] == "appended"]
    with Store.open(folder, durability="normal") as store:
        assert store.problems() == (), why
        if store.registration("team.chat") is None:
            assert not store.markers("team.chat"), f"{why}: a marker without its genesis"
            assert ["begun"] not in lines, why
            return
        assert store.markers("team.chat") == (marker("team.chat", "committed"),), why
        log = store.log("team.chat")
        entries = {entry.sequence: entry.update for entry in log.entries()}
        assert entries.pop(1) == GENESIS, why
        assert set(acknowledged) <= set(entries), why
        for sequence, found in entries.items():
            assert found == update(sequence), (why, sequence)
            assert log.receipt(str(sequence)) == (receipt(str(sequence)) if sequence % 2 else None), (
                why,
                sequence,
            )
        snapshot, state = log.rows(), log.state()
        assert snapshot is None or snapshot == rows(snapshot.sequence, lines=1500), why
        assert state is None or state[1] == b"state %d " % state[0] * 100, why
        for words in lines:
            if words[0] == "rows":
                assert snapshot is not None, why
                assert snapshot.sequence >= int(words[1]), why
        last = log.last_sequence() + 1
        assert log.append(update(last), "next", recorded_at_ms=NOW) == last, why


@pytest.mark.parametrize(
    "call", ["mkdir", "openat", "pwrite64", "fdatasync", "fsync", "rename", "ftruncate", "unlink"]
)
@pytest.mark.parametrize("fresh", [True, False], ids=["making", "working"])
def test_crash_at_any_call_keeps_what_was_acknowledged(
    tmp_path: Path, folder: Path, call: str, fresh: bool
) -> None:
    """Killed at the call, the disk full, the disk failing, once or for good: nothing acknowledged is missing."""
    origin = tmp_path / "origin"
    if not fresh:
        with Store.open(folder) as store:
            store.close()
        subprocess.run(
            [sys.executable, "-c", PROGRAM, folder, "3"], env=ENVIRONMENT, check=True, capture_output=True
        )
    shutil.copytree(folder, origin)
    plain = strace.run(PROGRAM, folder, 3, trace=call, paths=paths(folder), folder=tmp_path)
    require_promises_kept(folder, plain.printed, "undisturbed")
    assert "failed" not in plain.printed
    assert plain.calls or call in ("rename", "fsync", "mkdir"), "nothing was disturbed"
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
        "import os, sys\nfrom pathlib import Path\nfrom chatdoc.store.sqlite.store import Store\n"
        "from tests.store.documents import NOW, begin\n"
        f"store = Store.open(Path(sys.argv[1]), durability={durability!r})\n"
        "log = begin(store, 'team.chat')\n"
        "for number in range(3):\n"
        "    log.append(b'update', 'local', recorded_at_ms=NOW)\n"
        "    os.write(1, b'acknowledged')\n"
    )
    calls = strace.run(
        program, folder, trace="write,pwrite64,fsync,fdatasync", paths=(), folder=tmp_path
    ).calls
    marks = [at for at, call in enumerate(calls) if '"acknowledged"' in call]
    assert len(marks) == 3
    for start, end in pairwise(marks):
        kinds = [call.split("(")[0] for call in calls[start + 1 : end] if "store.sqlite3-wal" in call]
        assert "pwrite64" in kinds
        assert (kinds[-1] in ("fsync", "fdatasync")) == (durability == "full"), kinds


def test_new_store_is_on_the_disk_before_it_has_its_name(tmp_path: Path, folder: Path) -> None:
    """The draft is forced to the disk, then renamed, then its folder is forced to the disk."""
    calls = strace.run(PROGRAM, folder, 0, trace="fsync,rename", paths=(), folder=tmp_path).calls
    kinds = [call.split("(")[0] for call in calls if ".chatdoc" in call]
    at = kinds.index("rename")
    own = [call for call in calls if ".chatdoc" in call]
    assert "store.sqlite3.new>" in own[at - 1]
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
    Store.open(folder).close()
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


def test_after_a_failed_fsync_nothing_is_acknowledged_until_reopening(tmp_path: Path, folder: Path) -> None:
    """The system may forget which bytes are not on the disk, so a later success proves nothing."""
    with Store.open(folder) as store:
        begin(store, "team.chat", marker=marker("team.chat", "committed"))
    ended = strace.run(
        PROGRAM, folder, 3, trace="fdatasync", paths=paths(folder), folder=tmp_path, inject="error=EIO:when=3"
    )
    lines = ended.printed.splitlines()
    first = next(at for at, line in enumerate(lines) if line.startswith("failed"))
    assert lines[0] == "begun"
    assert "Check the disk" in lines[first]
    assert len(lines) > first + 1
    for line in lines[first + 1 :]:
        assert line.startswith("failed"), ended.printed
        assert "failed before" in line
    require_promises_kept(folder, ended.printed, "reopened")
