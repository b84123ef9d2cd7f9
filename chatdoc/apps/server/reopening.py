"""Retry: a document whose disk is full, or that may not be written, is opened again as soon as it can be written.

So is any that is open to be read only when others have changed its file: it hears nothing of what they do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import Executor

from chatdoc.apps.server.room import Room
from chatdoc.apps.server.served import Served
from chatdoc.model.errors import ChatdocError, DocumentClosed

RETRY_S = 2.0
"""So often it is tried; free space is not asked for, since a quota or a reserve may leave none of it."""


async def wait_until_writable(
    rooms: Callable[[], Iterable[tuple[str, Room]]],
    served: Served,
    executor: Executor,
    ended: Callable[[str, Room], None],
) -> None:
    """End the rooms of such documents once that is so, and all come back to new ones; runs on and on."""
    loop = asyncio.get_running_loop()
    tried: set[Room] = set()

    async def attempt(name: str, room: Room, reason: ChatdocError) -> None:
        try:
            is_outdated = await loop.run_in_executor(executor, served.is_outdated, room.path, reason)
        finally:
            tried.discard(room)
        if is_outdated and not room.is_over:
            changed = "the document was changed, or can be written again"
            room.end(DocumentClosed(changed, hint="Come back in a moment"))
            ended(name, room)

    async with asyncio.TaskGroup() as attempts:
        while True:
            await asyncio.sleep(RETRY_S)
            for name, room in list(rooms()):
                if room.why_read_only is not None and not room.is_over and room not in tried:
                    tried.add(room)
                    attempts.create_task(attempt(name, room, room.why_read_only))
