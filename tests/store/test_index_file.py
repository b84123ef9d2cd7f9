"""An index has a rollback journal on any disk, also one that an earlier version made with another."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from chatdoc.model.errors import StoreError
from chatdoc.store import index_file
from chatdoc.store.index_file import IndexFile
from chatdoc.store.index_folder import index_folder

MADE = "CREATE TABLE words (word TEXT) STRICT;"


def opened(folder: Path) -> IndexFile:
    """An index of one table."""
    index = IndexFile(folder, "words.sqlite3", hint="Look")
    index.prepare(1, lambda held: MADE if held == 0 else "", hint="Look")
    return index


def earlier(folder: Path) -> sqlite3.Connection:
    """The connection of an earlier version, with a write-ahead journal in which a word stands."""
    opened(folder).close()
    connection = sqlite3.connect(index_folder(folder) / "words.sqlite3", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("INSERT INTO words VALUES ('earlier')")
    return connection


def journal_of(index: IndexFile) -> str:
    """Which journal it has."""
    return str(index.connection.execute("PRAGMA journal_mode").fetchone()[0])


def words_of(index: IndexFile) -> list[str]:
    """What stands in it."""
    return [word for (word,) in index.connection.execute("SELECT word FROM words ORDER BY word")]


def test_it_has_a_rollback_journal(tmp_path: Path) -> None:
    """Opened again and again, by one or by two."""
    with closing(opened(tmp_path)) as one, closing(opened(tmp_path)) as other:
        with one.writing(hint="Look") as connection:
            connection.execute("INSERT INTO words VALUES ('one')")
        assert words_of(other) == ["one"]
        assert journal_of(one) == journal_of(other) == "delete"


@pytest.mark.parametrize("is_shared", [False, True])
def test_one_of_an_earlier_version_is_changed_over(
    tmp_path: Path, is_shared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stood in its write-ahead journal is in it."""
    monkeypatch.setattr(index_file, "may_be_shared", lambda path: is_shared)
    earlier(tmp_path).close()
    with closing(opened(tmp_path)) as index:
        assert journal_of(index) == "delete"
        assert words_of(index) == ["earlier"]


def test_one_that_an_earlier_version_has_open_is_used_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a disk of this machine they share memory; on another one it is refused, and left as it is."""
    monkeypatch.setattr(index_file, "TIMEOUT_S", 0.1)
    with closing(earlier(tmp_path)) as connection:
        with closing(opened(tmp_path)) as index:
            assert words_of(index) == ["earlier"]
        monkeypatch.setattr(index_file, "may_be_shared", lambda path: True)
        with pytest.raises(StoreError, match="in use elsewhere"):
            opened(tmp_path)
        connection.execute("INSERT INTO words VALUES ('still')")
    with closing(opened(tmp_path)) as index:
        assert words_of(index) == ["earlier", "still"]


def test_writers_take_turns(tmp_path: Path) -> None:
    """Four that open it, write and close it, again and again: each waits for the others, and nothing is lost."""
    failed: list[Exception] = []

    def write(number: int) -> None:
        try:
            for _ in range(10):
                with closing(opened(tmp_path)) as index, index.writing(hint="Look") as connection:
                    connection.execute("INSERT INTO words VALUES (?)", (str(number),))
        except Exception as error:
            failed.append(error)

    opened(tmp_path).close()
    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert failed == []
    with closing(opened(tmp_path)) as index:
        assert len(words_of(index)) == 40


def test_one_that_another_program_holds_is_not_to_be_moved_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waited for it in vain reads that it is in use, whatever heals a broken one."""
    monkeypatch.setattr(index_file, "TIMEOUT_S", 0.1)
    opened(tmp_path).close()
    with closing(sqlite3.connect(index_folder(tmp_path) / "words.sqlite3", isolation_level=None)) as held:
        held.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="Another program writes to it"):
            opened(tmp_path)
    with closing(opened(tmp_path)) as index:
        assert index.ask("SELECT word FROM words", hint="Look") == []
