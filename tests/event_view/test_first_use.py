"""A long history is told when its log is first used, by who writes it or who only reads, and always the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from benchmarks.data import legacy
from chatdoc.document import Document
from chatdoc.engine import begin_event_log
from chatdoc.engine.begin_event_log import begin_log
from chatdoc.model.errors import DiskFull, NotFound
from chatdoc.model.events.event import Event
from chatdoc.model.events.types import MessageSent
from chatdoc.open import open_document
from chatdoc.store.sql.unit_of_work import SqlUnitOfWork
from chatdoc.workspace import log_of
from tests.event_view.workplace import ask, folded, opened, thread_of
from tests.every_store import on_every_store

pytestmark = on_every_store
ROWS = 60
COUNTS = (
    "SELECT (SELECT count(*) FROM orchestration_events), (SELECT count(*) FROM projection_thread_messages)"
)


@pytest.fixture(autouse=True)
def _any_history_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(begin_event_log, "LONG_MIN", 0)


@pytest.fixture
def migrated(tmp_path: Path) -> Path:
    """A chat that was migrated, and opened by nobody since."""
    path = tmp_path / "team.chat"
    path.write_bytes(legacy(ROWS))
    opened(tmp_path).close()
    return path


def told(path: Path) -> list[Event]:
    """The log as somebody finds it who only reads."""
    with log_of(path) as log:
        return list(log.events())


def test_opening_reading_saving_and_checking_are_no_use(migrated: Path) -> None:
    """A chat that is only read has no second and no third copy of its messages in its store."""
    with opened(migrated.parent, seed=2) as document:
        assert len(document.messages(thread_of(document))) == ROWS
        assert document.check().ok
        document.diff()
        document.save()
    assert ask(migrated.parent, COUNTS) == [(0, 0)]
    assert ask(migrated.parent, "SELECT log_began_at_ms FROM document") == [(None,)]


USES: dict[str, Callable[[Document], Any]] = {
    "the log is read": lambda one: one.log.last_sequence(),
    "a snapshot is taken": lambda one: one.snapshot(),
    "it is followed": lambda one: one.subscribe_events().close(),
    "somebody writes": lambda one: one.send(thread_of(one), sender_id="bob", content="Hi"),
    "a group is written": lambda one: one.group.together(
        lambda: one.send(thread_of(one), sender_id="bob", content="Hi")
    ),
    "a turn waits": lambda one: one.agents.queue_turn(thread_of(one), sender_id="codex"),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_first_use_tells_what_was_there_as_who_only_read_was_told(
    use: Callable[[Document], Any], migrated: Path
) -> None:
    """Ids, sequences, versions and moments are those that a reader had before; nothing is told twice."""
    before = told(migrated)
    with opened(migrated.parent, seed=2) as document:
        use(document)
        use(document)
        log = list(document.log.events())
        assert log[: len(before)] == before
        assert document.engine.store.verify() == []
        kept = folded(migrated.parent)
        assert set(document.log.rebuild().tables.values()) == {"equal"}
        assert folded(migrated.parent) == kept
    assert len({one.event_id for one in log}) == len(log)
    assert [one.event_type for one in log].count("project.created") == 1


def test_what_is_folded_in_memory_is_what_will_be_stored(migrated: Path) -> None:
    """Threads, pages and all of it are shown before anybody has written, and afterwards the same."""

    def shown() -> Iterator[Any]:
        with log_of(migrated) as log:
            (thread,) = log.threads()
            yield thread
            yield log.messages(thread.id, limit=7)
            yield log.turn_counts()
            yield log.snapshot()

    before = list(shown())
    assert ask(migrated.parent, COUNTS) == [(0, 0)]
    with opened(migrated.parent, seed=2) as document:
        begin_log(document.engine)
    assert list(shown()) == before


def test_a_follower_goes_on_from_memory_to_the_store(migrated: Path) -> None:
    """Who follows while somebody else writes first hears each event once, in order."""
    with log_of(migrated) as log, closing(log.follow()) as following:
        heard = [next(following).sequence for _ in range(ROWS)]
        with opened(migrated.parent, seed=2) as document:
            document.send(thread_of(document), sender_id="bob", content="Hi")
            last = document.log.last_sequence()
        while heard[-1] < last:
            heard.append(next(following).sequence)
    assert heard == list(range(1, last + 1))


def test_two_who_have_it_open_tell_it_once(migrated: Path) -> None:
    """Whoever writes first tells it; the other one goes on behind, and knows the project."""
    with opened(migrated.parent, seed=2) as one, opened(migrated.parent, seed=3) as other:
        one.send(thread_of(one), sender_id="bob", content="Hi")
        other.send(thread_of(other), sender_id="ada", content="Hello")
        new = other.create_thread(sender_id="ada", content="A new one")
        log = list(other.log.events())
        assert log == list(one.log.events())
        sent = [event.payload.message_id for event in log if isinstance(event.payload, MessageSent)]
        assert len(sent) == len(set(sent)) == ROWS + 3
        assert {row.project_id for row in one.log.threads()} == {log[0].stream_id}
        assert {row.id for row in one.log.threads()} == {thread_of(one), new.thread_id}
        assert one.engine.store.verify() == []


def test_an_update_of_a_peer_comes_behind_what_was_there(migrated: Path, tmp_path: Path) -> None:
    """What is received is told as news, and not as a part of the history."""
    before = told(migrated)
    with opened(migrated.parent, seed=2) as document:
        (tmp_path / "peer").mkdir()
        with opened(tmp_path / "peer", seed=4) as peer:
            peer.receive(document.diff(), origin="team")
            sent = peer.send(thread_of(peer), sender_id="eve", content="From afar")
            document.receive(peer.diff(document.state_vector()), origin="peer")
        assert list(document.log.events())[: len(before)] == before
        (last,) = list(document.log.events())[len(before) :]
        assert (last.payload.message_id, last.metadata["origin"]) == (sent.message_id, "peer")  # type: ignore[attr-defined]


def test_a_command_that_is_refused_has_told_the_history_all_the_same(migrated: Path) -> None:
    """It is a transaction of its own: what comes next may fail, and the store is whole."""
    before = told(migrated)
    with opened(migrated.parent, seed=2) as document:
        with pytest.raises(NotFound):
            document.send("no thread", sender_id="bob", content="Hi")
        assert list(document.log.events()) == before
        assert document.engine.store.verify() == []


def test_what_cannot_be_written_is_told_in_memory(migrated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a full disk the log is read, once there is room it begins; a command fails, and is not half there."""
    before = told(migrated)

    def full(*_: object, **__: object) -> None:
        raise DiskFull("no room", hint="Free space")

    with opened(migrated.parent, seed=2) as document:
        with monkeypatch.context() as patch:
            patch.setattr(document.engine.recorder, "_tell_history", full)
            assert list(document.log.events()) == before
            assert len(document.snapshot().threads[0].messages) == ROWS
            with pytest.raises(DiskFull):
                document.send(thread_of(document), sender_id="bob", content="Hi")
        assert ask(migrated.parent, COUNTS) == [(0, 0)]
        assert len(document.messages(thread_of(document))) == ROWS
        document.send(thread_of(document), sender_id="bob", content="Hi")
        assert [one.event_type for one in document.log.events()][len(before) :] == ["thread.message-sent"]


