"""Damaged bytes are told from true ones: a log is never shortened, changed or empty without an error."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

import pytest

from chatdoc.model.errors import ChatdocError, StoreDamaged
from chatdoc.store.ports import Entry
from chatdoc.store.sqlite.folder import SqliteFolder
from chatdoc.store.sqlite.store import SqliteStore
from tests.examples import IS_LONG
from tests.store.documents import (
    DOCUMENT_ID,
    NOW,
    OTHER_ID,
    append,
    create,
    file_of,
    rows,
    whole,
)

ENTRIES = 20


@pytest.fixture
def content(folder: Path, store: SqliteStore) -> bytes:
    """The bytes of a closed store with twenty entries, some larger than a page."""
    for number in range(2, ENTRIES + 1):
        update = (b"update %d " % number) * (600 if number % 7 == 0 else 10)
        append(store, update, f"origin {number}")
    store.close()
    return file_of(folder).read_bytes()


def opened(folder: Path) -> SqliteStore:
    """The store of a folder, as the next process opens it."""
    return SqliteFolder(folder, durability="normal").open(file_of(folder))


def spoil(folder: Path, content: bytes, at: int, mask: int) -> None:
    """Give a closed store these bytes, with some bits of one of them turned over.

    In place: a file that is cut and filled again is forced to the disk by some file systems.
    """
    with file_of(folder).open("r+b") as file:
        file.write(content[:at] + bytes([content[at] ^ mask]) + content[at + 1 :])
        file.truncate()


def change(folder: Path, *statements: str, file: Path | None = None) -> None:
    """Change a closed store behind its back."""
    connection = sqlite3.connect(file or file_of(folder), isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def read(folder: Path) -> list[Entry] | ChatdocError:
    """All entries of the document, or the error that reading them raised."""
    try:
        with opened(folder) as store:
            return list(store.updates.entries())
    except ChatdocError as error:
        return error


@pytest.mark.parametrize("name", [b"update 3 ", b"update 7 ", b"update 14 ", b"update 20 ", b"origin 5"])
def test_every_bit_flip_in_an_entry_is_noticed(folder: Path, content: bytes, name: bytes) -> None:
    """Any single bit of an update or its origin; the error names the document and the sequence."""
    start = content.index(name)
    sequence = int(name.split()[1])
    for at in range(start, start + len(name)):
        for bit in range(8):
            spoil(folder, content, at, 1 << bit)
            found = read(folder)
            assert isinstance(found, StoreDamaged), (at, bit)
            assert f"entry {sequence} of document {DOCUMENT_ID}" in str(found)


def test_byte_flips_anywhere_never_change_what_is_read(folder: Path, content: bytes) -> None:
    """Wherever a byte of the file is spoiled, the entries are all there and true, or an error is raised."""
    file_of(folder).write_bytes(content)
    truth = read(folder)
    noticed = 0
    for at in range(0, len(content), 101 if IS_LONG else 307):
        spoil(folder, content, at, 0xFF)
        found = read(folder)
        assert isinstance(found, ChatdocError) or found == truth, f"byte {at}"
        noticed += isinstance(found, ChatdocError)
    assert noticed


@pytest.mark.parametrize("other", [b"", b"\n", b"garbage" * 1000, b"SQLite format 3\0"])
def test_other_content_is_never_an_empty_store(folder: Path, content: bytes, other: bytes) -> None:
    """An empty or foreign file under the store's name is damage, and is left as it is."""
    file_of(folder).write_bytes(other)
    found = read(folder)
    assert isinstance(found, StoreDamaged)
    assert ("is empty" in str(found)) == (other == b"")
    assert file_of(folder).read_bytes() == other


def test_cut_store_is_never_a_shorter_one(folder: Path, content: bytes) -> None:
    """A file that ends early, at any page and within one, is damage."""
    for length in (*range(0, len(content), 4096), *range(1, len(content), 5003), len(content) - 1):
        file_of(folder).write_bytes(content[:length])
        assert isinstance(read(folder), ChatdocError), length


def test_journal_without_its_store_is_kept(stores: SqliteFolder, store: SqliteStore) -> None:
    """When the database is gone but its journal is not, no new store is made over it."""
    store.close()
    file_of(stores.folder).unlink()
    journal = Path(f"{store.location}-wal")
    journal.write_bytes(b"frames")
    with create(stores) as new:
        assert new.location.name == f"{DOCUMENT_ID}-2.sqlite3"
    assert journal.read_bytes() == b"frames"


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM updates WHERE sequence = 7",
        "UPDATE updates SET bytes = (SELECT bytes FROM updates WHERE sequence = 6) WHERE sequence = 7",
        "UPDATE updates SET origin = 'somebody else' WHERE sequence = 7",
        "UPDATE updates SET recorded_at_ms = 0 WHERE sequence = 7",
        "UPDATE updates SET bytes = 'text' WHERE sequence = 7",
        "UPDATE updates SET sequence = sequence + 100 WHERE sequence = 7",
    ],
)
def test_missing_swapped_and_rewritten_entries_are_noticed(
    folder: Path, content: bytes, statement: str
) -> None:
    """Entries cannot be removed, exchanged or edited; those before the damage are still handed out."""
    change(folder, statement)
    with opened(folder) as store:
        entries = store.updates.entries()
        before = [next(entries).sequence for _ in range(6)]
        assert before == [1, 2, 3, 4, 5, 6]
        with pytest.raises(StoreDamaged, match=f"entry 7 of document {DOCUMENT_ID}"):
            next(entries)


