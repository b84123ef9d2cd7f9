"""Retry: a document that can only be read while its disk is full is opened again as soon as it can be written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import Executor

from chatdoc.apps.server.room import Room
from chatdoc.apps.server.served import Served
from chatdoc.model.errors import DiskFull, DocumentClosed

SPACE_S = 2.0
"""So often it is tried; free space is not asked for, since a quota or a reserve may leave none of it."""


async def wait_for_space(
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
            room.fail(DocumentClosed("the disk has room again", hint="Come back in a moment"), [])
            ended(name, room)

    async with asyncio.TaskGroup() as attempts:
        while True:
            await asyncio.sleep(SPACE_S)
            for name, room in list(rooms()):
                if isinstance(room.why_read_only, DiskFull) and not room.is_over and room not in tried:
                    tried.add(room)
                    attempts.create_task(attempt(name, room))
