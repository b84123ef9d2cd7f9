"""Retry: a document whose disk is full, or that may not be written, is opened again as soon as it can be written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import Executor

from chatdoc.apps.server.room import Room
from chatdoc.apps.server.served import Served
from chatdoc.model.errors import DiskFull, DocumentClosed, ReadOnlyTarget

RETRY_S = 2.0
"""So often it is tried; neither space nor permission is asked for: a quota, a reserve or a mount decides too."""


async def wait_until_writable(
    rooms: Callable[[], Iterable[tuple[str, Room]]],
    served: Served,
    executor: Executor,
    ended: Callable[[str, Room], None],
) -> None:
    """End the rooms of such documents once they can be written, so that all come back to new ones; runs on and on."""
    loop = asyncio.get_running_loop()
    tried: set[Room] = set()

    async def attempt(name: str, room: Room) -> None:
        try:
            can_be_written = await loop.run_in_executor(executor, served.can_be_written, room.path)
        finally:
            tried.discard(room)
        if can_be_written and not room.is_over:
            room.fail(DocumentClosed("the document can be written again", hint="Come back in a moment"), [])
            ended(name, room)

    async with asyncio.TaskGroup() as attempts:
        while True:
            await asyncio.sleep(RETRY_S)
            for name, room in list(rooms()):
                if (
                    isinstance(room.why_read_only, DiskFull | ReadOnlyTarget)
                    and not room.is_over
                    and room not in tried
                ):
                    tried.add(room)
                    attempts.create_task(attempt(name, room))