def test_lost_newest_entries_are_noticed(folder: Path, content: bytes) -> None:
    """A log that is shorter than it was at its last closing or snapshot is damaged, not shorter."""
    with opened(folder) as store:
        append(store, b"update")
    change(folder, f"DELETE FROM updates WHERE sequence = {ENTRIES + 1}")
    found = read(folder)
    assert isinstance(found, StoreDamaged)
    assert f"entry {ENTRIES + 1} of document {DOCUMENT_ID}" in str(found)


def test_entries_that_vanish_from_an_open_log_are_noticed(folder: Path, content: bytes) -> None:
    """What this log has seen must be there when it reads again."""
    with opened(folder) as store:
        change(folder, f"DELETE FROM updates WHERE sequence > {ENTRIES - 2}")
        with pytest.raises(StoreDamaged, match=f"entry {ENTRIES - 1} of document"):
            list(store.updates.entries())


def test_entry_of_another_document_is_noticed(stores: SqliteFolder, folder: Path, store: SqliteStore) -> None:
    """A digest binds an entry to its document, so one moved between stores is not taken."""
    with create(stores, "other.chat", OTHER_ID) as other:
        append(other, b"theirs")
        theirs = other.location
    store.close()
    change(
        folder / "other",
        f"ATTACH '{theirs}' AS other",
        "INSERT INTO updates SELECT * FROM other.updates WHERE sequence = 2",
        file=store.location,
    )
    with stores.open(store.location) as again, pytest.raises(StoreDamaged, match="entry 2"):
        list(again.updates.entries())


@pytest.mark.parametrize(
    "change_it",
    [
        "result = CAST('{}' AS BLOB)",
        "result = 'text'",
        "accepted_at = 'never'",
        "error = 'no'",
        "aggregate_id = 'other'",
        "result_sequence = 77",
        "update_sequence = NULL",
    ],
)
def test_changed_receipt_is_noticed(folder: Path, store: SqliteStore, change_it: str) -> None:
    """An answer that is not the one given is not repeated, whichever column of it was changed."""
    append(store, b"update", command_id="command")
    store.close()
    change(folder, f"UPDATE orchestration_command_receipts SET {change_it}")
    with opened(folder) as again:
        with pytest.raises(StoreDamaged, match="receipt of command"):
            again.receipts.get("command")
        assert [one.code for one in again.verify()] == ["damaged_receipt"]


def test_registration_that_is_none_is_damage(folder: Path, store: SqliteStore) -> None:
    """Rows with other types raise StoreDamaged, and nothing of another library."""
    store.close()
    change(folder, "UPDATE document SET created_at_ms = 'long ago'")
    with pytest.raises(StoreDamaged, match="registration"):
        opened(folder)


SPOILED_ROWS = [
    "UPDATE pieces SET bytes = zeroblob(length(bytes)) WHERE part = 'headers' AND number = 2",
    "UPDATE pieces SET bytes = zeroblob(length(bytes)) WHERE part = 'others'",
    "UPDATE pieces SET checksum = checksum + 1 WHERE part = 'headers' AND number = 1",
    "DELETE FROM pieces WHERE part = 'headers' AND number = 2",
    "UPDATE snapshots SET sequence = 2",
    "UPDATE snapshots SET known = '{}'",
]


@pytest.mark.parametrize("statement", SPOILED_ROWS)
def test_damaged_rows_are_set_aside(
    folder: Path, store: SqliteStore, statement: str, caplog: pytest.LogCaptureFixture
) -> None:
    """They are logged once and never returned; the log is read instead, and the next snapshot is whole."""
    append(store, b"update")
    store.snapshots.put_rows(rows(lines=3000), recorded_at_ms=NOW)
    store.close()
    change(folder, statement)
    with SqliteFolder(folder).look(file_of(folder)) as look:
        codes = {one.code for one in look.verify()}
    assert codes == {"damaged_snapshot"} or "checksum" in statement
    with opened(folder) as again, caplog.at_level(logging.WARNING, "chatdoc.store"):
        for _ in range(2):
            pieces = again.snapshots.row_pieces()
            if pieces is not None:
                with pytest.raises(StoreDamaged):
                    list(pieces.headers)
        assert again.snapshots.row_pieces() is None
        assert len(caplog.records) == 1
        assert DOCUMENT_ID in caplog.text
        assert "set aside" in caplog.text
        assert again.updates.last_sequence() == 2
        again.snapshots.put_rows(rows(lines=3000), recorded_at_ms=NOW)
        assert whole(again.snapshots.row_pieces()) == rows(lines=3000)


def test_damage_in_a_later_piece_is_noticed_while_reading(folder: Path, store: SqliteStore) -> None:
    """Pieces before the damage are true; then StoreDamaged is raised, and the snapshot is set aside."""
    store.snapshots.put_rows(rows(lines=3000), recorded_at_ms=NOW)
    store.close()
    change(folder, SPOILED_ROWS[0])
    with opened(folder) as again:
        pieces = again.snapshots.row_pieces()
        assert pieces is not None
        first = next(pieces.headers) + next(pieces.headers)
        assert rows(lines=3000).headers.startswith(first)
        with pytest.raises(StoreDamaged, match="piece 2 of its headers"):
            next(pieces.headers)
        assert again.snapshots.row_pieces() is None


def test_errors_say_what_to_do(folder: Path, content: bytes) -> None:
    """The file is named, and the way back to the documents."""
    file_of(folder).write_bytes(b"garbage" * 1000)
    found = read(folder)
    assert str(file_of(folder)) in str(found)
    assert "each document opens from its .chat file" in str(found)
