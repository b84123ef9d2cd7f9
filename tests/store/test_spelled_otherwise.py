"""A disk that finds a file under another spelling of its name holds one document under both, on a real exFAT.

Skipped loudly where that cannot be mounted; on a disk that tells spellings apart two of them are two documents.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.data import legacy
from chatdoc import Document, open_document, read_document
from chatdoc.apps.cli.main import main
from chatdoc.apps.server.paths import file_of
from chatdoc.model.errors import NotFound
from chatdoc.store.real_path import is_listed, real_path

SIZE_BYTES = 64 << 20


@pytest.fixture
def stick() -> Iterator[Path]:
    """A folder on an exFAT, as sticks have it."""
    if shutil.which("mount.exfat-fuse") is None or shutil.which("mkfs.exfat") is None:
        pytest.skip("exfat-fuse or exfatprogs is not there: install both to run this")
    home = Path(tempfile.mkdtemp(prefix="chatdoc-stick-"))
    image, mount = home / "image", home / "mount"
    mount.mkdir()
    with image.open("wb") as file:
        file.truncate(SIZE_BYTES)
    device = ""
    try:
        for command in (["mkfs.exfat", image], ["losetup", "--find", "--show", image]):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"{command[0]} fails here: {done.stderr.strip()[-200:]}")
            device = done.stdout.strip() if command[0] == "losetup" else ""
        done = subprocess.run(
            ["mount.exfat-fuse", device, mount], capture_output=True, text=True, check=False
        )
        if done.returncode:
            pytest.skip(f"an exFAT cannot be mounted here: {done.stderr.strip()[-200:]}")
        yield mount
    finally:
        while (
            mount.is_mount()
            and subprocess.run(["umount", mount], capture_output=True, check=False).returncode
        ):
            time.sleep(0.05)
        if device:
            subprocess.run(["losetup", "--detach", device], check=True)
        shutil.rmtree(home)


def made(path: Path) -> str:
    """A document with one message; its thread."""
    with open_document(path) as document:
        return document.create_thread(sender_id="ada", content="Hello").thread_id


def contents(document: Document) -> list[str]:
    """Every message of the only thread."""
    return [one.content for one in document.messages(document.threads()[0].thread_id)]


def listed(folder: Path) -> list[str]:
    """What a folder lists beside stores."""
    return sorted(name for name in os.listdir(folder) if not name.startswith("."))


def test_two_spellings_are_one_document(stick: Path) -> None:
    """Opened, read, written and saved under either, it keeps its name and its one store."""
    thread_id = made(stick / "Team.chat")
    for number, name in enumerate(("team.chat", "TEAM.CHAT", "Team.chat")):
        with open_document(stick / name) as document:
            assert (document.report, document.path) == (None, stick / "Team.chat")
            document.send(thread_id, sender_id="bob", content=str(number))
        assert contents(read_document(stick / name)) == ["Hello", *map(str, range(number + 1))]  # type: ignore[arg-type]
    assert listed(stick) == ["Team.chat"]
    assert len(list((stick / ".chatdoc").glob("*.sqlite3"))) == 1


def test_a_name_that_changed_in_its_spelling_alone_is_followed(stick: Path) -> None:
    """As any other file that was moved; the document has the name that is listed, and is found by it at once."""
    thread_id = made(stick / "Team.chat")
    (stick / "Team.chat").rename(stick / "between")
    (stick / "between").rename(stick / "team.chat")
    with open_document(stick / "Team.chat") as document:
        assert document.report is not None
        assert [one.code for one in document.report.anomalies] == ["moved_file"]
        assert document.path == stick / "team.chat"
        document.send(thread_id, sender_id="bob", content="Hi")
    assert listed(stick) == ["team.chat"]
    assert listed(stick / ".chatdoc" / "paths") == ["team.chat"]
    with open_document(stick / "TEAM.chat") as document:
        assert document.report is None
        assert contents(document) == ["Hello", "Hi"]


def test_a_copy_is_another_document(stick: Path) -> None:
    """Under whatever spelling it is opened."""
    made(stick / "Team.chat")
    shutil.copyfile(stick / "Team.chat", stick / "Copy.chat")
    with open_document(stick / "copy.chat") as document:
        assert document.report is not None
        assert [one.code for one in document.report.anomalies] == ["copied_file"]
        assert document.path == stick / "Copy.chat"


def test_commands_take_either_spelling(stick: Path) -> None:
    """A migration is rolled back, a deleted file recovered, a store forgotten."""
    source = legacy(20)
    (stick / "Old.chat").write_bytes(source)
    runner = CliRunner()
    for words in (["migrate", "old.chat"], ["check", "OLD.chat"], ["rollback", "oLD.chat"]):
        done = runner.invoke(main, [words[0], str(stick / words[1])])
        assert done.exit_code == 0, done.output
    assert (stick / "Old.chat").read_bytes() == source
    made(stick / "Team.chat")
    assert runner.invoke(main, ["forget", str(stick / "TEAM.chat"), "--apply"]).exit_code == 0
    assert listed(stick / ".chatdoc" / "paths") == []
    assert listed(stick) == ["Old.chat", "Team.chat"]


def test_a_server_knows_a_document_by_its_name_alone(stick: Path) -> None:
    """Two spellings would be two rooms of one file."""
    (stick / "Sub").mkdir()
    made(stick / "Sub" / "Team.chat")
    assert file_of(stick, "Sub/Team.chat") == stick / "Sub" / "Team.chat"
    assert file_of(stick, "Sub/new.chat") == stick / "Sub" / "new.chat"
    for name in ("Sub/team.chat", "sub/Team.chat", "sub/new.chat"):
        with pytest.raises(NotFound, match="spelled otherwise"):
            file_of(stick, name)


def test_on_a_disk_that_tells_spellings_apart_they_are_two(tmp_path: Path) -> None:
    """Also where two names look the same."""
    names = ["Team.chat", "team.chat", *(unicodedata.normalize(one, "é.chat") for one in ("NFC", "NFD"))]
    for name in names:
        made(tmp_path / name)
    for name in names:
        assert real_path(tmp_path / name) == tmp_path / name
        assert is_listed(tmp_path / name)
        with open_document(tmp_path / name) as document:
            assert document.report is None
    assert len(list((tmp_path / ".chatdoc").glob("*.sqlite3"))) == 4
    assert real_path(tmp_path / "TEAM.chat") == tmp_path / "TEAM.chat"
    assert not is_listed(tmp_path / "TEAM.chat")


def test_what_is_deleted_at_that_moment_is_not_its_neighbour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a disk where both are files of their own, a save would go to the other one."""
    path, neighbour = tmp_path / "Team.chat", tmp_path / "tEAM.CHAT"
    for one in (path, neighbour):
        one.touch()
    listed_there = os.listdir

    def deleted_first(folder: Path) -> list[str]:
        path.unlink()
        return listed_there(folder)

    monkeypatch.setattr(os, "listdir", deleted_first)
    assert real_path(path) == path
