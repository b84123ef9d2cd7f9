"""Server-sent events: the log and the integrity report followed live, without a thread, resumable by Last-Event-ID."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import msgspec

from chatdoc.apps.server.document_access import last_sequence, page_of_events
from chatdoc.document import Document
from chatdoc.model.errors import ChatdocError, LogCompacted
from chatdoc.model.events.envelope import envelope
from invariants.report import IntegrityReport

if TYPE_CHECKING:
    from chatdoc.apps.server.rooms import Rooms

PAGE = 200
BEAT_S = 15.0
"""A comment goes out so often, so that a connection that is gone is noticed on both sides."""
BEAT = b": beat\n\n"


def page_as_json(doc: Document, after: int, limit: int) -> bytes:
    """A page of the log as JSON: its events, and the sequence to go on from."""
    page = page_of_events(doc, after, limit)
    last = page[-1].sequence if page else after
    events = [msgspec.Raw(envelope(event)) for event in page]
    return msgspec.json.encode({"events": events, "after": last, "complete": len(page) < limit})


async def follow_events(rooms: Rooms, name: str, after: int | None) -> AsyncIterator[bytes]:
    """Every event beyond a sequence, or from now on without one; ends when the server stops."""
    try:
        async with rooms.use(name) as room:
            if after is None:
                after = await room.call(last_sequence)
            yield b"retry: 1000\n\n"
            while not room.is_over:
                waiting = asyncio.ensure_future(room.changed())
                try:
                    start = after
                    page = await room.call(lambda doc, start=start: page_of_events(doc, start, PAGE))  # type: ignore[misc]
                    if page:
                        after = page[-1].sequence
                        yield b"".join(
                            b"id: %d\nevent: event\ndata: %b\n\n" % (event.sequence, envelope(event))
                            for event in page
                        )
                    else:
                        done, _ = await asyncio.wait({waiting}, timeout=BEAT_S)
                        if not done:
                            yield BEAT
                finally:
                    waiting.cancel()
    except LogCompacted as error:
        gap = msgspec.json.encode({"through_sequence": error.through_sequence})
        yield b"id: %d\nevent: compacted\ndata: %b\n\n" % (error.through_sequence, gap)
    except ChatdocError:
        return  # The client comes back, and is told then what is the matter.


async def follow_integrity(rooms: Rooms, name: str) -> AsyncIterator[bytes]:
    """The integrity report now, and each time it changes."""
    last = b""
    try:
        async with rooms.use(name) as room:
            room.watchers += 1
            try:
                while not room.is_over:
                    waiting = asyncio.ensure_future(room.changed())
                    try:
                        report = await room.call(_report)
                        room.report = report
                        text = report.to_json()
                        if text != last:
                            last = text
                            yield b"event: integrity\ndata: %b\n\n" % text
                        else:
                            done, _ = await asyncio.wait({waiting}, timeout=BEAT_S)
                            if not done:
                                yield BEAT
                    finally:
                        waiting.cancel()
            finally:
                room.watchers -= 1
    except ChatdocError:
        return


def _report(doc: Document) -> IntegrityReport:
    return doc.check(full=False)
