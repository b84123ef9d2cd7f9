"""Schema steps are taken once, in order, each with its effect, and a store of the future is left alone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from chatdoc.model.errors import StoreDamaged, StoreTooNew
from chatdoc.store.sqlite import digests, schema
from chatdoc.store.sqlite.schema import Step
from chatdoc.store.sqlite.store import Store
from tests.store.documents import DOCUMENT_ID, NOW, begin, receipt

RELEASED: dict[int, str] = {}
"""Digests of released steps. Add the digest of each step here with the release that ships it; never change one."""


def database(folder: Path) -> Path:
    """The database of a store."""
    return folder / ".chatdoc" / "store.sqlite3"


def test_released_steps_are_never_edited() -> None:
    """A store that took a step must find the same step in every later program."""
    assert {step.number: step.digest for step in schema.STEPS if step.number in RELEASED} == RELEASED


def test_new_step_is_taken_once(store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A newer program adds its step to an older store; opening again adds nothing."""
    store.close()
    step = Step(len(schema.STEPS) + 1, "events", ("CREATE TABLE events (sequence INTEGER PRIMARY KEY)",))
    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, step))
    for _ in range(2):
        with Store.open(folder) as opened:
            assert opened.log("team.chat").last_sequence() == 1
    connection = sqlite3.connect(database(folder))
    steps = connection.execute("SELECT step, name FROM schema_steps").fetchall()
    connection.close()
    ours = [(one.number, one.name) for one in schema.STEPS]
    assert steps == ours
    assert ours[-1] == (step.number, "events")


def test_step_that_fails_leaves_nothing(store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first half of a failed step is undone, and the older program still opens the store."""
    store.close()
    released = schema.STEPS
    broken = Step(len(released) + 1, "broken", ("CREATE TABLE half (x)", "CREATE TABLE documents (x)"))
    monkeypatch.setattr(schema, "STEPS", (*released, broken))
    with pytest.raises(Exception, match="new schema steps"):
        Store.open(folder)
    monkeypatch.setattr(schema, "STEPS", released)
    with Store.open(folder) as opened:
        assert opened.log("team.chat").last_sequence() == 1
    connection = sqlite3.connect(database(folder))
    assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'half'").fetchone() == (0,)
    connection.close()


@pytest.mark.parametrize("look", [False, True])
def test_newer_store_is_refused_and_untouched(store: Store, folder: Path, look: bool) -> None:
    """A program that does not know the store's newest step does not write to it."""
    store.close()
    connection = sqlite3.connect(database(folder))
    newer = len(schema.STEPS) + 1
    connection.execute("INSERT INTO schema_steps VALUES (?, 'from the future', 'digest')", (newer,))
    connection.commit()
    connection.close()
    before = database(folder).read_bytes()
    with pytest.raises(StoreTooNew, match=f"schema step {newer}, this program knows {newer - 1}"):
        Store.look(folder) if look else Store.open(folder)
    assert database(folder).read_bytes() == before


def test_store_of_an_edited_step_is_refused(store: Store, folder: Path) -> None:
    """A step of the same number with other statements is not the step this program took."""
    store.close()
    connection = sqlite3.connect(database(folder))
    connection.execute("UPDATE schema_steps SET digest = 'other'")
    connection.commit()
    connection.close()
    with pytest.raises(StoreDamaged, match="other schema steps"):
        Store.open(folder)


def test_database_of_somebody_else_is_refused(folder: Path) -> None:
    """An SQLite file of another program is not taken over."""
    (folder / ".chatdoc").mkdir()
    connection = sqlite3.connect(database(folder))
    connection.execute("CREATE TABLE documents (number INTEGER)")
    connection.commit()
    connection.close()
    with pytest.raises(StoreDamaged, match="not a store of chatdoc"):
        Store.open(folder)


def test_receipts_of_the_first_step_move(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer given before the event log was there is given again, seal and all."""
    monkeypatch.setattr(schema, "STEPS", schema.STEPS[:1])
    with Store.open(folder) as opened:
        begin(opened, "team.chat")
    connection = sqlite3.connect(database(folder))
    answer = receipt()
    seal = digests.of_receipt(DOCUMENT_ID.encode(), answer, 1, NOW)
    connection.execute(
        "INSERT INTO receipts VALUES (1, ?, ?, 'accepted', ?, NULL, 1, ?, ?)",
        (answer.command_id, answer.command_digest, answer.result, NOW, seal),
    )
    connection.commit()
    connection.close()
    monkeypatch.undo()
    with Store.open(folder) as opened:
        assert opened.log("team.chat").receipt("command") == answer
