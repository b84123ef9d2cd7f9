"""Damaged bytes are told from true ones: a log is never shortened, changed or empty without an error."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

import pytest

from chatdoc.model.errors import ChatdocError, StoreDamaged
from chatdoc.store.ports import Entry
from chatdoc.store.sqlite.store import Store
from tests.store.documents import DOCUMENT_ID, NOW, begin, receipt, rows

ENTRIES = 20


@pytest.fixture
def whole(folder: Path, store: Store) -> bytes:
    """The bytes of a closed store with twenty entries, some larger than a page."""
    log = store.log("team.chat")
    for number in range(2, ENTRIES + 1):
        update = (b"update %d " % number) * (600 if number % 7 == 0 else 10)
        log.append(update, f"origin {number}", recorded_at_ms=NOW + number)
    store.close()
    return database(folder).read_bytes()


def database(folder: Path) -> Path:
    """The database of a store."""
    return folder / ".chatdoc" / "store.sqlite3"


def change(folder: Path, *statements: str) -> None:
    """Change a closed store behind its back."""
    connection = sqlite3.connect(database(folder))
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def read(folder: Path) -> list[Entry] | ChatdocError:
    """All entries of the document, or the error that reading them raised."""
    try:
        with Store.open(folder, durability="normal") as store:
            return list(store.log("team.chat").entries())
    except ChatdocError as error:
        return error


@pytest.mark.parametrize("name", [b"update 3 ", b"update 7 ", b"update 14 ", b"update 20 ", b"origin 5"])
def test_every_bit_flip_in_an_entry_is_noticed(folder: Path, whole: bytes, name: bytes) -> None:
    """Any single bit of an update or its origin; the error names the document and the sequence."""
    start = whole.index(name)
    sequence = int(name.split()[1])
    for at in range(start, start + len(name)):
        for bit in range(8):
            spoiled = bytearray(whole)
            spoiled[at] ^= 1 << bit
            database(folder).write_bytes(spoiled)
            found = read(folder)
            assert isinstance(found, StoreDamaged), (at, bit)
            assert f"entry {sequence} of document {DOCUMENT_ID}" in str(found)


def test_byte_flips_anywhere_never_change_what_is_read(folder: Path, whole: bytes) -> None:
    """Wherever a byte of the file is spoiled, the entries are all there and true, or an error is raised."""
    database(folder).write_bytes(whole)
    truth = read(folder)
    noticed = 0
    for at in range(0, len(whole), 101):
        database(folder).write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        found = read(folder)
        assert isinstance(found, ChatdocError) or found == truth, f"byte {at}"
        noticed += isinstance(found, ChatdocError)
    assert noticed


@pytest.mark.parametrize("content", [b"", b"\n", b"garbage" * 1000, b"SQLite format 3\0"])
def test_other_content_is_never_an_empty_store(folder: Path, whole: bytes, content: bytes) -> None:
    """An empty or foreign file under the store's name is damage, and is left as it is."""
    database(folder).write_bytes(content)
    found = read(folder)
    assert isinstance(found, StoreDamaged)
    assert ("is empty" in str(found)) == (content == b"")
    assert database(folder).read_bytes() == content


def test_cut_store_is_never_a_shorter_one(folder: Path, whole: bytes) -> None:
    """A file that ends early, at any page and within one, is damage."""
    for length in (*range(0, len(whole), 4096), *range(1, len(whole), 5003), len(whole) - 1):
        database(folder).write_bytes(whole[:length])
        assert isinstance(read(folder), ChatdocError), length


def test_journal_without_its_store_is_kept(folder: Path, whole: bytes) -> None:
    """When the database is gone but its journal is not, no new store is made over it."""
    database(folder).unlink()
    journal = folder / ".chatdoc" / "store.sqlite3-wal"
    journal.write_bytes(b"frames")
    found = read(folder)
    assert isinstance(found, StoreDamaged)
    assert "Put store.sqlite3 back" in str(found)
    assert journal.read_bytes() == b"frames"


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM updates WHERE position & 0xFFFFFFFF = 7",
        "UPDATE updates SET bytes = (SELECT bytes FROM updates WHERE position & 0xFF = 6) WHERE position & 0xFF = 7",
        "UPDATE updates SET origin = 'somebody else' WHERE position & 0xFF = 7",
        "UPDATE updates SET recorded_at_ms = 0 WHERE position & 0xFF = 7",
        "UPDATE updates SET bytes = 'text' WHERE position & 0xFF = 7",
        "UPDATE updates SET position = position + 100 WHERE position & 0xFF = 7",
    ],
)
def test_missing_swapped_and_rewritten_entries_are_noticed(
    folder: Path, whole: bytes, statement: str
) -> None:
    """Entries cannot be removed, exchanged or edited; those before the damage are still handed out."""
    change(folder, statement)
    with Store.open(folder) as store:
        log = store.log("team.chat")
        entries = log.entries()
        before = [next(entries).sequence for _ in range(6)]
        assert before == [1, 2, 3, 4, 5, 6]
        with pytest.raises(StoreDamaged, match=f"entry 7 of document {DOCUMENT_ID}"):
            next(entries)


