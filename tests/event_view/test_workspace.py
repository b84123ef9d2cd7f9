"""A folder's log is read and rebuilt without opening a document, without a trace, and while others write."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from chatdoc import Workspace
from chatdoc.model.errors import NoEventLog, NotFound
from chatdoc.model.events.types import MessageSent
from chatdoc.store.projections.snapshot import Snapshot
from chatdoc.store.sqlite import schema
from chatdoc.store.sqlite.store import Store
from tests.event_view.workplace import folded, opened
from tests.store.documents import begin

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


def furnish(folder: Path) -> str:
    """A document with a thread, closed again; returns the thread."""
    with opened(folder) as document:
        thread_id: str = document.create_thread(sender_id="ada", content="Hello", name="Plan").thread_id
    return thread_id


def test_it_says_what_an_open_document_says(tmp_path: Path) -> None:
    """Events, snapshot, replay and progress are the same by either way."""
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
    with Workspace(tmp_path) as workspace:
        assert by_document == {
            **msgspec.structs.asdict(workspace.snapshot()),
            "events": list(workspace.events(from_sequence_exclusive=2)),
            "replay": workspace.replay_thread(thread_id, limit=1),
            "progress": workspace.projections(),
        }


def test_it_sees_what_is_written_after_it_was_opened(tmp_path: Path) -> None:
    """Writers come and go: events, rows and snapshot are those of now, never old or torn."""
    thread_id = furnish(tmp_path)
    with Workspace(tmp_path) as workspace:
        for number in range(3):
            with opened(tmp_path, seed=2 + number) as document:
                document.send(thread_id, sender_id="bob", content=f"{number}")
                assert workspace.last_sequence() == workspace.snapshot().snapshot_sequence == 4 + number
            (thread,) = workspace.snapshot().threads
            assert {one.text for one in thread.messages} == {"Hello", *map(str, range(number + 1))}
            assert len(list(workspace.events(thread_id=thread_id))) == 3 + number


def test_a_moment_that_a_writer_overtook_is_asked_for_again(tmp_path: Path) -> None:
    """Who reads without locks answers nothing that a change meanwhile may have torn."""
    thread_id = furnish(tmp_path)
    answers: list[int] = []
    with Workspace(tmp_path) as workspace:

        def count(execute: object) -> int:
            answers.append(execute("SELECT count(*) FROM orchestration_events").fetchone()[0])  # type: ignore[operator]
            if len(answers) == 1:
                with opened(tmp_path, seed=2) as document:
                    document.send(thread_id, sender_id="bob", content="meanwhile")
                raise LookupError("what was read made no sense")
            return answers[-1]

        assert workspace.at_one_moment(count) == 4
        assert answers == [3, 4]


def test_snapshots_beside_a_writer_are_continued_without_gap_or_overlap(tmp_path: Path) -> None:
    """Another process writes, closes and opens again; a snapshot and the events beyond it are always all."""
    path, thread_id = tmp_path / "team.chat", furnish(tmp_path)
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path), thread_id, str(WRITES)])
    taken = []
    with Workspace(tmp_path) as workspace, workspace.follow() as following:
        while writer.poll() is None:
            found = workspace.snapshot()
            taken.append((found, list(workspace.events(from_sequence_exclusive=found.snapshot_sequence))))
        assert writer.wait() == 0
        for found, later in (*taken[:3], *taken[-3:]):
            shown = len(found.threads[0].messages)
            sent = [one.sequence for one in later if isinstance(one.payload, MessageSent)]
            assert sent == list(range(found.snapshot_sequence + 1, found.snapshot_sequence + 1 + len(sent)))
            assert shown == found.snapshot_sequence - 2
        followed = [following.wait(30) for _ in range(3 + WRITES)]
        assert following.wait(0.2) is None
    assert [one.sequence for one in followed if one is not None] == list(range(1, 4 + WRITES))


def test_a_rebuild_tells_what_it_changed_and_how_far_it_is(tmp_path: Path) -> None:
    """Right rows stay equal; every page is told."""
    furnish(tmp_path)
    before, told = folded(tmp_path), []
    with Workspace(tmp_path) as workspace:
        found = workspace.rebuild(lambda events, sequence: told.append((events, sequence)))
    assert (found.events, found.last_sequence, set(found.tables.values())) == (3, 3, {"equal"})
    assert told == [(3, 3)]
    assert folded(tmp_path) == before


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    """A thread, a difference, and a log of a folder that never had a document."""
    furnish(tmp_path)
    with Workspace(tmp_path) as workspace:
        with pytest.raises(NotFound, match="no thread nowhere"):
            workspace.thread("nowhere")
        with pytest.raises(NotFound, match="no difference is stored"):
            workspace.turn_diff("nowhere", 0, 1)
    (tmp_path / "empty" / ".chatdoc").mkdir(parents=True)
    with pytest.raises(NoEventLog, match="Open a document there once"):
        Workspace(tmp_path / "empty")


def test_a_store_of_an_earlier_version_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store without events or their tables is not upgraded by who only looks; the error says what does it."""
    with monkeypatch.context() as earlier:
        earlier.setattr(schema, "STEPS", schema.STEPS[:1])
        with Store.open(tmp_path) as store:
            begin(store, "team.chat")
    for use in (Workspace, Workspace.of_file):
        with pytest.raises(
            NoEventLog, match=r"of an earlier version of chatdoc\. Open a document there once"
        ):
            use(tmp_path / "team.chat" if use is not Workspace else tmp_path)
    with Store.open(tmp_path) as store:
        assert store.registration("team.chat") is not None
    with pytest.raises(NoEventLog, match="has no event log yet"):
        Workspace(tmp_path)


def test_a_file_whose_document_is_not_in_the_log_is_told_from_one_that_is(tmp_path: Path) -> None:
    """A store serves many files; the log tells of those that were opened."""
    furnish(tmp_path)
    (tmp_path / "other.chat").touch()
    with Workspace.of_file(tmp_path / "team.chat") as workspace:
        assert workspace.folder == tmp_path
    with pytest.raises(NoEventLog, match=r"does not tell of other\.chat"):
        Workspace.of_file(tmp_path / "other.chat")
