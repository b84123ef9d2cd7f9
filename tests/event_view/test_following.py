"""A snapshot and the events after it are everything, without gap or overlap, while others write."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from chatdoc.crdt import read_update
from chatdoc.model.events.event import Event
from chatdoc.model.events.types import MessageSent
from chatdoc.open import open_document
from chatdoc.store import event_feed
from chatdoc.store.projections.fold import prepare
from chatdoc.testing.white_box import execute_of
from tests.event_view.workplace import opened

WRITERS = 2
MESSAGES = 60

WRITER = """
import sys
from chatdoc.open import open_document
path, thread_id, name, count = sys.argv[1:]
with open_document(path, durability="normal") as document:
    for number in range(int(count)):
        document.send(thread_id, sender_id=name, content=f"{name} {number}")
"""


def writers(path: Path, thread_id: str) -> list[subprocess.Popen[bytes]]:
    """Processes that write into a thread, all at once."""
    return [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), thread_id, f"writer-{number}", str(MESSAGES)]
        )
        for number in range(WRITERS)
    ]


def test_a_snapshot_is_continued_without_gap_or_overlap_while_others_write(tmp_path: Path) -> None:
    """Taken in the midst of two writing processes, its messages and those of the replay are all, each once."""
    path = tmp_path / "team.chat"
    with open_document(path, durability="normal") as document:
        thread_id = document.create_thread(sender_id="ada", content="Hello").thread_id
        running = writers(path, thread_id)
        snapshots = []
        while any(one.poll() is None for one in running) or not snapshots:
            snapshots.append(document.snapshot())
        assert all(one.wait() == 0 for one in running)
        for snapshot in (*snapshots[:3], snapshots[len(snapshots) // 2], *snapshots[-3:]):
            (thread,) = snapshot.threads
            known = [message.id for message in thread.messages]
            later = [
                event.payload.message_id
                for event in document.replay(from_sequence_exclusive=snapshot.snapshot_sequence)
                if isinstance(event.payload, MessageSent)
            ]
            assert len(known) + len(later) == 1 + WRITERS * MESSAGES
            assert len({*known, *later}) == 1 + WRITERS * MESSAGES
            # What the document had seen at that moment is what the snapshot shows, no more and no less.
            seen = sum(read_update.read_state_vector(snapshot.state_vector).values())
            assert seen == 2 + 2 + WRITERS * MESSAGES - len(later)
    with open_document(path) as document:
        assert document.check(full=True).ok


def test_who_follows_sees_every_event_once_in_order(tmp_path: Path) -> None:
    """Those that are there, and those that two other processes write meanwhile."""
    path = tmp_path / "team.chat"
    with open_document(path, durability="normal") as document:
        thread_id = document.create_thread(sender_id="ada", content="Hello").thread_id
        expected = 1 + 1 + 1 + WRITERS * MESSAGES
        running = writers(path, thread_id)
        with document.subscribe_events() as following:
            events = [following.wait(60) for _ in range(expected)]
            assert following.wait(0.4) is None
        assert [one.sequence for one in events if one is not None] == list(range(1, expected + 1))
        assert all(one.wait() == 0 for one in running)


def test_who_follows_is_woken_by_a_write_and_let_go_by_a_close(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that waits gets what is written without having to look, and ends with the document."""
    monkeypatch.setattr(event_feed, "LOOK_S", 3600.0)
    document = opened(tmp_path)
    thread = document.create_thread(sender_id="ada", content="Hello")
    following = document.subscribe_events(document.snapshot().snapshot_sequence)
    seen: list[Event] = []
    reader = threading.Thread(target=lambda: seen.extend(following))
    reader.start()
    sent = document.send(thread.thread_id, sender_id="bob", content="Hi")
    deadline = 6000
    while not seen and deadline:
        reader.join(0.01)
        deadline -= 1
    document.close()
    reader.join(60)
    assert not reader.is_alive()
    assert [one.payload.message_id for one in seen if isinstance(one.payload, MessageSent)] == [
        sent.message_id
    ]


def test_a_task_follows_without_blocking_its_loop(tmp_path: Path) -> None:
    """Events are awaited while the same loop lets a thread write."""

    async def main() -> list[str]:
        with opened(tmp_path) as document:
            thread = document.create_thread(sender_id="ada", content="Hello")
            following = document.subscribe_events(document.snapshot().snapshot_sequence)

            async def write() -> None:
                for number in range(5):
                    await asyncio.to_thread(
                        document.send, thread.thread_id, sender_id="bob", content=f"{number}"
                    )

            writing = asyncio.create_task(write())
            texts = []
            async for event in following:
                assert isinstance(event.payload, MessageSent)
                texts.append(event.payload.text)
                if len(texts) == 5:
                    following.close()
            await writing
            return texts

    assert asyncio.run(main()) == ["0", "1", "2", "3", "4"]


def test_a_snapshot_has_seen_what_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another process writes between our last look and the snapshot is in its rows and in its state vector."""
    with opened(tmp_path, seed=1) as one, opened(tmp_path, seed=2) as other:
        thread = one.create_thread(sender_id="ada", content="Hello")
        look = one.engine.make_ready

        def looks_too_early() -> None:
            look()
            monkeypatch.undo()
            other.send(thread.thread_id, sender_id="bob", content="Hi")

        monkeypatch.setattr(one.engine, "make_ready", looks_too_early)
        snapshot = one.snapshot()
        assert {message.text for message in snapshot.threads[0].messages} == {"Hello", "Hi"}
        assert snapshot.state_vector == other.state_vector()


def test_dropped_rows_are_folded_again_by_the_next_command(tmp_path: Path) -> None:
    """A projector that lost its state begins anew; nothing of what was before is missing."""
    with opened(tmp_path) as document:
        thread = document.create_thread(sender_id="ada", content="Hello")
        execute_of(document)("DELETE FROM projection_state WHERE projector = 'projection.thread-messages'")
        document.send(thread.thread_id, sender_id="bob", content="Hi")
        assert [one.text for one in document.snapshot().threads[0].messages] == ["Hello", "Hi"]
        assert all(one.behind == 0 for one in document.log.projections())


def test_a_catch_up_has_no_limit(tmp_path: Path) -> None:
    """Projectors far behind come to the end, however many events that are."""
    count = 2500
    with opened(tmp_path) as document:
        thread = document.create_thread(sender_id="ada", content="Hello")

        def many() -> None:
            for number in range(count):
                document.send(thread.thread_id, sender_id="bob", content=f"{number}")

        document.group.together(many)
        execute_of(document)("DELETE FROM projection_state")
        prepare(execute_of(document))
        assert {one.behind for one in document.log.projections()} == {3 + count}
        document.send(thread.thread_id, sender_id="bob", content="last")
        assert {one.behind for one in document.log.projections()} == {0}
        assert len(document.snapshot().threads[0].messages) == count + 2
