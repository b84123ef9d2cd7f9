"""Every change is in the log, whoever made it, in the transaction that made it."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatdoc.in_memory import memory_document
from chatdoc.model.errors import CommandConflict, CommandRefused, NotFound, StoreError
from chatdoc.model.events.event import Event
from chatdoc.store.sql import event_buffer
from chatdoc.testing.clocks import ManualClock
from chatdoc.workspace import log_of
from tests.engine.begin import begin
from tests.event_view.workplace import ask, folded, opened
from tests.every_store import on_every_store

pytestmark = on_every_store


def types(folder: Path) -> list[str]:
    """The types of all events."""
    return [name for (name,) in ask(folder, "SELECT event_type FROM orchestration_events ORDER BY sequence")]


def events_of(folder: Path, name: str) -> list[Event]:
    """All events of one of several documents of a folder."""
    with log_of(folder / name) as log:
        return list(log.events())


def types_of(folder: Path, name: str) -> list[str]:
    """Their types."""
    return [one.event_type for one in events_of(folder, name)]


def test_a_new_folder_begins_with_its_project(tmp_path: Path) -> None:
    """Before the first thread there is one event, and its row, once the log is used."""
    with opened(tmp_path) as document:
        assert document.log.last_sequence() == 1
    assert types(tmp_path) == ["project.created"]
    assert ask(tmp_path, "SELECT workspace_root FROM projection_projects") == [(str(tmp_path),)]


def test_a_folder_that_moved_says_so(tmp_path: Path, any_store: str) -> None:
    """The project stays the same one, with its new place."""
    if any_store == "postgres":
        pytest.skip("a folder has a name of its own there, and keeps it wherever it lies")
    (tmp_path / "old").mkdir()
    with opened(tmp_path / "old") as document:
        document.create_thread(sender_id="ada", content="Hi")
    (tmp_path / "old").rename(tmp_path / "new")
    with opened(tmp_path / "new", seed=2):
        pass
    assert types(tmp_path / "new")[-1] == "project.meta-updated"
    assert ask(tmp_path / "new", "SELECT title, workspace_root FROM projection_projects") == [
        ("new", str(tmp_path / "new"))
    ]


def test_a_file_that_was_there_is_told_when_its_log_is_first_used(tmp_path: Path) -> None:
    """The log of a document holds all it said before, once."""
    (tmp_path / "first").mkdir()
    with opened(tmp_path / "first", "a.chat") as document:
        thread = document.create_thread(sender_id="ada", content="Hello", name="Plan")
        document.send(thread.thread_id, sender_id="bob", content="Hi")
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / "a.chat").write_bytes((tmp_path / "first" / "a.chat").read_bytes())
    for seed in (2, 3):
        with opened(tmp_path / "second", "a.chat", seed=seed) as document:
            assert document.log.last_sequence() == 4
    assert types(tmp_path / "second") == [
        "project.created",
        "thread.created",
        "thread.message-sent",
        "thread.message-sent",
    ]
    messages = "SELECT text FROM projection_thread_messages ORDER BY created_at, message_id"
    assert ask(tmp_path / "second", messages) == [("Hello",), ("Hi",)]


def test_what_a_peer_wrote_is_told_with_its_origin(tmp_path: Path) -> None:
    """A peer's update makes the events a command would have made."""
    with opened(tmp_path) as document:
        thread = document.create_thread(sender_id="ada", content="Hello")
        peer = begin(7)
        peer.receive(document.diff())
        peer.send(thread.thread_id, sender_id="bob", content="from afar")
        document.receive(peer.diff(document.state_vector()), origin="tablet")
    found = ask(
        tmp_path, "SELECT event_type, metadata_json, actor_kind FROM orchestration_events ORDER BY sequence"
    )
    assert found[-1] == ("thread.message-sent", '{"origin":"tablet"}', "server")


