"""Looking at a store writes nothing: not to it, not beside it, whether it was closed cleanly, is open, or crashed."""

from __future__ import annotations

import shutil
from pathlib import Path

from chatdoc.store.sqlite.folder import SqliteFolder
from tests.store.documents import DOCUMENT_ID, GENESIS, append, create, file_of, updates


def files(folder: Path) -> dict[str, tuple[int, int, int]]:
    """What lies in a store's folder and the folder itself: inode, size, time of the last change; no shared memory."""
    home = folder / ".chatdoc"
    found = [path for path in (home, *home.rglob("*")) if not path.name.endswith("-shm")]
    return {path.name: (path.stat().st_ino, path.stat().st_size, path.stat().st_mtime_ns) for path in found}


def look_at(folder: Path) -> list[bytes]:
    """The updates of the document, found and read without writing."""
    stores = SqliteFolder(folder)
    assert stores.find(folder / "team.chat", [DOCUMENT_ID]).place == file_of(folder)
    with stores.look(file_of(folder)) as look:
        assert look.verify() == []
        return updates(look)


def test_a_store_that_was_closed_is_read_without_touching_its_folder(
    folder: Path, stores: SqliteFolder
) -> None:
    """No journal comes and goes: the times of the folder stay too."""
    create(stores).close()
    before = files(folder)
    assert look_at(folder) == [GENESIS]
    assert files(folder) == before


def test_what_a_crash_left_is_read_and_left(folder: Path, stores: SqliteFolder, tmp_path: Path) -> None:
    """The journal has the newest update; it is read from there, and recovering is left to who may write."""
    store = create(stores)
    append(store, b"update")
    shutil.copytree(folder, tmp_path / "crashed")
    store.close()
    before = files(tmp_path / "crashed")
    assert look_at(tmp_path / "crashed") == [GENESIS, b"update"]
    assert files(tmp_path / "crashed") == before


def test_one_who_looks_sees_what_is_written_after_the_look_began(folder: Path, stores: SqliteFolder) -> None:
    """A writer that opens, writes and closes while another looks is noticed: nothing old or torn is answered."""
    create(stores).close()
    place = file_of(folder)
    with stores.look(place) as look:
        assert look.updates.last_sequence() == 1
        assert look.at_one_moment(look.updates.last_sequence) == 1
        with stores.open(place) as writer:
            append(writer, b"update")
            assert look.updates.last_sequence() == 2
        assert updates(look) == [GENESIS, b"update"]
        with stores.open(place) as writer:
            append(writer, b"more")
        assert look.at_one_moment(lambda: updates(look)) == [GENESIS, b"update", b"more"]
        assert look.read_model.snapshot().snapshot_sequence == 0


def test_reading_keeps_the_locks_of_a_writer_of_the_same_process(stores: SqliteFolder) -> None:
    """A file that is only looked at is never opened and closed besides: that would drop the writer's locks.

    Another process that closes last would then take the journal away under the writer.
    """
    store = create(stores)
    append(store, b"one")
    stores.look(store.location).close()
    stores.find(stores.folder / "team.chat", [DOCUMENT_ID])
    locks = Path("/proc/locks")
    if locks.exists():
        inode = store.location.stat().st_ino
        held = [line for line in locks.read_text().splitlines() if line.split()[5].endswith(f":{inode}")]
        assert held, "the writer holds no lock on its file any more"
    store.close()
