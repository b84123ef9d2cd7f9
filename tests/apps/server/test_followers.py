"""Whoever follows a document costs nothing while nothing happens, and hears now and then that the connection lives."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatdoc.apps.server import event_stream
from chatdoc.document import Document
from chatdoc.in_memory import memory_document
from chatdoc.open import open_document
from chatdoc.testing.clocks import ManualClock
from tests.apps.server.serving import SECONDS_MAX, Serving

STREAM = {"Accept": "text/event-stream"}


def beats(lines: Iterator[str], count: int) -> list[str]:
    """What comes until so many beats have come."""
    found: list[str] = []
    for line in lines:
        if line:
            found.append(line)
        if found.count(": beat") == count:
            return found
    raise AssertionError("the stream ended")


@pytest.mark.parametrize("what", ["events", "integrity"])
def test_a_follower_is_looked_for_after_changes_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Between two beats the document is asked a few times, not without end; its own asking wakes no follower."""
    monkeypatch.setattr(event_stream, "BEAT_S", 1.0)
    asked: list[str] = []

    def opener(path: Path, *, create: bool) -> Document:
        document = open_document(path, create=create)
        take, check = document.replay, document.check
        monkeypatch.setattr(document, "replay", lambda **given: asked.append("events") or take(**given))
        monkeypatch.setattr(document, "check", lambda **given: asked.append("integrity") or check(**given))
        return document

    with Serving(tmp_path, opener=opener) as serving:
        serving.command("a.chat", type="create_thread", sender_id="ada", content="x")
        path = f"/api/documents/a.chat/{what}"
        with (
            serving.http.stream("GET", path, headers=STREAM) as response,
            serving.http.stream("GET", path, headers=STREAM) as other,
        ):
            lines, others = response.iter_lines(), other.iter_lines()
            beats(lines, 1)
            beats(others, 1)
            asked.clear()
            beats(lines, 2)
            assert len(asked) < 30, "so often do both look in two seconds, as others may have written"
            serving.command("a.chat", type="create_thread", sender_id="ada", content="news")
            if what == "events":
                for both in (lines, others):
                    assert next(line for line in both if "news" in line)


def _broadcasts(serving: Serving) -> float:
    """How many updates were sent to every client of a document until now."""
    [line] = [
        one
        for one in serving.http.get("/metrics").text.splitlines()
        if one.startswith("chatdoc_server_broadcasts_total ")
    ]
    return float(line.split()[1])


def test_who_only_looks_wakes_no_follower(tmp_path: Path) -> None:
    """Every route that reads lets those wait who wait for a change; a command, and a check of everything, do not."""

    def opener(path: Path, *, create: bool) -> Document:
        return memory_document(clock=ManualClock(), random=os.urandom)

    with Serving(tmp_path, opener=opener) as serving:
        path = "/api/documents/a.chat"
        begun = serving.command("a.chat", type="create_thread", sender_id="ada", content="x")
        [(_, room)] = serving.do(lambda: list(serving.rooms.open_rooms()))

        def wait() -> asyncio.Future[None]:
            waiting: asyncio.Future[None] = serving.do(lambda: asyncio.ensure_future(room.changed()))
            return waiting

        waiting = wait()
        sent = _broadcasts(serving)
        for asked in (
            f"{path}/threads",
            f"{path}/messages?thread={begun['record']['thread_id']}",
            f"{path}/events",
            f"{path}/integrity",
            "/metrics",
            "/debug",
            "/debug/a.chat",
        ):
            assert serving.http.get(asked).status_code == 200, asked
            assert not serving.do(waiting.done), asked
        assert _broadcasts(serving) == sent, "an empty update went to all clients"
        serving.command("a.chat", type="create_thread", sender_id="ada", content="news")
        assert _broadcasts(serving) == sent + 1
        assert serving.do(waiting.done)
        waiting = wait()
        assert serving.http.get(f"{path}/integrity?full=1").status_code == 200
        assert serving.do(waiting.done)


def test_news_of_others_wake_followers_while_readers_wait(tmp_path: Path) -> None:
    """Others may have written to the log alone: a question that is in front of it hides that from nobody."""
    begun, goes_on = threading.Event(), threading.Event()

    def opener(path: Path, *, create: bool) -> Document:
        return memory_document(clock=ManualClock(), random=os.urandom)

    def wait(_: Document) -> bool:
        begun.set()
        return goes_on.wait(SECONDS_MAX)

    with Serving(tmp_path, opener=opener) as serving:
        serving.command("a.chat", type="create_thread", sender_id="ada", content="x")
        [(_, room)] = serving.do(lambda: list(serving.rooms.open_rooms()))
        slow = asyncio.run_coroutine_threadsafe(room.look_up(wait), serving.loop)
        assert begun.wait(SECONDS_MAX)
        waiting = serving.do(lambda: asyncio.ensure_future(room.changed()))
        asked = asyncio.run_coroutine_threadsafe(room.look_up(lambda doc: doc.threads()), serving.loop)
        serving.do(room.look)
        goes_on.set()
        assert slow.result(SECONDS_MAX)
        assert asked.result(SECONDS_MAX)
        assert serving.http.get("/api/documents/a.chat/threads").status_code == 200
        assert serving.do(waiting.done)
