"""A file that is replaced holds the old bytes or the new ones after anything that can happen on the way."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from chatdoc.model.errors import ReadOnlyTarget, WriteFailed
from chatdoc.store import atomic_file
from chatdoc.store.atomic_file import replace_atomically, temporary_path, write_atomically
from tests import strace
from tests.tidy.source import PROJECT

OLD, NEW = b"old bytes\n" * 3, b"new bytes\n" * 1000

WRITE = """
import sys
from pathlib import Path
from chatdoc.store.atomic_file import write_atomically
from chatdoc.model.errors import ChatdocError
try:
    write_atomically(Path(sys.argv[1]), b"new bytes\\n" * 1000)
    print("acknowledged", flush=True)
except ChatdocError as error:
    print(type(error).__name__, error, flush=True)
"""


def permissions(path: Path) -> int:
    """The permission bits of a file."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A file with the old bytes, alone in its folder."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "team.chat").write_bytes(OLD)
    return home / "team.chat"


def test_bytes_are_replaced_and_nothing_else_is_left(target: Path) -> None:
    """The file holds the new bytes and no temporary file stays."""
    write_atomically(target, NEW)
    assert target.read_bytes() == NEW
    assert os.listdir(target.parent) == ["team.chat"]


def test_no_bytes_are_bytes_too(target: Path) -> None:
    """An empty file can be written."""
    write_atomically(target, b"")
    assert target.read_bytes() == b""


def test_permission_bits_stay(target: Path) -> None:
    """A file of mode 0640 is still 0640, whatever the umask; a given mode wins."""
    target.chmod(0o640)
    write_atomically(target, NEW)
    assert permissions(target) == 0o640
    write_atomically(target, NEW, mode=0o600)
    assert permissions(target) == 0o600


def test_new_file_gets_what_the_umask_leaves(tmp_path: Path) -> None:
    """A file that was not there is made as any program would make it, or with the given mode."""
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "plain", NEW)
        write_atomically(tmp_path / "private", NEW, mode=0o600)
    finally:
        os.umask(before)
    assert permissions(tmp_path / "plain") == 0o640
    assert permissions(tmp_path / "private") == 0o600


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_owner_stays(target: Path) -> None:
    """Root replacing a user's file leaves it the user's."""
    os.chown(target, 1234, 5678)
    write_atomically(target, NEW)
    assert (target.stat().st_uid, target.stat().st_gid) == (1234, 5678)


def test_symbolic_link_is_followed(target: Path, tmp_path: Path) -> None:
    """The real file is replaced, in its own folder, and the link is still a link."""
    link = tmp_path / "link.chat"
    link.symlink_to(target)
    write_atomically(link, NEW)
    assert link.is_symlink()
    assert target.read_bytes() == NEW


def test_link_to_nothing_makes_the_file(tmp_path: Path) -> None:
    """A link to a file that is not there yet makes that file."""
    link = tmp_path / "link.chat"
    link.symlink_to(tmp_path / "later.chat")
    write_atomically(link, NEW)
    assert (tmp_path / "later.chat").read_bytes() == NEW


def test_read_only_file_is_refused_for_root_too(target: Path) -> None:
    """Without write bits the file is left alone, and the error says how to allow it."""
    target.chmod(0o444)
    with pytest.raises(ReadOnlyTarget, match=r"chmod u\+w"):
        write_atomically(target, NEW)
    assert target.read_bytes() == OLD


def test_read_only_folder_is_refused_for_root_too(target: Path) -> None:
    """Without write bits on its folder a file cannot be replaced, and the error says how to allow it."""
    target.parent.chmod(0o555)
    try:
        with pytest.raises(ReadOnlyTarget, match=r"chmod u\+w"):
            write_atomically(target, NEW)
    finally:
        target.parent.chmod(0o755)
    assert target.read_bytes() == OLD


def test_folder_is_no_file(tmp_path: Path) -> None:
    """A folder under the name is refused, and its content stays."""
    (tmp_path / "team.chat").mkdir()
    with pytest.raises(ReadOnlyTarget, match="not a regular file"):
        write_atomically(tmp_path / "team.chat", NEW)


def test_missing_folder_is_named(tmp_path: Path) -> None:
    """A file in a folder that is not there cannot be written; the folder is not made."""
    with pytest.raises(WriteFailed, match=r"its folder .*gone is not there"):
        write_atomically(tmp_path / "gone" / "team.chat", NEW)


def test_circle_of_links_is_refused(tmp_path: Path) -> None:
    """Two links that name each other are an error, not a hang."""
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises((ReadOnlyTarget, WriteFailed)):
        write_atomically(tmp_path / "a", NEW)


def test_longest_file_name_can_be_written(tmp_path: Path) -> None:
    """A name of 255 bytes leaves no room for a suffix, and needs none."""
    target = tmp_path / ("x" * 255)
    write_atomically(target, NEW)
    assert target.read_bytes() == NEW