def test_an_interrupted_first_use_leaves_nothing(migrated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither events nor rows, and the next use tells it whole."""
    before = told(migrated)
    appended = SqlUnitOfWork.begin_events

    def cut_off(self: SqlUnitOfWork, drafts: Any = (), *, at_ms: int) -> None:
        appended(self, drafts, at_ms=at_ms)
        raise KeyboardInterrupt

    with opened(migrated.parent, seed=2) as document:
        with monkeypatch.context() as patch:
            patch.setattr(SqlUnitOfWork, "begin_events", cut_off)
            with pytest.raises(KeyboardInterrupt):
                document.send(thread_of(document), sender_id="bob", content="Hi")
        assert ask(migrated.parent, COUNTS) == [(0, 0)]
        document.send(thread_of(document), sender_id="bob", content="Hi")
        assert list(document.log.events())[: len(before)] == before
        assert document.engine.store.verify() == []


def test_edits_from_outside_are_told_as_news(migrated: Path) -> None:
    """What somebody wrote into the text meanwhile is not a part of what was there when it was migrated."""
    before = told(migrated)
    lines = migrated.read_text("utf-8").splitlines(keepends=True)
    changed = [line.replace('"name":"', '"name":"Other ', 1) for line in lines]
    migrated.write_text("".join(changed), "utf-8")
    with open_document(migrated) as document:
        log = list(document.log.events())
    assert log[: len(before)] == before
    assert len(log) > len(before) or changed == lines


def test_a_short_history_is_told_as_it_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who only looks into many short chats finds them told; one message more, and it waits for its first use."""
    monkeypatch.setattr(begin_event_log, "LONG_MIN", ROWS)
    for name, rows, found in (("short", ROWS - 1, ROWS - 1), ("long", ROWS, 0)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "team.chat").write_bytes(legacy(rows))
        opened(tmp_path / name).close()
        assert ask(tmp_path / name, "SELECT count(*) FROM projection_thread_messages") == [(found,)]
        assert len(told(tmp_path / name / "team.chat")) == rows + 2