def test_what_another_process_wrote_is_told_once(tmp_path: Path) -> None:
    """Each opening tells of its own changes, in one order, and reads the other's."""
    with opened(tmp_path, seed=1) as one, opened(tmp_path, seed=2) as other:
        thread = one.create_thread(sender_id="ada", content="Hello")
        for number in range(6):
            (one, other)[number % 2].send(thread.thread_id, sender_id="ada", content=f"{number}")
        assert len(one.messages(thread.thread_id)) == len(other.messages(thread.thread_id)) == 7
    assert types(tmp_path) == ["project.created", "thread.created", *["thread.message-sent"] * 7]
    versions = ask(tmp_path, "SELECT stream_version FROM orchestration_events ORDER BY sequence")
    assert versions == [(0,), *((number,) for number in range(8))]


def test_documents_of_one_folder_with_the_same_seed_do_not_collide(tmp_path: Path) -> None:
    """Clock, random source and so every id may be the same; each has its own log, and tells nothing twice."""
    with opened(tmp_path, "a.chat") as one, opened(tmp_path, "b.chat") as other:
        for document in (one, other):
            document.create_thread(sender_id="ada", content="Hello")
    assert [types_of(tmp_path, name).count("thread.created") for name in ("a.chat", "b.chat")] == [1, 1]
    for name in ("a.chat", "b.chat"):
        assert [one.sequence for one in events_of(tmp_path, name)] == [1, 2, 3]


def test_a_command_its_events_and_its_receipt_are_one(tmp_path: Path) -> None:
    """The receipt names the last event; a repeated command adds nothing at all."""
    with opened(tmp_path) as document:
        thread = document.create_thread(sender_id="ada", content="Hello", name="Plan", command_id="one")
        before = folded(tmp_path), types(tmp_path)
        assert (
            document.create_thread(sender_id="ada", content="Hello", name="Plan", command_id="one") == thread
        )
        assert (folded(tmp_path), types(tmp_path)) == before
    events = ask(
        tmp_path,
        "SELECT sequence, command_id, correlation_id, actor_kind FROM orchestration_events ORDER BY sequence",
    )
    assert {row[1:] for row in events[1:]} == {("one", "one", "client")}
    assert ask(
        tmp_path,
        "SELECT aggregate_kind, aggregate_id, result_sequence, status, error"
        " FROM orchestration_command_receipts",
    ) == [("thread", thread.thread_id, events[-1][0], "accepted", None)]


def test_a_refusal_has_a_receipt_and_no_event(tmp_path: Path) -> None:
    """The same id is refused again with the same words."""
    with opened(tmp_path) as document:
        thread = document.create_thread(sender_id="ada", content="Hello")
        last = len(types(tmp_path))
        for _ in range(2):
            with pytest.raises(NotFound, match="no thread 'nowhere'"):
                document.send("nowhere", sender_id="ada", content="Hi", command_id="two")
        with pytest.raises(CommandConflict, match="'two'"):
            document.send(thread.thread_id, sender_id="ada", content="Hi", command_id="two")
    assert len(types(tmp_path)) == last
    assert ask(tmp_path, "SELECT status, result_sequence FROM orchestration_command_receipts") == [
        ("rejected", last)
    ]


@pytest.mark.parametrize("reopened", [False, True])
@pytest.mark.parametrize("broken", ["event_buffer.INSERT", "fold"])
def test_a_storage_failure_leaves_no_receipt_and_the_retry_succeeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str, reopened: bool
) -> None:
    """Neither update nor event nor row nor receipt stands; the same command is carried out, opened again or not."""

    def fails(*_: object, **__: object) -> None:
        raise StoreError("the disk is gone")

    document = opened(tmp_path)
    thread = document.create_thread(sender_id="ada", content="Hello")
    before = folded(tmp_path), types(tmp_path)
    if broken == "fold":
        monkeypatch.setattr(event_buffer, "fold", fails)
    else:
        monkeypatch.setattr(f"chatdoc.store.sql.{broken}", "INSERT INTO nowhere VALUES (1)")
    with pytest.raises(StoreError, match="gone" if broken == "fold" else "nowhere"):
        document.send(thread.thread_id, sender_id="ada", content="Hi", command_id="one")
    monkeypatch.undo()
    assert (folded(tmp_path), types(tmp_path)) == before
    assert ask(tmp_path, "SELECT * FROM orchestration_command_receipts") == []
    if reopened:
        document.close()
        document = opened(tmp_path, seed=2)
    assert [one.content for one in document.messages(thread.thread_id)] == ["Hello"]
    sent = document.send(thread.thread_id, sender_id="ada", content="Hi", command_id="one")
    assert document.log.message(sent.message_id) is not None
    assert types(tmp_path).count("thread.message-sent") == 2
    document.close()