def test_planted_link_is_not_followed(target: Path, tmp_path: Path) -> None:
    """A symbolic link under the temporary name is removed; what it names is not touched."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    temporary_path(target).symlink_to(victim)
    write_atomically(target, NEW)
    assert victim.read_bytes() == b"precious"
    assert target.read_bytes() == NEW
    assert os.listdir(target.parent) == ["team.chat"]


def test_planted_folder_is_an_error(target: Path) -> None:
    """What cannot be removed from the temporary name is reported, and the target stays."""
    temporary_path(target).mkdir()
    with pytest.raises((ReadOnlyTarget, WriteFailed)):
        write_atomically(target, NEW)
    assert target.read_bytes() == OLD


def test_writers_at_once_leave_one_whole_file(target: Path) -> None:
    """Threads that write the same file wait for each other; the last one's bytes stand whole."""
    texts = [bytes([65 + number]) * 50_000 for number in range(8)]
    threads = [threading.Thread(target=write_atomically, args=(target, text)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert target.read_bytes() in texts
    assert os.listdir(target.parent) == ["team.chat"]


def test_bytes_reach_the_disk_before_the_name_does(target: Path, tmp_path: Path) -> None:
    """The file is forced to the disk before the rename, and the folder after it; both with success."""
    calls = strace.run(WRITE, target, trace="write,fsync,renameat2", paths=(), folder=tmp_path).calls
    calls = [call for call in calls if str(target.parent) in call]
    kinds = [call.split("(")[0] for call in calls]
    assert kinds == ["write", "fsync", "renameat2", "fsync"]
    assert ".tmp>" in calls[1]
    assert f"<{target.parent}>" in calls[3]
    assert all(call.rstrip().endswith(("= 0", "= 10000")) for call in calls)


@pytest.mark.parametrize("call", ["openat", "write", "fchmod", "fsync", "renameat2", "unlink"])
def test_killed_or_failing_at_any_call_leaves_old_or_new(target: Path, tmp_path: Path, call: str) -> None:
    """At each system call: killed, the disk full, the disk failing, once or for good; never half a file.

    The next writer succeeds and clears what a killed one left.
    """
    temporary = temporary_path(target)
    paths = (target.parent, temporary)
    count = strace.every(WRITE, target, trace=call, paths=paths, folder=tmp_path)
    for inject in strace.kills_and_failures(count, ("ENOSPC", "EIO")):
        target.write_bytes(OLD)
        ended = strace.run(WRITE, target, trace=call, paths=paths, folder=tmp_path, inject=inject)
        found = target.read_bytes()
        assert found in (OLD, NEW), inject
        if "acknowledged" in ended.printed:
            assert found == NEW, inject
        elif ended.status == 0:
            assert ("was replaced" in ended.printed) == (found == NEW), (inject, ended.printed)
            assert not temporary.exists(), inject
        assert set(os.listdir(target.parent)) <= {target.name, temporary.name}, inject
        write_atomically(target, OLD)
        assert os.listdir(target.parent) == ["team.chat"], inject


def test_short_write_is_no_half_file(target: Path) -> None:
    """When the system takes only part of the bytes and then no more, the old bytes stay."""
    program = (
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n" + WRITE
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(target)],
        env={**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("WriteFailed"), done.stdout
    assert target.read_bytes() == OLD
    assert os.listdir(target.parent) == ["team.chat"]


def test_many_short_writes_are_one_file(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that takes seven bytes at a time still gets them all."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, bytes(data[:7])))
    write_atomically(target, NEW[:100])
    assert target.read_bytes() == NEW[:100]


@pytest.mark.parametrize("waits_in", ["_clear", "_fill"])
def test_a_writer_never_takes_the_temporary_file_of_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waits_in: str
) -> None:
    """The file that was displaced bears the temporary name for a moment, in which the next writer begins.

    It neither removes that file before its writer has seen it, nor loses its own to that writer's tidying.
    """
    path = tmp_path / "team.chat"
    path.write_bytes(b"old")
    first_is_done, failures = threading.Event(), []
    real_exchange, real_step = atomic_file.exchange, getattr(atomic_file, waits_in)

    def second() -> None:
        try:
            write_atomically(path, b"second")
        except Exception as error:
            failures.append(error)

    writer = threading.Thread(target=second, name="second")

    def exchanged(*names: Path) -> bool:
        found = real_exchange(*names)
        if threading.current_thread() is not writer and not writer.is_alive():
            writer.start()
            writer.join(0.3)
        return found

    def step(*given: Any) -> Any:
        found = real_step(*given)
        if threading.current_thread() is writer:
            first_is_done.wait(5)
        return found

    monkeypatch.setattr(atomic_file, "exchange", exchanged)
    monkeypatch.setattr(atomic_file, waits_in, step)
    kept: list[int] = []
    replace_atomically(path, [b"first"], keep=kept.append)
    first_is_done.set()
    writer.join()
    assert failures == []
    assert [os.pread(one, 99, 0) for one in kept] == [b"old"]
    os.close(kept[0])
    assert path.read_bytes() == b"second"
    assert [one.name for one in tmp_path.iterdir()] == ["team.chat"]
