"""Looking at a store writes nothing: not to it, not beside it, whether it was closed cleanly, is open, or crashed."""

from __future__ import annotations

import shutil
from pathlib import Path

from chatdoc.store.sqlite.store import Store
from tests.store.documents import GENESIS, NOW, registration


def begin(folder: Path) -> Store:
    """A store of one document."""
    folder.mkdir(exist_ok=True)
    store = Store.open(folder)
    store.begin_document(registration("team.chat"), GENESIS, origin="migration", recorded_at_ms=NOW)
    return store


def files(folder: Path) -> dict[str, tuple[int, int, int]]:
    """What lies in a store's folder and the folder itself: inode, size, time of the last change; no shared memory."""
    home = folder / ".chatdoc"
    found = [path for path in (home, *home.iterdir()) if not path.name.endswith("-shm")]
    return {path.name: (path.stat().st_ino, path.stat().st_size, path.stat().st_mtime_ns) for path in found}


def look_at(folder: Path) -> list[bytes]:
    """The updates of the document, read without writing."""
    look = Store.look(folder)
    assert look is not None
    with look:
        return [entry.update for entry in look.log("team.chat").entries()]


def test_a_store_that_was_closed_is_read_without_touching_its_folder(tmp_path: Path) -> None:
    """No journal comes and goes: the times of the folder stay too."""
    begin(tmp_path).close()
    before = files(tmp_path)
    assert look_at(tmp_path) == [GENESIS]
    assert files(tmp_path) == before


def test_what_a_crash_left_is_read_and_left(tmp_path: Path) -> None:
    """The journal has the newest update; it is read from there, and recovering is left to who may write."""
    store = begin(tmp_path / "one")
    store.log("team.chat").append(b"update", "local", recorded_at_ms=NOW)
    shutil.copytree(tmp_path / "one", tmp_path / "crashed")
    store.close()
    before = files(tmp_path / "crashed")
    assert look_at(tmp_path / "crashed") == [GENESIS, b"update"]
    assert files(tmp_path / "crashed") == before


def test_one_who_looks_sees_what_is_written_after_the_look_began(tmp_path: Path) -> None:
    """A writer that opens, writes and closes while another looks is noticed: nothing old or torn is answered."""
    begin(tmp_path).close()
    look = Store.look(tmp_path)
    assert look is not None
    with look:
        log = look.log("team.chat")
        assert log.last_sequence() == 1
        with Store.open(tmp_path) as writer:
            writer.log("team.chat").append(b"update", "local", recorded_at_ms=NOW)
            assert log.last_sequence() == 2
        assert [entry.update for entry in log.entries()] == [GENESIS, b"update"]
        with Store.open(tmp_path) as writer:
            writer.log("team.chat").append(b"more", "local", recorded_at_ms=NOW)
        assert [entry.update for entry in log.entries()] == [GENESIS, b"update", b"more"]
