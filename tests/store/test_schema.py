"""Schema steps are taken once, in order, each with its effect, and a store of the future is left alone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from chatdoc.model.errors import StoreDamaged, StoreTooNew
from chatdoc.store.postgres.schema import ALL_STEPS
from chatdoc.store.sqlite import schema
from chatdoc.store.sqlite.folder import SqliteFolder
from chatdoc.store.sqlite.schema import Step
from chatdoc.store.sqlite.store import SqliteStore
from tests.store.documents import DOCUMENT_ID, file_of

RELEASED = {
    1: "8edfb3775fb130d2195658bade0437a192e5f0a6735c5fd5e25e4cce53c98987",
    2: "7e77e92f3a54f4e04b6fe5096a4b1851726b3a9070c03e18ebae0005f7bd0d4c",
    3: "fb18ffafde7e8fcc51083ba255e746b247ce203160aa54dbb25d99bd07da6cf3",
    4: "d30c812d6c3cea1f6dca22637a2b4d032253a9a04de0a2ad0c31f97c5b9af543",
    5: "181853ec8dcaede379c619133f01ebee203cf1a111d804c5504d0c426f201ad4",
    6: "8579fac872d0a3af61f296e62cf0152870f34fad604b50d2fa1a5ae2f5f93584",
}
RELEASED_IN_POSTGRES = {
    1: "28a7dcc38dbdd808d5b357b2dfaec4987a5e2260af08e3a81139b70fb034f1d3",
    2: "0d8c1ca7d4990f516666e75ab2c1cf9dd18e39b953e9eda3465565232a8222d1",
    3: "53cacb1f68cf2ee29cb69a5b0f3bd63fc2bb30e39a98283c3ad3d6a93da417f9",
    4: "7725ca8af8fa1a68a85ff4444142e08143492fb4e566ff4f843fe517d2e820ba",
    5: "ef6468c1b9c6c46235562c74541dcdf8d0b7271d2b49e24cdeb31b12ad09df2a",
    6: "ac526b3d04f1aa8b3c61a12148ad170c0874beace7b59035af5c520095678a85",
}
"""Digests of released steps. What is on the main branch is released: people clone it and keep chats with it. Add the
digest of each new step here with the change that brings it, and a store of it to `golden/stores`; never change one."""


def opened(folder: Path) -> SqliteStore:
    """The store of a folder, as the next process opens it."""
    return SqliteFolder(folder).open(file_of(folder))


def test_released_steps_are_never_edited() -> None:
    """A store that took a step must find the same step in every later program."""
    assert {step.number: step.digest for step in schema.STEPS} == RELEASED
    assert {step.number: step.digest for step in ALL_STEPS} == RELEASED_IN_POSTGRES


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
