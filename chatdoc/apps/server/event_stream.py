"""Server-sent events: the log and the integrity report followed live, without a thread, resumable by Last-Event-ID."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

import msgspec

from chatdoc.apps.server.document_access import last_sequence, page_of_events, require_log
from chatdoc.apps.server.unwritten import report_as_json, why_unwritten
from chatdoc.document import Document
from chatdoc.model.errors import ChatdocError, CommandRefused, LogCompacted
from chatdoc.model.events.envelope import envelope

if TYPE_CHECKING:
    from chatdoc.apps.server.room import Room
    from chatdoc.apps.server.rooms import Rooms

EVENTS_MAX = 200
BEAT_S = 15.0
"""A comment goes out so often, so that a connection that is gone is noticed on both sides."""
BEAT = b": beat\n\n"


def page_as_json(doc: Document, after: int, limit: int, bytes_max: int) -> bytes:
    """A page of the log as JSON: its events, and the sequence to go on from; CommandRefused for one beyond its end."""
    page, is_more = _page(doc, after, limit, bytes_max)
    if not page and after > (last := last_sequence(doc)):
        raise CommandRefused(
            f"expected a sequence up to {last}, which is the last of this log, came {after}: it is another log",
            hint="Begin again with after=0",
        )
    last = page[-1][0] if page else after
    events = [msgspec.Raw(text) for _, text in page]
    return msgspec.json.encode({"events": events, "after": last, "complete": not is_more})


async def follow_events(rooms: Rooms, name: str, after: int | None) -> AsyncGenerator[bytes, None]:
    """Every event beyond a sequence, or from now on without one; ends when the server stops."""
    try:
        async with rooms.use(name, create=False) as room:
            last = await room.look_up(_last)
            at = last if after is None else after
            yield b"retry: 1000\n\n"
            if at > last:  # Another log, one that was given back from a backup say: all of it is news.
                gap = msgspec.json.encode({"after": at, "last_sequence": last})
                at = 0
                yield b"id: 0\nevent: restarted\ndata: %b\n\n" % gap

            async def look() -> bytes:
                nonlocal at
                most = rooms.limits.page_bytes_max
                page, _ = await room.look_up(lambda doc: _page(doc, at, EVENTS_MAX, most))
                if page:
                    at = page[-1][0]
                return b"".join(b"id: %d\nevent: event\ndata: %b\n\n" % one for one in page)

            async with aclosing(_parts(room, look)) as parts:
                async for part in parts:
                    yield part
    except LogCompacted as error:
        gap = msgspec.json.encode({"through_sequence": error.through_sequence})
        yield b"id: %d\nevent: compacted\ndata: %b\n\n" % (error.through_sequence, gap)
    except ChatdocError:
        return  # The client comes back, and is told then what is the matter.


async def follow_integrity(rooms: Rooms, name: str) -> AsyncGenerator[bytes, None]:
    """The integrity report now, and each time it changes."""
    last = b""
    try:
        async with rooms.use(name, create=False) as room:

            async def look() -> bytes:
                nonlocal last
                failure = room.autosave.failure
                report, unwritten = await room.look_up(
                    lambda doc: (doc.check(full=False), why_unwritten(doc, name, rooms.folder, failure))
                )
                room.report.latest = report
                text, before = report_as_json(report, unwritten), last
                last = text
                return b"event: integrity\ndata: %b\n\n" % text if text != before else b""

            async with aclosing(_parts(room, look)) as parts:
                async for part in parts:
                    yield part
    except ChatdocError:
        return


async def _parts(room: Room, look: Callable[[], Awaitable[bytes]]) -> AsyncGenerator[bytes, None]:
    """What is there to send, looked for after each change; a beat where nothing was sent for long."""
    time = asyncio.get_running_loop().time
    beat_at = time() + BEAT_S
    while not room.is_over:
        changed = asyncio.ensure_future(room.changed())
        try:
            part = await look()
            if not part:
                await asyncio.wait({changed}, timeout=beat_at - time())
                if time() < beat_at:
                    continue
                part = BEAT
            beat_at = time() + BEAT_S
            yield part
        finally:
            changed.cancel()


def _page(doc: Document, after: int, limit: int, bytes_max: int) -> tuple[list[tuple[int, bytes]], bool]:
    """The next events as JSON, each with its sequence, at least one if there is any; whether there may be more."""
    require_log(doc)
    page: list[tuple[int, bytes]] = []
    left = bytes_max
    for event in page_of_events(doc, after, limit):
        text = envelope(event)
        left -= len(text)
        if page and left < 0:
            return page, True
        page.append((event.sequence, text))
    return page, len(page) == limit


def _last(doc: Document) -> int:
    require_log(doc)
    return last_sequence(doc)
