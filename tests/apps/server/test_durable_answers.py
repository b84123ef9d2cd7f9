"""What is broadcast waits for no disk, and what is acknowledged does: answers, sync status, and one's own change."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest

from chatdoc import open_document
from chatdoc.model.errors import StoreError
from chatdoc.serve import Limits
from chatdoc.store.sqlite.wal_sync import WalSync
from tests import strace
from tests.apps.server.facts import message, thread
from tests.apps.server.serving import SECONDS_MAX, Serving
from tests.apps.server.test_coming_and_going import KINDS, until
from tests.apps.server.yjs_clients import Clients

PROGRAM = """
import asyncio, os, sys
from chatdoc.serve import Rooms
async def main():
    async with Rooms(sys.argv[1]) as rooms, rooms.use("a.chat") as room:
        for number in range(3):
            await room.call(lambda doc: doc.create_thread(sender_id="alice", content=f"{number}"))
            os.write(1, b"acknowledged")
asyncio.run(main())
"""


class Disk:
    """A disk that is waited for until it may go on, and that fails where it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.fails = False
        self.waits = 0
        real = WalSync.make_durable

        def make_durable(wal: WalSync) -> None:
            self.waits += 1
            assert self.may_go_on.wait(SECONDS_MAX)
            if self.fails:
                raise StoreError("the disk fails")
            real(wal)

        monkeypatch.setattr(WalSync, "make_durable", make_durable)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    """The disk of this test's server."""
    found = Disk(monkeypatch)
    yield found
    found.fails = False
    found.may_go_on.set()


def test_an_answer_is_on_the_disk_before_it_is_given(tmp_path: Path) -> None:
    """The journal is forced between its last write and the answer, and a turn itself forces nothing."""
    calls = strace.run(PROGRAM, tmp_path, trace="write,pwrite64,fdatasync", paths=(), folder=tmp_path).calls
    marks = [at for at, call in enumerate(calls) if '"acknowledged"' in call]
    assert len(marks) == 3
    for start, end in pairwise(marks):
        kinds = [call.split("(")[0] for call in calls[start + 1 : end] if ".sqlite3-wal" in call]
        assert "pwrite64" in kinds
        assert kinds.count("fdatasync") == 1
        assert kinds[-1] == "fdatasync"


@pytest.mark.parametrize("kind", KINDS)
def test_others_hear_of_a_change_while_the_disk_is_waited_for(
    clients: Clients, serving: Serving, disk: Disk, kind: str
) -> None:
    """Its sender is told nothing until then: no sync status, and a y-websocket client hears of nothing it took part in.

    What comes behind that waits too, so that nobody hears of things in another order.
    """
    for name in ("writer", "reader"):
        clients("connect", name=name, kind=kind, url=serving.ws, path="a.chat")
        assert clients("synced", name=name)["ok"]
    clients("facts", name="writer", list=thread())
    assert clients("has", name="reader", text="the root")["ok"]
    assert kind == "y-websocket" or clients("clean", name="writer")["ok"]
    disk.may_go_on.clear()
    for name, number in (("writer", 1), ("reader", 2)):
        root, path, text = message(number)
        clients("fact", name=name, root=root, path=path, text=text)
        joiner = f"joiner {number}"
        clients("connect", name=joiner, kind=kind, url=serving.ws, path="a.chat")
        assert clients("has", name=joiner, text=f"message {number}")["ok"]
    assert clients("has", name="reader", text="message 1")["ok"]
    if kind == "hocuspocus":
        assert clients("has", name="writer", text="message 2")["ok"]
        assert not clients("clean", name="writer", ms=200)["ok"]
    else:
        assert not clients("has", name="writer", text="message 2", ms=200)["ok"]
    disk.may_go_on.set()
    assert clients("has", name="writer", text="message 2")["ok"]
    assert kind == "y-websocket" or clients("clean", name="writer")["ok"]


def test_one_wait_is_for_all_turns_of_its_time(serving: Serving, disk: Disk) -> None:
    """Turns go on while the disk is waited for, and their answers come with the next wait."""
    serving.call("a.chat", lambda doc: doc.create_thread(sender_id="alice", content="t"))
    [thread_id] = serving.call("a.chat", lambda doc: [one.thread_id for one in doc.threads()])
    disk.may_go_on.clear()
    before = disk.waits
    with ThreadPoolExecutor(8) as pool:
        sent = [
            pool.submit(
                serving.call,
                "a.chat",
                lambda doc, n=number: doc.send(thread_id, sender_id="alice", content=f"{n}"),
            )
            for number in range(8)
        ]
        [room] = serving.do(lambda: [room for _, room in serving.rooms.open_rooms()])
        assert until(lambda: len(room._doc.view.headers) == 9), "turns waited for the disk"
        assert not any(one.done() for one in sent)
        disk.may_go_on.set()
        assert len({one.result(SECONDS_MAX).message_id for one in sent}) == 8
    assert disk.waits - before <= 3


