"""Documents on file systems unlike a local disk: without shared memory, without permission bits, of another owner.

Real mounts of `bindfs`, a file system in a program; skipped loudly where that cannot be mounted.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from chatdoc import open_document, read_document
from chatdoc.store.file_system import keeps_no_modes, kind_of, may_be_shared
from chatdoc.store.sqlite import wal_mode
from chatdoc.testing.second_process import SecondProcess
from chatdoc.verify import verify_store
from tests.store_file import store_file

MOUNTS = {
    "no shared memory": ["-o", "direct_io"],
    "no permission bits": ["--chmod-deny", "--chown-deny"],
    "bits of the mount": ["-p", "0777", "--chmod-ignore", "--chown-ignore"],
    "another owner": ["-u", "nobody", "--chown-ignore"],
}
TABLE = rb"""22 1 254:0 / / rw - ext4 /dev/vda rw
30 22 0:40 / /home rw shared:1 - nfs4 server:/home rw
31 30 0:41 / /home/ada/with\040blank rw - cifs //server/ada rw
32 22 0:42 / /mnt/windows rw - 9p drvfs rw
33 22 0:43 / /mnt/remote rw - fuse.sshfs ada@server: rw
34 22 0:44 / /var/lib/containers rw - fuse.fuse-overlayfs x rw
35 22 0:45 / /media/stick rw - vfat /dev/sdb1 rw
36 22 0:46 / /media/stick rw - ext4 /dev/sdb2 rw
"""


@pytest.fixture(params=MOUNTS.values(), ids=MOUNTS.keys())
def mounted(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder on such a file system."""
    with mount_of(request.param) as folder:
        yield folder


@contextmanager
def mount_of(options: list[str]) -> Iterator[Path]:
    """A folder of a mount with these options."""
    program = shutil.which("bindfs")
    if program is None or not Path("/dev/fuse").exists():
        pytest.skip("bindfs or /dev/fuse is not there: install bindfs to run this")
    folder = Path(tempfile.mkdtemp(prefix="chatdoc-mount-"))
    source, mount = folder / "source", folder / "mount"
    source.mkdir()
    mount.mkdir()
    made = subprocess.run(
        [program, *options, str(source), str(mount)], capture_output=True, text=True, check=False
    )
    try:
        if made.returncode:
            pytest.skip(f"bindfs cannot mount here: {made.stderr.strip()[-200:]}")
        yield mount
    finally:
        for _ in range(100):
            if subprocess.run(["umount", str(mount)], capture_output=True, check=False).returncode == 0:
                break
            if not mount.is_mount():
                break
            time.sleep(0.05)
        shutil.rmtree(folder, ignore_errors=True)


def journal_of(folder: Path) -> str:
    """The kind of journal that the only store of a folder has."""
    with closing(sqlite3.connect(store_file(folder))) as connection:
        return str(connection.execute("PRAGMA journal_mode").fetchone()[0])


def copy(source: Path, target: Path) -> None:
    """Copy a folder as somebody else's program does who sets no bits but those of its own files."""
    target.mkdir(mode=0o700)
    for one in sorted(source.iterdir()):
        if one.is_dir():
            copy(one, target / one.name)
        elif not one.name.endswith("-shm"):
            (target / one.name).write_bytes(one.read_bytes())


def test_document_lives_on_it(mounted: Path) -> None:
    """It is made, written by two processes, saved, read beside them, sealed, opened again and found sound."""
    path = mounted / "team.chat"
    with open_document(path) as document:
        thread_id = document.create_thread(sender_id="ada", content="Hello").thread_id
        document.save()
        with SecondProcess(path, clock_ms=1_700_000_000_000, seed=7) as other:
            sent = [other.send(thread_id, f"from there {place}", f"command {place}") for place in range(5)]
            document.send(thread_id, sender_id="ada", content="from here")
            assert len(document.messages(thread_id)) == len(sent) + 2
            assert len(read_document(path).messages(thread_id)) == len(sent) + 2
        document.compact()
        text = document.text()
    assert path.read_bytes() == text
    with open_document(path) as again:
        assert again.text() == text
        assert again.check(full=True).ok
    assert verify_store(path) == []
    assert journal_of(mounted) == "delete"


