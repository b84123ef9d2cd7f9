"""A folder's logs are read without opening a document, without a trace, and while others write."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchmarks.data import legacy
from chatdoc import Workspace
from chatdoc.engine import begin_event_log
from chatdoc.event_view import EventView
from chatdoc.model.errors import NoEventLog, NotFound, ReadOnlyTarget
from chatdoc.model.events.types import MessageSent
from chatdoc.store.projections.snapshot import Snapshot
from chatdoc.workspace import log_of
from tests.event_view.workplace import ask, folded, opened

WRITES = 40
WRITER = """
import sys
from chatdoc.open import open_document
path, thread_id, count = sys.argv[1:]
for half in range(2):
    with open_document(path, durability="normal") as document:
        for number in range(int(count) // 2):
            document.send(thread_id, sender_id="bob", content=f"{half} {number}")
"""


def furnish(folder: Path, name: str = "team.chat", seed: int = 1) -> str:
    """A document with a thread, closed again; returns the thread."""
    with opened(folder, name, seed=seed) as document:
        thread_id: str = document.create_thread(sender_id="ada", content="Hello", name="Plan").thread_id
    return thread_id


def files_of(folder: Path) -> dict[Path, bytes]:
    """Every file of a folder with its bytes."""
    return {one: one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def test_log_says_what_an_open_document_says(tmp_path: Path) -> None:
    """Events, snapshot, replay and progress are the same by either way, and of a folder too."""
    with opened(tmp_path) as document:
        thread_id = document.create_thread(sender_id="ada", content="Hello").thread_id
        with document.start_turn(thread_id, sender_id="codex") as turn:
            turn.finalize("Done.")
        by_document = {
            **{name: getattr(document.snapshot(), name) for name in Snapshot.__struct_fields__},
            "events": list(document.replay(from_sequence_exclusive=2)),
            "replay": document.log.replay_thread(thread_id, limit=1),
            "progress": document.log.projections(),
        }

    def by(log: EventView) -> dict[str, Any]:
        return {
            **msgspec.structs.asdict(log.snapshot()),
            "events": list(log.events(from_sequence_exclusive=2)),
            "replay": log.replay_thread(thread_id, limit=1),
            "progress": log.projections(),
        }

    before = files_of(tmp_path)
    with log_of(tmp_path / "team.chat") as log, Workspace(tmp_path) as workspace:
        (place,) = workspace.documents()
        assert by_document == by(log) == by(workspace.log(place))
        (rows,) = workspace.snapshot().documents
        assert rows.snapshot == log.snapshot()
        assert [one.event for one in workspace.events({place.store: 2})] == by_document["events"]
    assert files_of(tmp_path) == before


def test_it_sees_what_is_written_after_it_was_opened(tmp_path: Path) -> None:
    """Writers come and go: events, rows and snapshot are those of now, never old or torn."""
    thread_id = furnish(tmp_path)
    with log_of(tmp_path / "team.chat") as log:
        for number in range(3):
            with opened(tmp_path, seed=2 + number) as document:
                document.send(thread_id, sender_id="bob", content=f"{number}")
                assert log.last_sequence() == log.snapshot().snapshot_sequence == 4 + number
            (thread,) = log.snapshot().threads
            assert {one.text for one in thread.messages} == {"Hello", *map(str, range(number + 1))}
            assert len(list(log.events(thread_id=thread_id))) == 3 + number


def test_a_moment_that_a_writer_overtook_is_asked_for_again(tmp_path: Path) -> None:
    """Who reads without locks answers nothing that a change meanwhile may have torn."""
    thread_id = furnish(tmp_path)
    answers: list[int] = []
    with log_of(tmp_path / "team.chat") as log:

        def count() -> int:
            answers.append(log.last_sequence())
            if len(answers) == 1:
                with opened(tmp_path, seed=2) as document:
                    document.send(thread_id, sender_id="bob", content="meanwhile")
                raise LookupError("what was read made no sense")
            return answers[-1]

        assert log.store.at_one_moment(count) == 4
        assert answers == [3, 4]


def test_snapshots_beside_a_writer_are_continued_without_gap_or_overlap(tmp_path: Path) -> None:
    """Another process writes, closes and opens again; a snapshot and the events beyond it are always all."""
    path, thread_id = tmp_path / "team.chat", furnish(tmp_path)
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path), thread_id, str(WRITES)])
    taken = []
    with log_of(path) as log, log.follow() as following:
        while writer.poll() is None:
            found = log.snapshot()
            taken.append((found, list(log.events(from_sequence_exclusive=found.snapshot_sequence))))
        assert writer.wait() == 0
        for found, later in (*taken[:3], *taken[-3:]):
            shown = len(found.threads[0].messages)
            sent = [one.sequence for one in later if isinstance(one.payload, MessageSent)]
            assert sent == list(range(found.snapshot_sequence + 1, found.snapshot_sequence + 1 + len(sent)))
            assert shown == found.snapshot_sequence - 2
        followed = [following.wait(60) for _ in range(3 + WRITES)]
        assert following.wait(0.2) is None
    assert [one.sequence for one in followed if one is not None] == list(range(1, 4 + WRITES))


def test_a_rebuild_tells_what_it_changed_and_how_far_it_is(tmp_path: Path) -> None:
    """Right rows stay equal; every page is told; who only looks cannot."""
    furnish(tmp_path)
    before, told = folded(tmp_path), []
    with log_of(tmp_path / "team.chat", write=True) as log:
        found = log.rebuild(lambda events, sequence: told.append((events, sequence)))
    assert (found.events, found.last_sequence, set(found.tables.values())) == (3, 3, {"equal"})
    assert told == [(3, 3)]
    assert folded(tmp_path) == before
    with log_of(tmp_path / "team.chat") as log, pytest.raises(ReadOnlyTarget, match="for reading only"):
        log.rebuild()


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    """A thread, a difference, a file without a store, and a folder that never had a document."""
    furnish(tmp_path)
    (tmp_path / "other.chat").touch()
    with log_of(tmp_path / "team.chat") as log:
        with pytest.raises(NotFound, match="no thread nowhere"):
            log.thread("nowhere")
        with pytest.raises(NotFound, match="no difference is stored"):
            log.turn_diff("nowhere", 0, 1)
    with pytest.raises(NoEventLog, match=r"other\.chat has no store\. Open it once"):
        log_of(tmp_path / "other.chat")
    (tmp_path / "empty" / ".chatdoc").mkdir(parents=True)
    with pytest.raises(NoEventLog, match=r"no document below .* has a store\. Open it once"):
        Workspace(tmp_path / "empty")


def test_a_log_that_has_not_begun_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who only looks is told what it will begin with, and does not begin it; who may write does."""
    monkeypatch.setattr(begin_event_log, "LONG_MIN", 0)
    (tmp_path / "team.chat").write_bytes(legacy(20))
    opened(tmp_path).close()
    with log_of(tmp_path / "team.chat") as log, Workspace(tmp_path) as workspace:
        before = log.snapshot()
        assert len(before.threads[0].messages) == 20
        assert workspace.snapshot().documents[0].snapshot == before
        assert [one.event for one in workspace.events()] == list(log.events())
    assert ask(tmp_path, "SELECT log_began_at_ms FROM document") == [(None,)]
    with log_of(tmp_path / "team.chat", write=True) as log:
        assert log.snapshot() == before
    assert ask(tmp_path, "SELECT log_began_at_ms FROM document") != [(None,)]


# several documents


def test_documents_of_a_folder_and_below_are_by_path(tmp_path: Path) -> None:
    """Each with its own rows and its own sequence; one set aside or rolled back is not among them."""
    (tmp_path / "below").mkdir()
    furnish(tmp_path / "below", "c.chat", 3)
    for name, seed in (("b.chat", 2), ("a.chat", 1)):
        furnish(tmp_path, name, seed)
    with Workspace(tmp_path) as workspace:
        assert [one.path for one in workspace.documents()] == ["a.chat", "b.chat", "below/c.chat"]
        found = workspace.snapshot()
        assert found.folder == str(tmp_path)
        assert [one.path for one in found.documents] == ["a.chat", "b.chat", "below/c.chat"]
        assert {one.snapshot.snapshot_sequence for one in found.documents} == {3}
        assert [(one.place.path, one.event.sequence) for one in workspace.events()] == [
            (name, sequence) for name in ("a.chat", "b.chat", "below/c.chat") for sequence in (1, 2, 3)
        ]
        (tmp_path / "a.chat").unlink()
        opened(tmp_path, "a.chat", seed=9).close()
        assert [one.path for one in workspace.documents()] == ["a.chat", "b.chat", "below/c.chat"]
        assert workspace.snapshot().documents[0].snapshot.threads == []


def test_copies_are_followed_each_by_itself(tmp_path: Path) -> None:
    """They share a document id and never a sequence: nothing is left out, and nothing told twice."""
    thread_id = furnish(tmp_path, "a.chat")
    shutil.copy(tmp_path / "a.chat", tmp_path / "b.chat")
    opened(tmp_path, "b.chat", seed=2).close()
    with Workspace(tmp_path) as workspace:
        snapshot = workspace.snapshot()
        assert len({one.document_id for one in snapshot.documents}) == 1
        after = {one.store: one.snapshot.snapshot_sequence for one in snapshot.documents}
        with opened(tmp_path, "a.chat", seed=3) as one, opened(tmp_path, "b.chat", seed=4) as other:
            for number in range(5):
                one.send(thread_id, sender_id="ada", content=f"{number}")
            other.send(thread_id, sender_id="bob", content="in the copy")
        told = [(one.place.path, one.event.sequence) for one in workspace.events(after)]
        assert told == [*(("a.chat", 4 + number) for number in range(5)), ("b.chat", 4)]
        ended = threading.Event()
        followed = []
        for found in workspace.follow(after, until=ended):
            followed.append((found.place.path, found.event.sequence))
            if len(followed) == len(told):
                with opened(tmp_path, "b.chat", seed=5) as other:
                    other.send(thread_id, sender_id="bob", content="later")
            if found.place.path == "b.chat" and found.event.sequence == 5:
                ended.set()
        assert followed == [*told, ("b.chat", 5)]


def test_document_that_comes_later_is_followed_too(tmp_path: Path) -> None:
    """From its first event on."""
    furnish(tmp_path, "a.chat")
    ended, seen = threading.Event(), []
    with Workspace(tmp_path) as workspace:
        for found in workspace.follow(until=ended):
            seen.append((found.place.path, found.event.sequence))
            if len(seen) == 3:
                furnish(tmp_path, "b.chat", seed=2)
            if len(seen) == 6:
                ended.set()
    assert seen == [(name, number) for name in ("a.chat", "b.chat") for number in (1, 2, 3)]
