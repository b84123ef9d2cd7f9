"""A compaction takes the past from the log and nothing else: not by itself, not halfway, not unnoticed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from chatdoc.document import Document
from chatdoc.in_memory import memory_document
from chatdoc.model.errors import CommandRefused, LogCompacted, StoreDamaged, StoreError
from chatdoc.testing.clocks import ManualClock
from chatdoc.testing.white_box import execute_of
from chatdoc.workspace import Workspace, log_of
from tests import strace
from tests.event_view.workplace import ask, folded, opened
from tests.store_file import store_file

PROGRAM = (
    "import runpy, sys; sys.argv = ['compacting', *sys.argv[1:]];"
    " runpy.run_module('tests.event_view.compacting', run_name='__main__')"
)
EVENTS = "SELECT count(*) FROM orchestration_events"
KILLS_MAX = 8
"""At most this many points of one system call; they are spread over the whole compaction."""


def busy(folder: Path, messages: int = 5) -> Document:
    """A document in which two turns ran, one of them hidden by a revert, and another waits."""
    document = opened(folder)
    thread = document.create_thread(sender_id="ada", content="Hello", acp_config={"model": "m"})
    for number in (1, 2):
        turn = document.start_turn(thread.thread_id, sender_id="codex")
        turn.append(f"answer {number}")
        turn.finalize()
        document.agents.complete_checkpoint(
            thread.thread_id,
            turn_id=turn.message_id,
            turn_count=number,
            checkpoint_ref=f"ref-{number}",
            assistant_message_id=turn.message_id,
            diff=f"the diff of {number}",
        )
    document.agents.revert(thread.thread_id, 1)
    for number in range(messages):
        document.send(thread.thread_id, sender_id="bob", content=f"{number}", command_id=f"send-{number}")
    document.agents.queue_turn(thread.thread_id, sender_id="bob", content="next?")
    return document


def thread_of(document: Document) -> str:
    """Its thread."""
    return document.threads()[0].thread_id


def test_everything_goes_on_after_a_compaction(tmp_path: Path) -> None:
    """Rows, receipts, diffs, the queue, the next events, an undone revert, and what another process writes."""
    document = busy(tmp_path)
    thread_id = thread_of(document)
    rows, text = folded(tmp_path), document.text()
    with opened(tmp_path, seed=7) as other:
        done = document.log.compact(dry_run=False)
        assert folded(tmp_path) == rows
        assert ask(tmp_path, EVENTS) == [(2,)]
        assert done.free_bytes >= 0
        events = len(ask(tmp_path, "SELECT * FROM updates"))
        document.send(thread_id, sender_id="bob", content="0", command_id="send-0")
        assert len(ask(tmp_path, "SELECT * FROM updates")) == events
        other.send(thread_id, sender_id="eve", content="from elsewhere")
        document.agents.undo_revert(thread_id)
        assert document.log.turn_diff(thread_id, 1, 2) == "the diff of 2"
        assert document.text() == other.text() != text
    versions = "SELECT stream_version FROM orchestration_events WHERE stream_id = ? ORDER BY sequence"
    found = [version for (version,) in ask(tmp_path, versions, thread_id)]
    assert found == list(range(found[0], found[0] + 3))
    rows = folded(tmp_path)
    assert len(rows["projection_thread_turns"]) == 2
    document.log.rebuild()
    assert folded(tmp_path) == rows
    document.close()
    with opened(tmp_path, seed=8) as again:
        assert len(again.agents.queue(thread_id)) == 1
        assert again.agents.start_next(thread_id, sender_id="codex") is not None


def test_versions_go_on_where_another_process_compacted(tmp_path: Path) -> None:
    """Who wrote a stream before others did, and before they compacted it, does not take a version that was used."""
    document = busy(tmp_path)
    thread_id = thread_of(document)
    with opened(tmp_path, seed=7) as other:
        for number in range(3):
            other.send(thread_id, sender_id="eve", content=f"{number}")
        other.log.compact(dry_run=False)
    document.send(thread_id, sender_id="bob", content="next")
    document.close()
    versions = "SELECT stream_version FROM orchestration_events WHERE stream_id = ? ORDER BY sequence"
    last, new = [version for (version,) in ask(tmp_path, versions, thread_id)]
    assert new == last + 1


def test_replay_from_before_a_compaction_is_refused(tmp_path: Path) -> None:
    """With the first sequence that can be replayed; from a snapshot on, and later, it works."""
    with (
        busy(tmp_path) as document,
        log_of(tmp_path / "team.chat") as log,
        Workspace(tmp_path) as workspace,
    ):
        through = document.log.compact(dry_run=False).through_sequence
        document.send(thread_of(document), sender_id="bob", content="later")
        sequence = document.snapshot().snapshot_sequence
        assert sequence == through + 1
        for after in (0, 1, through - 1):
            for read in (
                lambda after=after: document.replay(from_sequence_exclusive=after),
                lambda after=after: document.subscribe_events(after),
                lambda after=after: log.events(from_sequence_exclusive=after),
                lambda after=after: list(workspace.events({f".chatdoc/{store_file(tmp_path).name}": after})),
            ):
                with pytest.raises(
                    LogCompacted, match=rf"replayed is {through + 1} .* Take a snapshot"
                ) as seen:
                    read()
                assert seen.value.through_sequence == through
        for after in (through, sequence):
            later = [one.sequence for one in document.replay(from_sequence_exclusive=after)]
            assert later == list(range(after + 1, sequence + 1))


def test_follower_that_lags_behind_a_compaction_is_told(tmp_path: Path) -> None:
    """It gets no event after the gap; one that has come to the end goes on."""
    with (
        busy(tmp_path) as document,
        document.subscribe_events() as behind,
        document.subscribe_events() as ahead,
    ):
        assert behind.sequence == 0
        while ahead.wait(0.0) is not None:
            pass
        document.log.compact(dry_run=False)
        document.send(thread_of(document), sender_id="bob", content="later")
        with pytest.raises(LogCompacted):
            behind.wait(60)
        event = ahead.wait(60)
        assert event is not None
        assert event.sequence == document.snapshot().snapshot_sequence


def test_dry_run_writes_nothing(tmp_path: Path) -> None:
    """It is what happens unless one says otherwise, and the store stays as it is, byte by byte."""
    with busy(tmp_path) as document:
        expected = document.log.compact()
    store = store_file(tmp_path)
    before = store.read_bytes()
    with log_of(tmp_path / "team.chat") as log:
        said = log.compact()
    assert said.dry_run
    assert said.events_removed == expected.events_removed > 20
    assert store.read_bytes() == before
    assert not Path(f"{store}-wal").exists()


def test_long_log_becomes_small(tmp_path: Path) -> None:
    """What was said over and over goes; the space is free for what comes."""
    with opened(tmp_path) as document:
        thread = document.create_thread(sender_id="ada", content="Hello")
        message = document.send(thread.thread_id, sender_id="bob", content="draft")
        for number in range(150):
            document.edit(message.message_id, author_id="bob", content=f"{number} " + "text " * 200)
        said = document.log.compact()
        done = document.log.compact(dry_run=False)
    assert done.bytes_after * 20 < done.bytes_before
    assert (said.bytes_before, said.bytes_after) == (done.bytes_before, done.bytes_after)
    assert done.free_bytes > done.bytes_before // 2


def test_lost_rows_come_back_from_the_baseline(tmp_path: Path) -> None:
    """Projectors that know nothing any more stand where they stood after the next command."""
    with busy(tmp_path) as document:
        document.log.compact(dry_run=False)
        execute_of(document)("DELETE FROM projection_state")
        document.send(thread_of(document), sender_id="bob", content="later")
        rows = folded(tmp_path)
        document.agents.undo_revert(thread_of(document))
        assert {one.behind for one in document.log.projections()} == {0}
        assert len(rows["projection_thread_messages"]) == 9


def test_document_in_memory_has_nothing_to_compact() -> None:
    """It says so, and what to do."""
    document = memory_document(clock=ManualClock(), random=lambda size: b"\x01" * size)
    with pytest.raises(CommandRefused, match="in memory has no event log"):
        document.log.compact()


def test_rebuild_that_fails_halfway_leaves_all_as_it_was(tmp_path: Path) -> None:
    """An event that is not what was appended stops it, and no row has moved."""
    with busy(tmp_path) as document:
        execute_of(document)("UPDATE orchestration_events SET payload_json = '{' WHERE sequence = 9")
        before = folded(tmp_path)
        with pytest.raises(StoreDamaged, match=r"event 9 of document .* is not what was appended"):
            document.log.rebuild()
        assert folded(tmp_path) == before


def test_compaction_that_fails_halfway_leaves_all_as_it_was(tmp_path: Path) -> None:
    """No event is gone, no baseline is there, and the next one succeeds."""
    with busy(tmp_path) as document:
        execute = execute_of(document)
        events, rows = ask(tmp_path, "SELECT * FROM orchestration_events"), folded(tmp_path)
        execute(
            "CREATE TEMP TRIGGER full BEFORE DELETE ON orchestration_events WHEN old.sequence = 9"
            " BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
        with pytest.raises(StoreError, match="the disk is full"):
            document.log.compact(dry_run=False)
        assert ask(tmp_path, "SELECT * FROM orchestration_events") == events
        assert folded(tmp_path) == rows
        for table in ("baseline_pieces", "log_compactions"):
            assert ask(tmp_path, f"SELECT count(*) FROM {table}") == [(0,)]
        execute("DROP TRIGGER full")
        assert document.log.compact(dry_run=False).events_after == 2


@pytest.mark.parametrize("call", ["pwrite64", "fdatasync"])
def test_killed_compaction_did_all_or_nothing(tmp_path: Path, call: str) -> None:
    """At every write and every sync: the log is whole or compacted, and folds to the same rows."""
    folder, origin = tmp_path / "home", tmp_path / "origin"
    folder.mkdir()
    busy(folder, messages=60).close()
    rows, before = folded(folder), ask(folder, EVENTS)
    shutil.copytree(folder, origin)
    store = store_file(folder)
    paths = (folder, store.parent, *(Path(f"{store}{end}") for end in ("", "-wal", "-shm")))
    file = folder / "team.chat"
    plain = strace.run(PROGRAM, file, trace=call, paths=paths, folder=tmp_path)
    assert plain.printed.startswith("removed")
    assert ask(folder, EVENTS) == [(2,)]
    count = len(plain.calls)
    assert count, "nothing was disturbed"
    outcomes = set()
    for when in sorted({1 + round(step * (count - 1) / (KILLS_MAX - 1)) for step in range(KILLS_MAX)}):
        shutil.rmtree(folder)
        shutil.copytree(origin, folder)
        ended = strace.run(
            PROGRAM, file, trace=call, paths=paths, folder=tmp_path, inject=f"signal=KILL:when={when}"
        )
        left = ask(folder, EVENTS)
        assert left in (before, [(2,)]), when
        assert left == [(2,)] or not ended.printed
        assert len(ask(folder, "SELECT * FROM log_compactions")) == (left != before)
        outcomes.add(left == before)
        assert folded(folder) == rows, when
        with log_of(file, write=True) as log:
            assert set(log.rebuild().tables.values()) == {"equal"}
        with opened(folder, seed=when) as document:
            document.send(thread_of(document), sender_id="bob", content="later")
            assert document.check().ok
    assert True in outcomes