def test_lost_newest_entries_are_noticed(folder: Path, whole: bytes) -> None:
    """A log that is shorter than it was at its last closing or snapshot is damaged, not shorter."""
    with Store.open(folder) as store:
        log = store.log("team.chat")
        log.append(b"update", "local", recorded_at_ms=NOW)
        log.close()
    change(folder, f"DELETE FROM updates WHERE position & 0xFF = {ENTRIES + 1}")
    found = read(folder)
    assert isinstance(found, StoreDamaged)
    assert f"entry {ENTRIES + 1} of document {DOCUMENT_ID}" in str(found)


def test_entries_that_vanish_from_an_open_log_are_noticed(folder: Path, whole: bytes) -> None:
    """What this log has seen must be there when it reads again."""
    with Store.open(folder) as store:
        log = store.log("team.chat")
        change(folder, f"DELETE FROM updates WHERE position & 0xFF > {ENTRIES - 2}")
        with pytest.raises(StoreDamaged, match=f"entry {ENTRIES - 1} of document"):
            list(log.entries())


def test_entry_of_another_document_is_noticed(folder: Path, store: Store) -> None:
    """A digest binds an entry to its document, so one moved between logs is not taken."""
    other = begin(store, "other.chat", "01HF7YAT000000000000000009")
    other.append(b"theirs", "local", recorded_at_ms=NOW)
    store.close()
    change(
        folder,
        "UPDATE updates SET position = (1 << 40) + 2 WHERE bytes = CAST('theirs' AS BLOB)",
    )
    found = read(folder)
    assert isinstance(found, StoreDamaged)


def test_changed_receipt_is_noticed(folder: Path, store: Store) -> None:
    """An answer that is not the one given is not repeated."""
    store.log("team.chat").put_receipt(receipt(), recorded_at_ms=NOW)
    store.close()
    change(folder, "UPDATE orchestration_command_receipts SET result = CAST('{}' AS BLOB)")
    with Store.open(folder) as opened, pytest.raises(StoreDamaged, match="receipt of command"):
        opened.log("team.chat").receipt("command")


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
    folder: Path, store: Store, statement: str, caplog: pytest.LogCaptureFixture
) -> None:
    """They are logged once and never returned; the log is read instead, and the next snapshot is whole."""
    log = store.log("team.chat")
    log.append(b"update", "local", recorded_at_ms=NOW)
    log.put_rows(rows(lines=3000), recorded_at_ms=NOW)
    store.close()
    change(folder, statement)
    with Store.open(folder) as opened, caplog.at_level(logging.WARNING, "chatdoc.store"):
        log = opened.log("team.chat")
        assert log.rows() is None
        assert log.rows() is None
        assert len(caplog.records) == 1
        assert DOCUMENT_ID in caplog.text
        assert "set aside" in caplog.text
        assert log.last_sequence() == 2
        log.put_rows(rows(lines=3000), recorded_at_ms=NOW)
        assert log.rows() == rows(lines=3000)


def test_damage_in_a_later_piece_is_noticed_while_reading(folder: Path, store: Store) -> None:
    """Pieces before the damage are true; then StoreDamaged is raised, and the snapshot is set aside."""
    store.log("team.chat").put_rows(rows(lines=3000), recorded_at_ms=NOW)
    store.close()
    change(folder, SPOILED_ROWS[0])
    with Store.open(folder) as opened:
        log = opened.log("team.chat")
        pieces = log.row_pieces()
        assert pieces is not None
        first = next(pieces.headers) + next(pieces.headers)
        assert rows(lines=3000).headers.startswith(first)
        with pytest.raises(StoreDamaged, match="piece 2 of its headers"):
            next(pieces.headers)
        assert log.row_pieces() is None


def test_damaged_state_is_set_aside(folder: Path, store: Store) -> None:
    """A Y state with a wrong byte is not returned; the next one replaces it."""
    store.log("team.chat").put_state(1, b"state" * 100_000, recorded_at_ms=NOW)
    store.close()
    change(folder, "UPDATE pieces SET bytes = zeroblob(length(bytes)) WHERE part = 'state' AND number = 1")
    with Store.open(folder) as opened:
        log = opened.log("team.chat")
        assert log.state() is None
        log.put_state(1, b"state" * 100_000, recorded_at_ms=NOW)
        assert log.state() == (1, b"state" * 100_000)


def test_errors_say_what_to_do(folder: Path, whole: bytes) -> None:
    """The file is named, and the way back to the documents."""
    database(folder).write_bytes(b"garbage" * 1000)
    found = read(folder)
    assert str(database(folder)) in str(found)
    assert "each document opens from its .chat file" in str(found)
