"""A store knows its documents by path and by id, and each of its changes is one transaction."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from chatdoc.model.errors import CommandConflict, DocumentExists, NotFound, ReadOnlyTarget, StoreError
from chatdoc.store.sqlite.location import store_folder
from chatdoc.store.sqlite.store import Store
from tests.store.documents import DOCUMENT_ID, GENESIS, NOW, begin, marker, receipt, registration, rows

OTHER_ID = "01HF7YAT000000000000000009"


def test_files_are_private(store: Store, folder: Path) -> None:
    """Folders are 0700, the database, its journal and its index 0600."""
    home = folder / ".chatdoc"
    found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (home, *home.iterdir())}
    assert found == {
        ".chatdoc": 0o700,
        "backups": 0o700,
        "store.sqlite3": 0o600,
        "store.sqlite3-wal": 0o600,
        "store.sqlite3-shm": 0o600,
    }


def test_closed_store_is_one_file(store: Store, folder: Path) -> None:
    """Closing writes the journal back and removes it."""
    store.close()
    assert sorted(os.listdir(folder / ".chatdoc")) == ["backups", "store.sqlite3"]


def test_second_open_finds_everything(store: Store, folder: Path) -> None:
    """Documents, entries, receipts, snapshots and markers are there again."""
    log = store.log("team.chat")
    log.append(b"update", "command", recorded_at_ms=NOW, receipt=receipt())
    log.put_rows(rows(), recorded_at_ms=NOW)
    log.put_state(2, b"state", recorded_at_ms=NOW)
    store.put_marker(marker("old.chat"), recorded_at_ms=NOW)
    store.close()
    with Store.open(folder) as again:
        log = again.log("team.chat")
        assert [entry.update for entry in log.entries()] == [GENESIS, b"update"]
        assert log.receipt("command") == receipt()
        assert log.rows() == rows()
        assert log.state() == (2, b"state")
        assert again.registrations() == (registration("team.chat"),)
        assert again.markers("old.chat") == (marker("old.chat"),)


def test_documents_of_one_store_do_not_mix(store: Store) -> None:
    """Each document has its own sequences and snapshots; a command id belongs to one command of the whole store."""
    first, second = store.log("team.chat"), begin(store, "sub/other.chat", OTHER_ID)
    for number in range(3):
        first.append(b"first %d" % number, "a", recorded_at_ms=NOW)
        second.append(b"second %d" % number, "b", recorded_at_ms=NOW, receipt=receipt(f"{number}"))
    second.put_rows(rows(), recorded_at_ms=NOW)
    assert [entry.update for entry in first.entries(after=1)] == [b"first 0", b"first 1", b"first 2"]
    assert [entry.update for entry in second.entries(after=1)] == [b"second 0", b"second 1", b"second 2"]
    with pytest.raises(CommandConflict, match="another document"):
        first.receipt("1")
    assert first.rows() is None


def test_begun_document_has_its_marker(store: Store) -> None:
    """Genesis, registration and marker appear together."""
    log = begin(store, "a.chat", OTHER_ID, marker("a.chat", "committed"))
    assert [entry.update for entry in log.entries()] == [GENESIS]
    assert store.marker("a.chat", "source", "steps") == marker("a.chat", "committed")


def test_document_that_cannot_begin_leaves_nothing(store: Store) -> None:
    """A path that has a document refuses another, and the marker that came with it is not written either."""
    with pytest.raises(DocumentExists, match=r"team\.chat"):
        begin(store, "team.chat", OTHER_ID, marker("team.chat", "committed"))
    assert store.markers("team.chat") == ()
    assert store.registration("team.chat") == registration("team.chat")
    assert store.log("team.chat").last_sequence() == 1


def test_unknown_document_is_named(store: Store) -> None:
    """Every question about a path without a document names the path."""
    for call in (
        lambda: store.log("gone.chat"),
        lambda: store.move_document("gone.chat", "b.chat"),
        lambda: store.publish("gone.chat", "digest", recorded_at_ms=NOW),
        lambda: store.retire_document("gone.chat", recorded_at_ms=NOW),
    ):
        with pytest.raises(NotFound, match=r"gone\.chat"):
            call()


def test_published_text_is_remembered_with_its_marker(store: Store) -> None:
    """The digest of the text and the marker of the migration change together."""
    published = marker("team.chat", "published", text="digest")
    store.publish("team.chat", "digest", marker=published, recorded_at_ms=NOW)
    found = store.registration("team.chat")
    assert found is not None
    assert found.text_digest == "digest"
    assert store.markers("team.chat") == (published,)


def test_marker_goes_through_its_phases(store: Store) -> None:
    """One migration has one marker, and the one noted last stands at the end."""
    store.put_marker(marker("a.chat"), recorded_at_ms=NOW)
    store.put_marker(marker("a.chat", source="second"), recorded_at_ms=NOW)
    store.put_marker(marker("a.chat", "rolled_back"), recorded_at_ms=NOW)
    assert store.markers("a.chat") == (marker("a.chat", source="second"), marker("a.chat", "rolled_back"))
    assert store.marker("a.chat", "source", "other steps") is None


def test_retired_document_frees_its_path_and_keeps_its_log(store: Store, folder: Path) -> None:
    """After a rollback the path can begin anew; nothing of the old log shows, and nothing of it is deleted."""
    old = store.log("team.chat")
    old.append(b"edit", "local", recorded_at_ms=NOW)
    store.retire_document("team.chat", marker=marker("team.chat", "rolled_back"), recorded_at_ms=NOW)
    assert store.registration("team.chat") is None
    assert store.markers("team.chat")[-1].phase == "rolled_back"
    new = begin(store, "team.chat")
    assert [entry.update for entry in new.entries()] == [GENESIS]
    assert [entry.update for entry in old.entries()] == [GENESIS, b"edit"]
    store.retire_document("team.chat", recorded_at_ms=NOW)
    assert store.registrations() == ()


def test_moved_file_keeps_its_log_and_markers(store: Store) -> None:
    """The document stands under the new path, the old one is free."""
    store.put_marker(marker("team.chat", "published"), recorded_at_ms=NOW)
    store.move_document("team.chat", "new/name.chat")
    assert store.registration("team.chat") is None
    assert store.log("new/name.chat").last_sequence() == 1
    assert store.markers("new/name.chat") == (marker("new/name.chat", "published").__class__(
        path="new/name.chat", source_digest="source", steps_digest="steps", phase="published",
        backup="team.chat.backup", report=b'{"rows":3}',
    ),)  # fmt: skip


def test_document_is_not_moved_onto_another(store: Store) -> None:
    """A path that has a document keeps it."""
    begin(store, "other.chat", OTHER_ID)
    with pytest.raises(DocumentExists):
        store.move_document("team.chat", "other.chat")
    assert {one.path: one.document_id for one in store.registrations()} == {
        "other.chat": OTHER_ID,
        "team.chat": DOCUMENT_ID,
    }


def test_claims_tell_moved_copied_and_replaced_files_apart(store: Store, folder: Path) -> None:
    """What a file is depends on its path, its id, and whether the registered file is still there."""
    here = registration("team.chat")
    (folder / "team.chat").touch()

    def standing(path: str, document_id: str) -> str:
        claim = store.claim(path, document_id)
        assert claim.registration == (None if claim.standing == "new" else here)
        return claim.standing

    assert standing("team.chat", DOCUMENT_ID) == "registered"
    assert standing("team.chat", OTHER_ID) == "replaced"
    assert standing("copy.chat", DOCUMENT_ID) == "copied"
    assert standing("new.chat", OTHER_ID) == "new"
    (folder / "team.chat").unlink()
    assert standing("copy.chat", DOCUMENT_ID) == "moved"
    store.retire_document("team.chat", recorded_at_ms=NOW)
    assert standing("copy.chat", DOCUMENT_ID) == "new"


def test_file_names_need_not_be_text(store: Store, folder: Path) -> None:
    """A name that is no UTF-8 is stored and found as the file system spells it."""
    name = store.name_of(folder / os.fsdecode(b"caf\xe9 \xf0\x9f\x98\x80.chat"))
    begin(store, name, OTHER_ID, marker(name, "committed"))
    assert store.registration(name) == registration(name, OTHER_ID)
    assert store.markers(name)[0].path == name


def test_names_are_relative_and_of_the_real_file(store: Store, folder: Path, tmp_path: Path) -> None:
    """A link from elsewhere has the name of what it leads to; a file outside has none."""
    (folder / "sub").mkdir()
    (folder / "sub" / "a.chat").touch()
    (tmp_path / "link.chat").symlink_to(folder / "sub" / "a.chat")
    assert store.name_of(tmp_path / "link.chat") == "sub/a.chat"
    with pytest.raises(StoreError, match="does not lie below"):
        store.name_of(tmp_path / "outside.chat")


def test_nearest_folder_with_a_store_serves_a_file(store: Store, folder: Path, tmp_path: Path) -> None:
    """The file's own folder counts when none above has a store; of a link, the real file's."""
    (folder / "a" / "b").mkdir(parents=True)
    assert store_folder(folder / "a" / "b" / "x.chat") == folder
    assert store_folder(tmp_path / "x.chat") == tmp_path
    (tmp_path / "link.chat").symlink_to(folder / "a" / "x.chat")
    assert store_folder(tmp_path / "link.chat") == folder
    Store.open(folder / "a").close()
    assert store_folder(folder / "a" / "b" / "x.chat") == folder / "a"


def test_look_writes_nothing(store: Store, folder: Path) -> None:
    """A store opened for looking reads everything, refuses every write, and leaves the same files behind."""
    store.log("team.chat").put_rows(rows(), recorded_at_ms=NOW)
    store.close()
    home = folder / ".chatdoc"
    before = {path.name: (path.stat().st_mtime_ns, path.stat().st_size) for path in home.iterdir()}
    look = Store.look(folder)
    assert look is not None
    with look:
        log = look.log("team.chat")
        assert [entry.update for entry in log.entries()] == [GENESIS]
        assert log.rows() == rows()
        for write in (
            lambda: log.append(b"update", "local", recorded_at_ms=NOW),
            lambda: log.put_rows(rows(sequence=9), recorded_at_ms=NOW),
            lambda: look.put_marker(marker("a.chat"), recorded_at_ms=NOW),
        ):
            with pytest.raises(ReadOnlyTarget, match="reading only"):
                write()
    assert {path.name: (path.stat().st_mtime_ns, path.stat().st_size) for path in home.iterdir()} == before


def test_look_makes_no_store(tmp_path: Path) -> None:
    """Where no store is, none appears."""
    assert Store.look(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_look_sees_what_another_has_open(store: Store, folder: Path) -> None:
    """A writer that is still at work does not keep others from looking."""
    store.log("team.chat").append(b"update", "local", recorded_at_ms=NOW)
    look = Store.look(folder)
    assert look is not None
    with look:
        assert look.log("team.chat").last_sequence() == 2


def test_log_may_take_its_store_along(folder: Path, store: Store) -> None:
    """Closing a log that owns its store closes both."""
    log = store.log("team.chat", closes_store=True)
    log.close()
    with pytest.raises(StoreError, match="closed"):
        store.registrations()


def test_missing_folder_is_named(tmp_path: Path) -> None:
    """A store is made in a folder that is there, not in one to be invented."""
    with pytest.raises(Exception, match=r"gone/\.chatdoc cannot be made"):
        Store.open(tmp_path / "gone")
