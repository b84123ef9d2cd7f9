"""A store that another process writes to is noticed by its files, and one that nobody writes to costs no turn."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chatdoc import open_document
from chatdoc.apps.server.room import Room
from chatdoc.apps.server.store_watch import TICK_S, StoreWatch
from tests.apps.server.serving import Serving
from tests.apps.server.test_coming_and_going import until


@pytest.fixture
def paths(tmp_path: Path) -> tuple[Path, Path]:
    """A database and its journal."""
    found = tmp_path / "a.sqlite3", tmp_path / "a.sqlite3-wal"
    for path in found:
        path.write_bytes(b"x")
    return found


def test_a_written_journal_is_news_once(paths: tuple[Path, Path]) -> None:
    """And it is looked at again for as long as a second write could look like the first."""
    watch = StoreWatch(paths)
    assert watch.has_news(0.0)
    assert watch.is_due(0.0)
    assert not watch.has_news(0.1)
    assert watch.is_due(TICK_S - 0.1)
    assert not watch.is_due(TICK_S + 0.1)
    paths[1].write_bytes(b"xy")
    assert watch.has_news(10.0)
    assert not watch.has_news(10.1)
    assert watch.is_due(10.0 + TICK_S - 0.1)
    assert not watch.is_due(10.0 + TICK_S + 0.1)


def test_a_database_that_was_replaced_is_due(paths: tuple[Path, Path], tmp_path: Path) -> None:
    """Its journal may look as ever."""
    watch = StoreWatch(paths)
    watch.has_news(0.0)
    watch.is_due(0.0)
    assert not watch.is_due(100.0)
    other = tmp_path / "other"
    other.write_bytes(b"x")
    os.replace(other, paths[0])
    assert watch.is_due(101.0)
    assert not watch.is_due(102.0)
    os.unlink(paths[1])
    assert watch.has_news(103.0)


def test_without_files_nothing_is_ever_due() -> None:
    """A store that says by itself what others have written is not asked."""
    watch = StoreWatch(())
    assert not watch.has_news(0.0)
    assert not watch.is_due(0.0)


def _is_quiet(room: Room, now: float) -> bool:
    """Whether its text is written, and what that wrote into the store is known."""
    is_saved = room.autosave._due_at is None and not room.autosave.waits
    return is_saved and now > room.watch._again_until and not room.watch.is_due(now)


def test_a_quiet_document_has_no_turns(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often its files are looked at; and what another process then writes is heard of all the same."""
    thread_id = serving.call(
        "a.chat", lambda doc: doc.create_thread(sender_id="ada", content="one").thread_id
    )
    [room] = serving.do(lambda: [room for _, room in serving.rooms.open_rooms()])
    serving.do(lambda: setattr(room, "users", room.users + 1))
    try:
        assert until(lambda: serving.do(lambda: _is_quiet(room, serving.loop.time())))
        looks: list[Room] = []
        asked: list[float] = []
        look, is_due = Room.look, StoreWatch.is_due
        monkeypatch.setattr(Room, "look", lambda one: (looks.append(one), look(one))[1])
        monkeypatch.setattr(StoreWatch, "is_due", lambda one, now: (asked.append(now), is_due(one, now))[1])
        assert until(lambda: len(asked) >= 3)
        assert looks == []
        with open_document(serving.folder / "a.chat") as doc:
            doc.send(thread_id, sender_id="bob", content="two")
        assert until(lambda: looks != []), "nobody looked"
        assert serving.call("a.chat", lambda doc: len(doc.view.headers)) == 2
    finally:
        serving.do(lambda: setattr(room, "users", room.users - 1))