def test_a_disk_that_fails_acknowledges_nothing_and_loses_nothing(serving: Serving, disk: Disk) -> None:
    """Who asked is told of the failure, and finds out by the same command id once the disk is well."""
    made = serving.command("a.chat", type="create_thread", sender_id="alice", content="t", command_id="one")
    thread_id = made["record"]["thread_id"]
    given = {
        "type": "send", "thread_id": thread_id, "sender_id": "alice", "content": "hi", "command_id": "two",
    }  # fmt: skip
    disk.fails = True
    came = serving.http.post("/api/documents/a.chat/commands", json=given)
    assert came.status_code == 503, came.text
    disk.fails = False
    again = serving.command("a.chat", **given)
    assert again["receipt"]["status"] == "accepted"
    assert len(serving.call("a.chat", lambda doc: list(doc.messages(thread_id)))) == 2


def test_an_event_is_told_once_the_disk_has_it(serving: Serving, disk: Disk) -> None:
    """Its number is its place in the log: one that a power failure took would be given to another event."""
    serving.call("a.chat", lambda doc: doc.create_thread(sender_id="alice", content="t"))
    [room] = serving.do(lambda: [room for _, room in serving.rooms.open_rooms()])
    disk.may_go_on.clear()
    asyncio.run_coroutine_threadsafe(
        room.call(lambda doc: doc.create_thread(sender_id="alice", content="u")), serving.loop
    )
    assert until(lambda: len(room._doc.view.headers) == 2)
    asked = asyncio.run_coroutine_threadsafe(room.call(lambda doc: doc.log.last_sequence()), serving.loop)
    with pytest.raises(TimeoutError):
        asked.result(0.3)
    disk.may_go_on.set()
    assert asked.result(SECONDS_MAX) >= 2


def test_a_stop_waits_for_the_disk(tmp_path: Path, disk: Disk) -> None:
    """What was answered by then is answered, and all of it is in the file."""
    with Serving(tmp_path, limits=Limits()) as serving:
        serving.call("a.chat", lambda doc: doc.create_thread(sender_id="alice", content="t"))
        [room] = serving.do(lambda: [room for _, room in serving.rooms.open_rooms()])
        disk.may_go_on.clear()
        sent = asyncio.run_coroutine_threadsafe(
            room.call(lambda doc: doc.create_thread(sender_id="alice", content="u")), serving.loop
        )
        assert until(lambda: len(room._doc.view.headers) == 2)
        stopping = threading.Thread(target=serving.stop)
        stopping.start()
        disk.may_go_on.set()
        stopping.join(SECONDS_MAX)
        assert sent.result(SECONDS_MAX).thread_id
    with open_document(tmp_path / "a.chat") as document:
        assert len(document.view.headers) == 2


def test_a_text_is_written_beside_the_turns(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever writes does not wait while the disk takes the text."""
    serving.call("a.chat", lambda doc: doc.create_thread(sender_id="alice", content="t"))
    [room] = serving.do(lambda: [room for _, room in serving.rooms.open_rooms()])
    begun, may_end = threading.Event(), threading.Event()

    def slow(file: int) -> None:
        begun.set()
        assert may_end.wait(SECONDS_MAX)

    monkeypatch.setattr("os.fsync", slow)
    serving.do(lambda: room.autosave.changed(serving.loop.time() - 1000))
    assert begun.wait(SECONDS_MAX)
    made = serving.call("a.chat", lambda doc: doc.create_thread(sender_id="alice", content="u"))
    assert made.thread_id
    may_end.set()


def test_a_turn_commits_without_waiting_for_the_disk(serving: Serving) -> None:
    """Whoever opens documents for rooms says so; else each turn waits by itself, and all behind it."""
    serving.call("a.chat", lambda doc: doc.create_thread(sender_id="alice", content="t"))
    level = serving.call(
        "a.chat",
        lambda doc: doc.engine.store.database.connection().execute("PRAGMA synchronous").fetchone(),  # type: ignore[attr-defined]
    )
    assert level == (1,), "1 is NORMAL, 2 is FULL"


def test_what_another_server_has_not_forced_is_not_acknowledged_by_this_one(
    serving: Serving, disk: Disk, tmp_path: Path
) -> None:
    """It may be heard of in one turn and be answered with in the next; both rest on the same journal."""
    serving.call("a.chat", lambda doc: doc.create_thread(sender_id="alice", content="t"))
    [room] = serving.do(lambda: [room for _, room in serving.rooms.open_rooms()])
    with Serving(tmp_path) as other:
        other.call("a.chat", lambda doc: doc.create_thread(sender_id="bob", content="u"))
        [hears] = other.do(lambda: [room for _, room in other.rooms.open_rooms()])
        disk.may_go_on.clear()
        before = hears._doc.engine.sequence
        asyncio.run_coroutine_threadsafe(
            room.call(lambda doc: doc.create_thread(sender_id="alice", content="v")), serving.loop
        )
        assert until(lambda: hears._doc.engine.sequence > before)
        asked = asyncio.run_coroutine_threadsafe(
            hears.look_up(lambda doc: doc.log.last_sequence()), other.loop
        )
        with pytest.raises(TimeoutError):
            asked.result(0.3)
        disk.may_go_on.set()
        assert asked.result(SECONDS_MAX) >= 3
