"""What is known of the folded tables from one command to the next: nothing is asked twice, and nothing is believed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from chatdoc.model.errors import CommandRefused
from chatdoc.model.events.event import Draft
from chatdoc.model.events.types import Payload, Reverted
from chatdoc.store.ports import UnitOfWork
from chatdoc.store.projections.projector import Execute, ExecuteMany
from chatdoc.store.sqlite.folder import SqliteFolder
from chatdoc.store.sqlite.store import SqliteStore
from tests.store.documents import NOW, create
from tests.store.projections.world import dump, message, project, thread, whole_turn


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """The store of an empty document."""
    with create(SqliteFolder(tmp_path), touch=True) as store:
        yield store


def happen(store: SqliteStore, *payloads: Payload) -> None:
    """Append and fold, as one transaction."""
    store.write(lambda unit: _append(unit, payloads))


def questions(store: SqliteStore, *payloads: Payload) -> list[str]:
    """What the folded tables are asked while that happens."""
    seen: list[str] = []
    connection = store.database.connection()
    connection.set_trace_callback(seen.append)
    happen(store, *payloads)
    connection.set_trace_callback(None)
    return [one for one in seen if one.startswith("SELECT") and ("projection" in one or "reverted" in one)]


def texts(store: SqliteStore) -> list[str]:
    """The messages that are shown."""
    return [one for (one,) in store.tables.ask(lambda run: run(_TEXTS).fetchall(), "be looked at")]


def is_as_rebuilt(store: SqliteStore) -> bool:
    """Whether every folded row is the one that the whole log gives."""
    before = dump(store.database.connection())
    store.read_model.rebuild()
    return before == dump(store.database.connection())


def test_a_second_command_asks_nothing_of_the_folded_tables(store: SqliteStore) -> None:
    """What the first one has found and left is known to the next."""
    happen(store, project(), thread())
    assert len(questions(store, message("m"))) == 1
    assert [questions(store, message(f"m{number}")) for number in range(3)] == [[]] * 3


def test_a_revert_of_another_process_is_seen(tmp_path: Path, store: SqliteStore) -> None:
    """A message that somebody else has hidden stays hidden when it goes on here."""
    assert store.location is not None
    with SqliteFolder(tmp_path).open(store.location) as other:
        happen(store, project(), thread(), *whole_turn(1))
        happen(store, *whole_turn(2))
        happen(other, Reverted(thread_id="t", turn_count=1))
        shown = texts(store)
        assert questions(store, *whole_turn(2)[:2]) != []
        assert texts(store) == shown
        assert is_as_rebuilt(store)


def test_a_revert_here_is_remembered(store: SqliteStore) -> None:
    """After it, every message is looked for among the hidden ones."""
    happen(store, project(), thread(), *whole_turn(1))
    happen(store, *whole_turn(2))
    happen(store, Reverted(thread_id="t", turn_count=1))
    shown = texts(store)
    happen(store, *whole_turn(2)[:2])
    assert texts(store) == shown
    assert is_as_rebuilt(store)


def test_what_a_refused_piece_of_a_group_had_folded_is_forgotten(store: SqliteStore) -> None:
    """The next piece stands where the group stood before it."""
    happen(store, project(), thread())
    happen(store, message("first", "first"))

    def refused(unit: UnitOfWork) -> None:
        _append(unit, [message("gone")])
        assert texts(store)  # Whoever asks within the transaction has it folded.
        raise CommandRefused("no", hint="Ask again")

    answers = store.write_each([refused, lambda unit: _append(unit, [message("kept", "kept")])])
    assert [type(one) for one in answers] == [CommandRefused, type(None)]
    assert texts(store) == ["first", "kept"]
    assert is_as_rebuilt(store)


def test_a_rebuild_of_another_process_is_seen(tmp_path: Path, store: SqliteStore) -> None:
    """Where another one has dropped rows, and has not folded them anew yet, this one does."""
    happen(store, project(), thread())
    happen(store, message("one", "one"))
    assert store.location is not None
    with SqliteFolder(tmp_path).open(store.location) as other:
        other.tables.change(_lose, "lose how far it has come")
    happen(store, message("two", "two"))
    assert is_as_rebuilt(store)


def test_a_rebuild_here_is_looked_at_anew(store: SqliteStore) -> None:
    """Tables that this process itself has emptied are not taken for full ones."""
    happen(store, project(), thread())
    happen(store, message("one", "one"))
    store.tables.change(_lose, "lose how far it has come")
    happen(store, message("two", "two"))
    assert texts(store) == ["one", "two"]
    assert is_as_rebuilt(store)


def _lose(execute: Execute, _: ExecuteMany) -> None:
    execute("DELETE FROM projection_state WHERE projector LIKE '%messages'")


def _append(unit: UnitOfWork, payloads: Sequence[Payload]) -> None:
    drafts = [
        Draft(one, "p", "project") if not hasattr(one, "thread_id") else Draft(one, one.thread_id)
        for one in payloads
    ]
    unit.append_events(drafts, at_ms=NOW, command_id=None, origin="test")


_TEXTS = "SELECT text FROM projection_thread_messages ORDER BY created_at, message_id"
