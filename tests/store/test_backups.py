"""A backup is the source byte for byte, whatever happens while it is written."""

from __future__ import annotations

import os
import shutil
import stat
from hashlib import sha256
from pathlib import Path

import pytest

from chatdoc.model.errors import BackupDamaged
from chatdoc.store import backups
from chatdoc.store.atomic_file import temporary_path
from tests import strace

SOURCE = bytes(range(256)) * 40 + b"no newline at the end, and bytes that are no text: \xff\xfe"
DIGEST = sha256(SOURCE).hexdigest()

SAVE = """
import sys
from hashlib import sha256
from pathlib import Path
from chatdoc.model.errors import ChatdocError
from chatdoc.store import backups
source = Path(sys.argv[1]).read_bytes()
try:
    backups.save(source, Path(sys.argv[2]), "team.chat", sha256(source).hexdigest())
    print("acknowledged", flush=True)
except ChatdocError as error:
    print(type(error).__name__, error, flush=True)
"""


def test_backup_is_the_source_and_private(tmp_path: Path) -> None:
    """The bytes come back exactly; file 0600, folder 0700."""
    path = backups.save(SOURCE, tmp_path / "backups", "team.chat", DIGEST)
    assert path == tmp_path / "backups" / "team.chat"
    assert backups.load(path, DIGEST) == SOURCE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("umask", [0o002, 0o022])
def test_folders_above_a_backup_are_private_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    """A folder that is made for the folder of backups has mode 0700 too, or its stores would be refused."""
    before = os.umask(umask)
    try:
        path = backups.save(SOURCE, tmp_path / ".chatdoc" / "backups", "team.chat", DIGEST)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700


def test_empty_source_has_a_backup(tmp_path: Path) -> None:
    """Zero bytes are a source like any other."""
    digest = sha256(b"").hexdigest()
    assert backups.load(backups.save(b"", tmp_path, "empty", digest), digest) == b""


def test_saving_again_changes_nothing(tmp_path: Path) -> None:
    """The same backup is not written twice, and its permissions are narrowed again."""
    path = backups.save(SOURCE, tmp_path, "team.chat", DIGEST)
    before = path.stat()
    path.chmod(0o644)
    assert backups.save(SOURCE, tmp_path, "team.chat", DIGEST) == path
    after = path.stat()
    assert (before.st_ino, before.st_mtime_ns, before.st_mode) == (
        after.st_ino,
        after.st_mtime_ns,
        after.st_mode,
    )


def test_other_bytes_are_never_overwritten(tmp_path: Path) -> None:
    """A different backup of the same name stays, and the error says what to do."""
    path = backups.save(SOURCE, tmp_path, "team.chat", DIGEST)
    with pytest.raises(BackupDamaged, match=r"holds other bytes.*Move it"):
        backups.save(b"other", tmp_path, "team.chat", sha256(b"other").hexdigest())
    assert path.read_bytes() == SOURCE


def test_planted_link_is_refused(tmp_path: Path) -> None:
    """A symbolic link under the backup's name is not written through."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / "team.chat").symlink_to(victim)
    with pytest.raises(BackupDamaged, match="symbolic link"):
        backups.save(SOURCE, tmp_path, "team.chat", DIGEST)
    assert victim.read_bytes() == b"precious"


@pytest.mark.parametrize("name", ["", ".", "..", "../team.chat", "a/b"])
def test_backup_stays_in_its_folder(tmp_path: Path, name: str) -> None:
    """A name that would lead elsewhere is a mistake of the caller."""
    with pytest.raises(ValueError, match="plain file name"):
        backups.save(SOURCE, tmp_path, name, DIGEST)


def test_wrong_digest_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    """Nothing is written under a digest that is not the source's."""
    with pytest.raises(ValueError, match="SHA-256"):
        backups.save(SOURCE, tmp_path, "team.chat", "0" * 64)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("at", [0, 1, 5000, len(SOURCE) - 1])
def test_changed_backup_is_noticed(tmp_path: Path, at: int) -> None:
    """One flipped bit, anywhere, is not handed out as the source."""
    path = backups.save(SOURCE, tmp_path, "team.chat", DIGEST)
    path.write_bytes(SOURCE[:at] + bytes([SOURCE[at] ^ 1]) + SOURCE[at + 1 :])
    with pytest.raises(BackupDamaged, match=DIGEST):
        backups.load(path, DIGEST)


def test_cut_or_missing_backup_is_noticed(tmp_path: Path) -> None:
    """A shorter file and no file are damage, each said in its own words."""
    path = backups.save(SOURCE, tmp_path, "team.chat", DIGEST)
    path.write_bytes(SOURCE[:-1])
    with pytest.raises(BackupDamaged, match="expected"):
        backups.load(path, DIGEST)
    path.unlink()
    with pytest.raises(BackupDamaged, match="cannot be read"):
        backups.load(path, DIGEST)


def test_pipe_in_place_of_a_backup_is_refused_at_once(tmp_path: Path) -> None:
    """Neither saving nor loading waits for somebody to write into it."""
    os.mkfifo(tmp_path / "team.chat")
    with pytest.raises(BackupDamaged, match="no plain file"):
        backups.load(tmp_path / "team.chat", DIGEST)
    with pytest.raises(BackupDamaged, match="no plain file"):
        backups.save(SOURCE, tmp_path, "team.chat", DIGEST)


def test_disk_that_returns_other_bytes_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The backup is read back before it counts."""
    monkeypatch.setattr(backups, "write_atomically", lambda path, data, mode: path.write_bytes(data[:-1]))
    with pytest.raises(BackupDamaged):
        backups.save(SOURCE, tmp_path, "team.chat", DIGEST)


@pytest.mark.parametrize("call", ["write", "fsync", "rename"])
def test_killed_or_failing_at_any_call_leaves_no_false_backup(tmp_path: Path, call: str) -> None:
    """An acknowledged backup is there and whole; otherwise the next save makes it, and the source is never touched."""
    home = tmp_path / "home"
    source = home / "team.chat"
    folder = home / "backups"
    home.mkdir()
    source.write_bytes(SOURCE)
    path = folder / "team.chat"
    paths = (folder, temporary_path(path), home)
    count = strace.every(SAVE, source, folder, trace=call, paths=paths, folder=tmp_path)
    for inject in strace.kills_and_failures(count, ("ENOSPC", "EIO")):
        shutil.rmtree(folder, ignore_errors=True)
        ended = strace.run(SAVE, source, folder, trace=call, paths=paths, folder=tmp_path, inject=inject)
        if "acknowledged" in ended.printed:
            assert path.read_bytes() == SOURCE, inject
        assert not path.exists() or path.read_bytes() == SOURCE, inject
        assert source.read_bytes() == SOURCE
        assert backups.load(backups.save(SOURCE, folder, "team.chat", DIGEST), DIGEST) == SOURCE
        assert os.listdir(folder) == [path.name], inject
