"""A store is found by what a file says it is and by the path it records; nothing is shared, and nothing is trusted."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from chatdoc.model.errors import ChatdocError, DocumentExists, ReadOnlyTarget, StoreError
from chatdoc.store.sqlite.folder import SqliteFolder
from chatdoc.store.sqlite.store import SqliteStore
from chatdoc.store.sqlite.store_finder import StoreFinder
from tests.store.documents import (
    DOCUMENT_ID,
    GENESIS,
    NOW,
    OTHER_ID,
    append,
    create,
    marker,
    receipt,
    registration,
    rows,
    updates,
    whole,
)


def standing(stores: SqliteFolder, path: str, *document_ids: str) -> tuple[str, str | None, str | None]:
    """What is known of a file, its store and the other one, by name."""
    found = stores.find(stores.folder / path, document_ids)
    names = [None if one is None else one.name for one in found[1:]]
    return found.standing, names[0], names[1]


def test_files_are_private(store: SqliteStore, folder: Path) -> None:
    """Folders are 0700, the database, its journal and the index 0600; nothing lies above the file's folder."""
    home = folder / ".chatdoc"
    found = {
        path.relative_to(folder).as_posix(): stat.S_IMODE(path.stat().st_mode) for path in home.rglob("*")
    }
    name = f".chatdoc/{DOCUMENT_ID}.sqlite3"
    files = {name: 0o600, f"{name}-wal": 0o600, f"{name}-shm": 0o600, ".chatdoc/paths/team.chat": 0o600}
    assert found == {".chatdoc/backups": 0o700, ".chatdoc/paths": 0o700, **files}
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert not (folder.parent / ".chatdoc").exists()


def test_second_open_finds_everything(store: SqliteStore, stores: SqliteFolder) -> None:
    """Entries, receipts, snapshots, markers and registration are there again; closed, the store is one file."""
    append(store, b"update", command_id="command")
    store.snapshots.put_rows(rows(), recorded_at_ms=NOW)
    store.write(lambda unit: unit.put_marker(marker("published", text="digest"), recorded_at_ms=NOW))
    store.close()
    assert [path.name for path in stores.home.glob("*.sqlite3*")] == [f"{DOCUMENT_ID}.sqlite3"]
    with stores.open(store.location) as again:
        assert updates(again) == [GENESIS, b"update"]
        assert again.receipts.get("command") == receipt()
        assert whole(again.snapshots.row_pieces()) == rows()
        assert again.registry.registration() == registration()
        assert again.registry.markers() == (marker("published", text="digest"),)


def test_find_tells_moved_copied_and_replaced_files_apart(stores: SqliteFolder, folder: Path) -> None:
    """What a file is depends on its path, its id, and whether the store's own file is still there."""
    place = f"{DOCUMENT_ID}.sqlite3"
    assert standing(stores, "team.chat", DOCUMENT_ID) == ("new", None, None)
    create(stores, touch=True).close()
    assert standing(stores, "team.chat", DOCUMENT_ID) == ("registered", place, None)
    assert standing(stores, "team.chat", OTHER_ID, DOCUMENT_ID) == ("registered", place, None)
    assert standing(stores, "team.chat") == ("registered", place, None)
    assert standing(stores, "team.chat", OTHER_ID) == ("replaced", None, place)
    assert standing(stores, "copy.chat", DOCUMENT_ID) == ("copied", None, place)
    assert standing(stores, "new.chat", OTHER_ID) == ("new", None, None)
    (folder / "team.chat").unlink()
    assert standing(stores, "copy.chat", DOCUMENT_ID) == ("moved", place, None)


