"""Large texts: hashed beside the writing, compared in pieces, and the same as small ones in every answer."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from benchmarks.data import legacy
from chatdoc import open_document
from chatdoc.engine import text_digest
from chatdoc.engine.overlapped import LARGE_BYTES
from chatdoc.engine.read_file import holds
from chatdoc.engine.text_digest import digest_of, read_with_digest
from chatdoc.model.errors import BackupDamaged, UnreadableFile
from chatdoc.store.backups import backup_name

TEXT = Random(1).randbytes(2 * LARGE_BYTES + 1234)


@contextmanager
def opened(path: Path, data: bytes) -> Iterator[int]:
    """A descriptor of a file that holds some bytes."""
    path.write_bytes(data)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("size", [0, 1, LARGE_BYTES - 1, LARGE_BYTES, len(TEXT)])
def test_the_digest_of_parts_is_that_of_the_whole(size: int) -> None:
    """Wherever it is cut, and whether or not a thread makes it."""
    text = TEXT[:size]
    for cut in (0, size // 3, size):
        parts = [text[:cut], memoryview(text)[cut:]]
        assert digest_of(parts).result() == sha256(text).hexdigest()


def test_a_digest_needs_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system begins no more threads, or one ended without an answer, it is made all the same."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as refusing:
        refusing.setattr(threading.Thread, "start", refuse)
        assert digest_of([TEXT]).result() == sha256(TEXT).hexdigest()
    monkeypatch.setattr(threading.Thread, "run", lambda _: None)
    assert digest_of([TEXT]).result() == sha256(TEXT).hexdigest()


@pytest.mark.parametrize("size", [0, 1, LARGE_BYTES - 1, LARGE_BYTES, len(TEXT)])
def test_what_is_read_comes_with_its_digest(tmp_path: Path, size: int) -> None:
    """Whether or not a thread makes it; a file that is not there has the bytes and the digest of an empty one."""
    path = tmp_path / "file"
    path.write_bytes(TEXT[:size])
    assert read_with_digest(path) == (TEXT[:size], sha256(TEXT[:size]).hexdigest())
    assert read_with_digest(tmp_path / "nothing") == (b"", sha256(b"").hexdigest())
    assert not [one for one in threading.enumerate() if one.name == "chatdoc-beside"]


@pytest.mark.parametrize("broken", ["start", "run"])
def test_a_digest_of_what_is_read_needs_no_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """Where the system begins no more threads, or one ended without an answer, it is made all the same."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    path = tmp_path / "file"
    path.write_bytes(TEXT)
    monkeypatch.setattr(threading.Thread, broken, refuse if broken == "start" else lambda _: None)
    assert read_with_digest(path) == (TEXT, sha256(TEXT).hexdigest())


def test_a_reading_that_fails_leaves_no_thread_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fails in the middle is told, and who hashes what came before ends."""
    path = tmp_path / "file"
    path.write_bytes(TEXT)

    def fail(_: Path, hand_over: Callable[[bytes], object]) -> bytes:
        hand_over(TEXT[:LARGE_BYTES])
        raise UnreadableFile("the disk failed")

    monkeypatch.setattr(text_digest, "read_bytes", fail)
    with pytest.raises(UnreadableFile):
        read_with_digest(path)
    for one in threading.enumerate():
        if one.name == "chatdoc-beside":
            one.join(10)
            assert not one.is_alive()


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (TEXT, True),
        (TEXT[:-1], False),
        (TEXT + b"\n", False),
        (b"", False),
        (TEXT[:-1] + bytes([TEXT[-1] ^ 1]), False),
        (bytes([TEXT[0] ^ 1]) + TEXT[1:], False),
        (TEXT[:LARGE_BYTES] + bytes([TEXT[LARGE_BYTES] ^ 1]) + TEXT[LARGE_BYTES + 1 :], False),
    ],
    ids=["same", "shorter", "longer", "empty", "last byte", "first byte", "second piece"],
)
def test_a_file_holds_a_text_or_another_one(tmp_path: Path, other: bytes, same: bool) -> None:
    """Every byte counts, and so does the end."""
    with opened(tmp_path / "file", other) as descriptor:
        assert holds(descriptor, TEXT) is same


def test_nothing_holds_nothing(tmp_path: Path) -> None:
    """An empty file is the empty text."""
    with opened(tmp_path / "file", b"") as descriptor:
        assert holds(descriptor, b"")


def test_a_large_text_is_known_again(tmp_path: Path) -> None:
    """What was spliced and hashed beside the writing is our own text to the next opening: nothing is merged."""
    path = tmp_path / "team.chat"
    with open_document(path, durability="normal") as document:
        thread_id = document.create_thread(sender_id="ada", content="Hello").thread_id
        for _ in range(50):
            document.send(thread_id, sender_id="ada", content="x" * 50_000)
        assert document.save()
        document.send(thread_id, sender_id="bob", content="last")
        assert document.save()
        text = path.read_bytes()
        assert len(text) > 2 * LARGE_BYTES
        assert text == document.text()
        assert document.engine.store.registry.registration().text_digest == sha256(text).hexdigest()
        assert not document.save()
    os.utime(path)  # It looks changed, so that it is read.
    with open_document(path) as document:
        assert document.report is None
        assert document.text() == text


def test_a_backup_that_fails_beside_the_first_update_makes_no_store(tmp_path: Path) -> None:
    """It is waited for before anything is stored, and its error is the one that is raised; the file is untouched."""
    path = tmp_path / "old.chat"
    source = legacy(2_500)
    assert len(source) > LARGE_BYTES
    path.write_bytes(source)
    backups = tmp_path / ".chatdoc" / "backups"
    backups.mkdir(parents=True, mode=0o700)
    backups.parent.chmod(0o700)
    (backups / backup_name(path, sha256(source).hexdigest())).write_bytes(b"something else")
    with pytest.raises(BackupDamaged):
        open_document(path)
    assert path.read_bytes() == source
    assert not list(tmp_path.glob(".chatdoc/*.sqlite3"))
    assert not [one for one in threading.enumerate() if one.name == "chatdoc-beside"]