def test_store_that_comes_from_a_local_disk_is_changed_over(mounted: Path, tmp_path: Path) -> None:
    """What a killed process left in its write-ahead journal comes along."""
    (tmp_path / "here").mkdir()
    path = tmp_path / "here" / "team.chat"
    with open_document(path) as document:
        thread_id = document.create_thread(sender_id="ada", content="Hello").thread_id
    other = SecondProcess(path, clock_ms=1_700_000_000_000, seed=7)
    other.send(thread_id, "acknowledged", "command")
    other.kill()
    assert store_file(path.parent).with_name(f"{store_file(path.parent).name}-wal").stat().st_size
    there = mounted / "there"
    copy(path.parent, there)
    with open_document(there / "team.chat") as document:
        assert [one.content for one in document.messages(thread_id)] == ["Hello", "acknowledged"]
    assert journal_of(there) == "delete"
    back = tmp_path / "back"
    copy(there, back)
    with open_document(back / "team.chat") as document:
        assert len(document.messages(thread_id)) == 2
    assert journal_of(back) == "delete", "another machine may have it open, and would follow"


def test_store_that_another_machine_has_open_with_the_other_journal_is_refused(
    tmp_path: Path,
) -> None:
    """The machine that has the disk sees a local one: both kinds of journal at once would damage the file."""
    path = tmp_path / "team.chat"
    with open_document(path) as document:
        document.create_thread(sender_id="ada", content="Hello")
        document.save()
        program = (
            "import sys; from chatdoc.store.sqlite import opening\n"
            "from chatdoc import open_document\n"
            "opening.may_be_shared = lambda path: True\n"
            "opening.JOURNAL_WAIT_S = 0.1\n"
            "open_document(sys.argv[1])\n"
        )
        ended = subprocess.run(
            [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False
        )
        assert "another kind of journal" in ended.stderr
        document.create_thread(sender_id="ada", content="It goes on")
    assert journal_of(tmp_path) == "wal"


def test_an_edit_within_a_second_is_read_where_times_are_whole_seconds() -> None:
    """Two writes of one size look the same there, whatever the time says."""
    with mount_of(["--ctime-from-mtime"]) as mounted:
        path = mounted / "team.chat"
        with open_document(path) as document:
            thread_id = document.create_thread(sender_id="ada", content="first").thread_id
        when = 1_700_000_000 * 10**9
        os.utime(path, ns=(when, when))
        with open_document(path):
            pass  # It notes how the file looks.
        with path.open("r+b") as file:
            edited = file.read().replace(b"first", b"third")
            file.seek(0)
            file.write(edited)
        os.utime(path, ns=(when, when))
        with open_document(path) as document:
            assert document.messages(thread_id)[0].content == "third"


def test_the_table_of_mounts_is_read(tmp_path: Path) -> None:
    """The longest name that leads to a place counts, and of two mounts at one point the last."""
    table = tmp_path / "mountinfo"
    table.write_bytes(TABLE)
    kinds = {
        "/": "ext4",
        "/home/ada/team.chat": "nfs4",
        "/homeless": "ext4",
        "/home/ada/with blank/team.chat": "cifs",
        "/mnt/windows/c": "9p",
        "/mnt/remote": "fuse.sshfs",
        "/var/lib/containers/a": "fuse.fuse-overlayfs",
        "/media/stick/a": "ext4",
    }
    assert {place: kind_of(Path(place), table) for place in kinds} == kinds
    assert kind_of(tmp_path, tmp_path / "none") == ""


def test_a_local_disk_has_a_write_ahead_journal(tmp_path: Path) -> None:
    """And keeps owners and bits, so those of others are refused there as before."""
    if may_be_shared(tmp_path):
        pytest.skip(f"the tests' own folder lies on {kind_of(tmp_path)}")
    assert not keeps_no_modes(tmp_path)
    with open_document(tmp_path / "team.chat") as document:
        document.create_thread(sender_id="ada", content="Hello")
    assert journal_of(tmp_path) == "wal"
    wal_mode.take_rollback(store_file(tmp_path), timeout_s=1.0)
    assert journal_of(tmp_path) == "delete"
    with open_document(tmp_path / "team.chat") as document:
        assert document.check(full=True).ok
    assert journal_of(tmp_path) == "delete", "another machine may have it open, and would follow"