def test_among_copies_of_a_document_a_known_file_costs_one_look(
    stores: SqliteFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are, and a new copy costs one look at each of them."""
    names = [f"copy-{number}.chat" for number in range(6)]
    for name in names:
        create(stores, name, touch=True).close()
    looked: list[Path] = []
    look_up = StoreFinder._look_up
    monkeypatch.setattr(
        StoreFinder, "_look_up", lambda finder, place: looked.append(place) or look_up(finder, place)
    )
    assert standing(stores, names[3], DOCUMENT_ID)[0] == "registered"
    assert len(looked) == 1
    looked.clear()
    assert standing(stores, "new.chat", DOCUMENT_ID)[0] == "copied"
    assert len(looked) == len(set(looked)) == len(names)


def test_copy_becomes_a_document_of_its_own(stores: SqliteFolder) -> None:
    """It gets a further store; the original's is not touched, and each path leads to its own."""
    first = create(stores, touch=True)
    second = create(stores, "copy.chat", touch=True)
    append(second, b"of the copy")
    assert updates(first) == [GENESIS]
    assert (first.location.name, second.location.name) == (
        f"{DOCUMENT_ID}.sqlite3",
        f"{DOCUMENT_ID}-2.sqlite3",
    )
    assert standing(stores, "copy.chat", DOCUMENT_ID) == ("registered", second.location.name, None)
    assert stores.places() == sorted([first.location, second.location])
    first.close()
    second.close()


def test_file_that_was_published_and_replaced_counts_as_gone(stores: SqliteFolder, folder: Path) -> None:
    """Its text names another document by now, so the store follows the file that has its own."""
    store = create(stores, touch=True)
    said = store.registry.registration()
    store.write(lambda unit: unit.put_registration(type(said)(**_fields(said) | {"text_digest": "digest"})))
    store.close()
    text = b'{"event":"document","document_id":"%s"}\n'
    (folder / "team.chat").write_bytes(text % DOCUMENT_ID.encode())
    assert standing(stores, "here.chat", DOCUMENT_ID)[0] == "copied"
    (folder / "team.chat").write_bytes(text % OTHER_ID.encode())
    assert standing(stores, "here.chat", DOCUMENT_ID)[0] == "moved"


def test_moved_file_keeps_its_store(stores: SqliteFolder, folder: Path) -> None:
    """The new path leads to it, the old one to nothing; a path that has a store is not taken over."""
    store = create(stores)
    create(stores, "other.chat", OTHER_ID, touch=True).close()
    with pytest.raises(DocumentExists):
        stores.follow_move(store, folder / "other.chat")
    stores.follow_move(store, folder / "new.chat")
    place = store.location.name
    assert standing(stores, "new.chat", DOCUMENT_ID) == ("registered", place, None)
    assert standing(stores, "team.chat", OTHER_ID) == ("copied", None, f"{OTHER_ID}.sqlite3")
    assert store.registry.registration().path == "new.chat"
    assert sorted(os.listdir(stores.home / "paths")) == ["new.chat", "other.chat"]
    store.close()


def test_released_store_makes_room_and_can_come_back(stores: SqliteFolder, folder: Path) -> None:
    """A path that another document took over begins anew; the old one is found again by its id, wherever it is."""
    old = create(stores, touch=True)
    stores.release(old, folder / "team.chat")
    new = create(stores, "team.chat", OTHER_ID)
    assert standing(stores, "team.chat", OTHER_ID) == ("registered", new.location.name, None)
    assert standing(stores, "back.chat", DOCUMENT_ID) == ("moved", old.location.name, None)
    with stores.open(old.location) as again:
        stores.follow_move(again, folder / "back.chat")
    assert standing(stores, "back.chat", DOCUMENT_ID) == ("registered", old.location.name, None)
    assert standing(stores, "team.chat", OTHER_ID) == ("registered", new.location.name, None)
    old.close()
    new.close()


def test_retired_store_is_not_found_and_not_lost(stores: SqliteFolder, folder: Path) -> None:
    """After a rollback the path begins anew; the old store is listed, can be read, and can serve again."""
    old = create(stores, touch=True)
    said = old.registry.registration()
    old.write(lambda unit: unit.put_registration(type(said)(**_fields(said) | {"retired_at_ms": NOW})))
    assert standing(stores, "team.chat", DOCUMENT_ID) == ("new", None, None)
    create(stores).close()
    assert len(stores.places()) == 2
    assert updates(old) == [GENESIS]
    stores.follow_move(old, folder / "old.chat")
    assert standing(stores, "old.chat", DOCUMENT_ID) == ("registered", old.location.name, None)
    old.close()


@pytest.mark.parametrize("damage", ["missing", "empty", "unknown store", "store of another path"])
def test_index_is_only_an_index(stores: SqliteFolder, folder: Path, damage: str) -> None:
    """Lost or wrong, it is made again from what the stores record, and no second store appears."""
    create(stores, touch=True).close()
    create(stores, "other.chat", OTHER_ID, touch=True).close()
    entry = stores.home / "paths" / "team.chat"
    entry.unlink()
    if damage != "missing":
        names = {"empty": "", "unknown store": "gone.sqlite3", "store of another path": f"{OTHER_ID}.sqlite3"}
        entry.write_text(names[damage])
    place = f"{DOCUMENT_ID}.sqlite3"
    assert standing(stores, "team.chat", DOCUMENT_ID) == ("registered", place, None)
    stores.open(stores.home / place).close()
    assert entry.read_text() == place


def test_one_of_many_makers_makes_the_store(stores: SqliteFolder) -> None:
    """The others are told, and leave nothing; the one store has what its maker wrote."""
    made: list[SqliteStore] = []
    refused: list[ChatdocError] = []
    start = threading.Barrier(6)

    def make(number: int) -> None:
        start.wait()
        try:
            made.append(create(stores, "team.chat", OTHER_ID if number % 2 else DOCUMENT_ID))
        except ChatdocError as error:
            refused.append(error)

    makers = [threading.Thread(target=make, args=(number,)) for number in range(6)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert [type(error) for error in refused] == [DocumentExists] * 5
    (store,) = made
    assert stores.places() == [store.location]
    assert (stores.home / "paths" / "team.chat").read_text() == store.location.name
    assert append(store, b"update") == 2
    assert [name for name in os.listdir(stores.home) if name.startswith(".new-")] == []
    store.close()


@pytest.mark.parametrize(
    "document_id", ["", ".", "..", "a/b", "../../x", "ü" * 300, "x" * 1000, "CON", "a\nb", "id-2"]
)
def test_any_document_id_has_a_store(stores: SqliteFolder, document_id: str) -> None:
    """Whatever a foreign file calls its document, the store lies in `.chatdoc` and is found again."""
    store = create(stores, "team.chat", document_id, touch=True)
    assert store.location.parent == stores.home
    assert len(store.location.name) < 200
    assert standing(stores, "team.chat", document_id)[0] == "registered"
    assert store.registry.registration().document_id == document_id
    store.close()


def test_file_names_need_not_be_text(stores: SqliteFolder) -> None:
    """A name that is no UTF-8 is stored and found as the file system spells it."""
    name = os.fsdecode(b"caf\xe9 \xf0\x9f\x98\x80 %.chat")
    create(stores, name, touch=True).close()
    assert standing(stores, name, DOCUMENT_ID)[0] == "registered"
    with stores.look(stores.places()[0]) as store:
        assert store.registry.registration().path == name


def test_forgotten_store_leaves_nothing_but_shared_backups(stores: SqliteFolder) -> None:
    """A dry run says what would go; then store, index entry and its own backups go, and no other document's."""
    create(stores, marker=marker(source="mine"), touch=True).close()
    create(stores, "other.chat", OTHER_ID, marker=marker(source="shared"), touch=True).close()
    with stores.open(stores.home / f"{DOCUMENT_ID}.sqlite3") as store:
        store.write(lambda unit: unit.put_marker(marker(source="shared"), recorded_at_ms=NOW))
    for name in ("mine.backup", "shared.backup"):
        (stores.backups / name).touch()
    place = stores.home / f"{DOCUMENT_ID}.sqlite3"
    would = stores.forget(place)
    assert would == [place, stores.home / "paths" / "team.chat", stores.backups / "mine.backup"]
    assert all(path.exists() for path in would)
    assert stores.forget(place, dry_run=False) == would
    assert not any(path.exists() for path in would)
    assert (stores.backups / "shared.backup").exists()
    assert standing(stores, "team.chat", DOCUMENT_ID) == ("new", None, None)
    assert standing(stores, "other.chat", OTHER_ID)[0] == "registered"


def test_file_elsewhere_has_no_store_here(stores: SqliteFolder, tmp_path: Path) -> None:
    """A folder's stores serve its own files: none above it, none below; of a link, the real file counts."""
    (stores.folder / "real.chat").touch()
    (tmp_path / "link.chat").symlink_to(stores.folder / "real.chat")
    assert stores.find(tmp_path / "link.chat", []).standing == "new"
    for path in (tmp_path / "outside.chat", stores.folder / "below" / "x.chat"):
        with pytest.raises(StoreError, match="does not lie in"):
            stores.find(path, [])


def test_finding_makes_nothing(stores: SqliteFolder, folder: Path) -> None:
    """Where no store is, none appears, and no folder."""
    assert stores.find(folder / "team.chat", [DOCUMENT_ID]).standing == "new"
    assert stores.places() == []
    assert list(folder.iterdir()) == []


def test_missing_folder_is_named(tmp_path: Path) -> None:
    """A store is made in a folder that is there, not in one to be invented."""
    with pytest.raises(ChatdocError, match=r"gone/\.chatdoc cannot be made"):
        create(SqliteFolder(tmp_path / "gone"))


def test_looking_refuses_every_write(store: SqliteStore, stores: SqliteFolder) -> None:
    """A store opened for looking reads everything and writes nothing."""
    store.close()
    with stores.look(store.location) as look:
        assert updates(look) == [GENESIS]
        for write in (
            lambda: append(look, b"update"),
            lambda: look.snapshots.put_rows(rows(), recorded_at_ms=NOW),
            lambda: look.read_model.rebuild(),
        ):
            with pytest.raises(ReadOnlyTarget, match="reading only"):
                write()


def _fields(said: object) -> dict[str, object]:
    return {name: getattr(said, name) for name in said.__struct_fields__}