def test_the_next_command_goes_on_after_a_log_command_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What concerns only the log leaves memory as it was, so the document goes on; versions have no gap."""

    def fails(*_: object, **__: object) -> None:
        raise StoreError("the disk is gone")

    with opened(tmp_path) as document:
        thread = document.create_thread(sender_id="ada", content="Hello")
        monkeypatch.setattr(event_buffer, "fold", fails)
        with pytest.raises(StoreError, match="gone"):
            document.agents.append_activity(
                thread.thread_id, kind="tool.started", summary="ls", command_id="one"
            )
        monkeypatch.undo()
        assert document.agents.append_activity(
            thread.thread_id, kind="tool.started", summary="ls", command_id="one"
        )
    versions = ask(
        tmp_path,
        "SELECT stream_version FROM orchestration_events WHERE stream_id = ? ORDER BY sequence",
        thread.thread_id,
    )
    assert versions == [(number,) for number in range(len(versions))]
    assert types(tmp_path).count("thread.activity-appended") == 1


def test_a_document_in_memory_says_that_it_has_no_log() -> None:
    """Reading and telling are refused with what to do."""
    document = memory_document(clock=ManualClock(), random=lambda size: b"\x01" * size)
    thread = document.create_thread(sender_id="ada", content="Hello")
    with pytest.raises(CommandRefused, match="Open a file"):
        document.snapshot()
    with pytest.raises(CommandRefused, match="Open a file"):
        document.agents.append_activity(thread.thread_id, kind="tool.started", summary="ls")


def test_a_large_file_is_told_whole_and_without_gaps(tmp_path: Path) -> None:
    """More messages than are told at a time, all in one thread: each has its event, its version and its row."""
    count = 2_100
    (tmp_path / "first").mkdir()
    with opened(tmp_path / "first", "a.chat") as document:
        thread = document.create_thread(sender_id="ada", content="root")

        def send() -> None:
            for number in range(count):
                document.send(thread.thread_id, sender_id="ada", content=f"{number}")

        document.group.together(send)
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / "a.chat").write_bytes((tmp_path / "first" / "a.chat").read_bytes())
    with opened(tmp_path / "second", "a.chat", seed=2) as document:
        document.send(thread.thread_id, sender_id="bob", content="and one more")
        assert {one.behind for one in document.log.projections()} == {0}
        told = [one.stream_version for one in document.log.events(thread_id=thread.thread_id)]
    assert told == list(range(count + 3))
    rows = "SELECT count(*), count(DISTINCT text) FROM projection_thread_messages"
    assert ask(tmp_path / "second", rows) == [(count + 2, count + 2)]


def test_what_others_wrote_is_told_though_our_own_command_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed write takes nothing with it: subscribers hear of the other process at the next call, once, in order."""

    def fails(*_: object, **__: object) -> None:
        raise StoreError("the disk is gone")

    with opened(tmp_path, seed=1) as one, opened(tmp_path, seed=2) as other:
        thread = one.create_thread(sender_id="ada", content="Hello")
        one.send(thread.thread_id, sender_id="ada", content="seen by both")
        other.threads()
        heard: list[str] = []
        other.subscribe(lambda _, origin: heard.append(origin))
        one.send(thread.thread_id, sender_id="ada", content="not yet seen", command_id="one")
        monkeypatch.setattr(event_buffer, "fold", fails)
        with pytest.raises(StoreError, match="gone"):
            other.agents.append_activity(thread.thread_id, kind="tool.started", summary="ls")
        monkeypatch.undo()
        other.send(thread.thread_id, sender_id="bob", content="and on")
        assert heard == ["one", "local"]
        assert len(one.messages(thread.thread_id)) == 4
