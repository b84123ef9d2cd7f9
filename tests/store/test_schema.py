"""Schema steps are taken once, in order, each with its effect, and a store of the future is left alone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from chatdoc.model.errors import StoreDamaged, StoreTooNew
from chatdoc.store.sqlite import schema
from chatdoc.store.sqlite.folder import SqliteFolder
from chatdoc.store.sqlite.schema import Step
from chatdoc.store.sqlite.store import SqliteStore
from tests.store.documents import DOCUMENT_ID, file_of

RELEASED: dict[int, str] = {}
"""Digests of released steps. Add the digest of each step here with the release that ships it; never change one."""


def opened(folder: Path) -> SqliteStore:
    """The store of a folder, as the next process opens it."""
    return SqliteFolder(folder).open(file_of(folder))


def test_released_steps_are_never_edited() -> None:
    """A store that took a step must find the same step in every later program."""
    assert {step.number: step.digest for step in schema.STEPS if step.number in RELEASED} == RELEASED


def test_new_step_is_taken_once(store: SqliteStore, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A newer program adds its step to an older store; opening again adds nothing."""
    store.close()
    step = Step(len(schema.STEPS) + 1, "events", ("CREATE TABLE events (sequence INTEGER PRIMARY KEY)",))
    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, step))
    for _ in range(2):
        with opened(folder) as again:
            assert again.updates.last_sequence() == 1
    connection = sqlite3.connect(file_of(folder))
    steps = connection.execute("SELECT step, name FROM schema_steps").fetchall()
    connection.close()
    ours = [(one.number, one.name) for one in schema.STEPS]
    assert steps == ours
    assert ours[-1] == (step.number, "events")


def test_step_that_fails_leaves_nothing(
    store: SqliteStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first half of a failed step is undone, and the older program still opens the store."""
    store.close()
    released = schema.STEPS
    broken = Step(len(released) + 1, "broken", ("CREATE TABLE half (x)", "CREATE TABLE document (x)"))
    monkeypatch.setattr(schema, "STEPS", (*released, broken))
    with pytest.raises(Exception, match="new schema steps"):
        opened(folder)
    monkeypatch.setattr(schema, "STEPS", released)
    with opened(folder) as again:
        assert again.updates.last_sequence() == 1
    connection = sqlite3.connect(file_of(folder))
    assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'half'").fetchone() == (0,)
    connection.close()


@pytest.mark.parametrize("look", [False, True])
def test_newer_store_is_refused_and_untouched(store: SqliteStore, folder: Path, look: bool) -> None:
    """A program that does not know the store's newest step does not write to it."""
    store.close()
    connection = sqlite3.connect(file_of(folder))
    newer = len(schema.STEPS) + 1
    connection.execute("INSERT INTO schema_steps VALUES (?, 'from the future', 'digest')", (newer,))
    connection.commit()
    connection.close()
    before = file_of(folder).read_bytes()
    with pytest.raises(StoreTooNew, match=f"schema step {newer}, this program knows {newer - 1}"):
        SqliteFolder(folder).look(file_of(folder)) if look else opened(folder)
    assert file_of(folder).read_bytes() == before


def test_store_of_an_edited_step_is_refused(store: SqliteStore, folder: Path) -> None:
    """A step of the same number with other statements is not the step this program took."""
    store.close()
    connection = sqlite3.connect(file_of(folder))
    connection.execute("UPDATE schema_steps SET digest = 'other'")
    connection.commit()
    connection.close()
    with pytest.raises(StoreDamaged, match="other schema steps"):
        opened(folder)


def test_database_of_somebody_else_is_refused(folder: Path) -> None:
    """An SQLite file of another program is not taken over."""
    (folder / ".chatdoc").mkdir(0o700)
    connection = sqlite3.connect(folder / ".chatdoc" / f"{DOCUMENT_ID}.sqlite3")
    connection.execute("CREATE TABLE documents (number INTEGER)")
    connection.commit()
    connection.close()
    with pytest.raises(StoreDamaged, match="not a store of chatdoc"):
        opened(folder)
